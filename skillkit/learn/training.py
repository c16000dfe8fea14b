"""Training: one loop for every way of sharing, weighting, sampling and combining gradients. The same configuration gives the same weights bit for
bit, also when the process was killed on the way and the training resumed.

Started with torchrun, each process draws its own batches, and gradients are averaged over processes; only the first one writes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.learn.batches import Batch, Demonstrations
from skillkit.learn.checkpoint import Checkpoint, drop_later_lines
from skillkit.learn.config import Config
from skillkit.learn.gradients import ConflictMatrix, TaskGradients, make_aggregator
from skillkit.learn.images import ENCODERS
from skillkit.learn.model import Model
from skillkit.learn.sampling import SAMPLERS, counts
from skillkit.learn.schedules import Schedule
from skillkit.learn.weighting import WEIGHTINGS

LOG, CHECKPOINT = "log.jsonl", "checkpoint.safetensors"
OnStep = Callable[[int, float], None]


class Training:
    """One training on its way.

    Args:
        folder: of the run; where it holds a checkpoint, the training goes on from there.

    Raises:
        UnknownName, InvalidValue: the configuration names something that is not there.
    """

    def __init__(self, config: Config, folder: Path) -> None:
        known = (("weighting", config.weighting, WEIGHTINGS), ("sampling", config.sampling, SAMPLERS), ("encoder", config.encoder, ("none", *ENCODERS)))
        for kind, name, names in known:
            if name not in names:
                raise UnknownName(kind, name, names)
        torch.set_num_threads(config.threads)
        self.config, self.folder, self.step = config, folder, 0
        self.rank, self.processes = _join_processes(config)
        self.data = Demonstrations(config)
        torch.manual_seed(config.seed)
        self.model = Model(config, self.data.space, self.data.tasks)
        self.model.fit(self.data.observations, self.data.actions, self.data.counts.tolist())
        self.model.to(config.device)
        self.random = np.random.default_rng((config.seed, self.rank))
        self._methods()
        self.averaged = {name: value.detach().clone() for name, value in self.model.named_parameters()}
        self.losses = torch.ones(len(self.data.tasks), device=config.device)  # last seen, of each task
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=config.rate, weight_decay=config.decay)
        if (folder / CHECKPOINT).exists():
            self._resume()

    def _methods(self) -> None:
        config, demonstrations = self.config, [task.demonstrations for task in self.data.tasks]
        self.sampler = SAMPLERS[config.sampling](demonstrations, self.data.counts / np.array(demonstrations), **config.sampling_options)
        self.weighting = WEIGHTINGS[config.weighting](demonstrations, **config.weighting_options)
        self.schedule = Schedule(peak=config.rate, steps=config.steps, shape=config.schedule, **config.schedule_options)
        self.plain = config.aggregator == "sum" and not self.weighting.needs_gradients
        self.aggregator = make_aggregator(config.aggregator, **config.aggregator_options)
        self.every_task = not (self.plain and config.weighting == "equal")
        self.gradients = None if self.plain else TaskGradients(self.model, self.model.shared())
        self.conflicts = None if self.plain else ConflictMatrix([task.name for task in self.data.tasks])
        slots = config.slots or len(self.data.tasks)
        if self.every_task and slots < len(self.data.tasks):
            raise InvalidValue("slots", slots, f"at least {len(self.data.tasks)}, one for each task, with this weighting or aggregator")
        self.slots = slots

    # -- the loop ------------------------------------------------------------------------------------------------------------------------

    def run(self, on_step: OnStep | None = None) -> Path:
        """Train to the end; the folder of the run, with the model in it."""
        while self.step < self.config.steps:
            loss = self.one_step(self.schedule.rate(self.step))
            self.step += 1
            last = self.step == self.config.steps
            if self.rank == 0 and (self.step % self.config.log_every == 0 or last):
                self._log(loss)
            if self.rank == 0 and (self.step % self.config.checkpoint_every == 0 or last):
                self._checkpoint()
            if on_step is not None:
                on_step(self.step, loss)
        if self.rank == 0:
            self._finish()
        return self.folder

    def one_step(self, rate: float) -> float:
        """One step of the optimiser at a learning rate; the loss before it."""
        self.model.train()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        learned = 1.0 - self.losses.clamp(0.0, 1.0).cpu().numpy()  # a loss of 1 is about that of never moving
        shares = self.sampler.shares(self.step / self.config.steps, learned)
        slots = counts(shares, self.slots, self.random, at_least=1 if self.every_task else 0)
        batch = _to(self.data.draw(slots, self.config.batch, self.random), self.config.device)
        self.optimiser.zero_grad(set_to_none=True)
        loss = self._plain_gradient(batch, slots) if self.gradients is None else self._task_gradients(self.gradients, batch, slots)
        self._reduce()
        if self.config.clip:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimiser.step()
        if self.weighting.needs_losses_after:
            with torch.no_grad():
                self.weighting.after(self._task_losses(batch, slots))
        self._average()
        return loss

    def _slot_losses(self, batch: Batch) -> Tensor:
        return self.model.losses(batch.observations, batch.actions, batch.task, batch.images)

    def _task_losses(self, batch: Batch, slots: np.ndarray) -> Tensor:
        """(T,) of tasks with at least one slot each."""
        return torch.stack([part.mean() for part in self._slot_losses(batch).split(slots.tolist())])

    def _plain_gradient(self, batch: Batch, slots: np.ndarray) -> float:
        if self.every_task:
            losses = self._task_losses(batch, slots)
            self.losses = losses.detach()
            total = (self.weighting.weights(self.losses, self.step) * losses).mean()
        else:
            found = self._slot_losses(batch)
            self.losses = self.losses.index_copy(0, batch.task, found.detach())
            total = found.mean()
        (total + self.model.penalty()).backward()
        return float(total.detach())

    def _task_gradients(self, per_task: TaskGradients, batch: Batch, slots: np.ndarray) -> float:
        """Each task's gradient from its own slots; the mean of weighted gradients where the aggregator is the plain sum."""
        ends = np.cumsum(slots)

        def losses_of(tasks: Any) -> Tensor:
            first, last = ends[tasks[0]] - slots[tasks[0]], ends[tasks[-1]]
            part = Batch(*(value[first:last] for value in batch))
            found = torch.stack([loss.mean() for loss in self._slot_losses(part).split([int(slots[task]) for task in tasks])])
            return found + self.model.penalty()  # of the same pass; in the mean over tasks it counts once

        losses, gradients = per_task(losses_of, slots.tolist())
        self.losses = losses
        if self.conflicts is not None and self.step % self.config.log_every == 0:
            self.conflicts.update(gradients, self.step)
        if self.weighting.needs_gradients:
            self.weighting.observe(losses, gradients)
        weights = self.weighting.weights(losses, self.step)
        direction = self.aggregator(gradients * weights[:, None])
        per_task.assign(direction / len(slots) if self.aggregator.sums else direction)
        for parameter in per_task.own:
            if parameter.grad is not None:
                parameter.grad /= len(slots)
        return float(losses.mean())

    def _reduce(self) -> None:
        """Gradients averaged over processes."""
        if self.processes == 1:
            return
        for parameter in self.model.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            torch.distributed.all_reduce(parameter.grad)
            parameter.grad /= self.processes

    def _average(self) -> None:
        """w̄ ← a w̄ + (1 − a) w, with a smaller a at first, so that the beginning is forgotten."""
        keep = min(self.config.average, self.step / (self.step + 10.0))
        for name, value in self.model.named_parameters():
            self.averaged[name].lerp_(value.detach(), 1.0 - keep)

    # -- files ---------------------------------------------------------------------------------------------------------------------------

    def _log(self, loss: float) -> None:
        statistics = {name: value for member in self.model.members for name, value in member.statistics().items()}
        line = {"step": self.step, "loss": loss, "rate": self.schedule.rate(self.step - 1), "losses": self.losses.tolist(), **statistics}
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _checkpoint(self) -> None:
        parts = {"model": self.model.state_dict(), "averaged": self.averaged, **_optimiser_state(self.optimiser)}
        parts |= {"weighting": self.weighting.state_dict(), "aggregator": self.aggregator.state_dict(), "losses": {"last": self.losses}}
        if self.conflicts is not None:
            parts["conflicts"] = self.conflicts.state_dict()
        words = {"step": self.step, "config": self.config.as_dict(), "dataset": self.data.digest, "random": self.random.bit_generator.state}
        Checkpoint(parts, words).write(self.folder / CHECKPOINT)

    def _resume(self) -> None:
        found = Checkpoint.read(self.folder / CHECKPOINT)
        for name, value in (("config", self.config.as_dict()), ("dataset", self.data.digest)):
            if found.words[name] != json.loads(json.dumps(value)):
                raise InvalidValue(f"{name} of the run in {self.folder}", "another one than before", "the same, or another folder with -o")
        self.model.load_state_dict(found.parts["model"])
        self.averaged = {name: value.to(self.config.device) for name, value in found.parts["averaged"].items()}
        _restore_optimiser(self.optimiser, found.parts)
        self.weighting.load_state_dict(found.parts.get("weighting", {}))
        self.aggregator.load_state_dict(found.parts.get("aggregator", {}))
        self.losses = found.parts["losses"]["last"].to(self.config.device)
        if self.conflicts is not None:
            self.conflicts.load_state_dict(found.parts["conflicts"])
        self.step = found.words["step"]
        if self.rank == 0:
            self.random.bit_generator.state = found.words["random"]
        else:  # what the first process drew is kept; the others go on with draws of their own
            self.random = np.random.default_rng((self.config.seed, self.rank, self.step))
        drop_later_lines(self.folder / LOG, self.step)

    def _finish(self) -> None:
        """The model as it is kept: with the averaged weights, where there is an average."""
        if self.config.average:
            with torch.no_grad():
                for name, value in self.model.named_parameters():
                    value.copy_(self.averaged[name])
        self.model.eval().save(self.folder, steps=self.step, dataset={"digest": self.data.digest, **self.data.sources})
        if self.conflicts is not None and self.conflicts.steps:
            self.conflicts.save(self.folder)


def _to(batch: Batch, device: str) -> Batch:
    return batch if device == "cpu" else Batch(*(value.to(device) for value in batch))


def _join_processes(config: Config) -> tuple[int, int]:
    """This process's number and how many there are, as torchrun says."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if config.device == "cuda" else "gloo")
    return int(os.environ.get("RANK", "0")), processes


def _optimiser_state(optimiser: torch.optim.Optimizer) -> dict[str, dict[str, Tensor]]:
    state: dict[int, dict[str, Tensor]] = optimiser.state_dict()["state"]
    return {f"optimiser {number}": dict(values) for number, values in state.items()}


def _restore_optimiser(optimiser: torch.optim.Optimizer, parts: dict[str, dict[str, Tensor]]) -> None:
    state = {int(name.split()[1]): values for name, values in parts.items() if name.startswith("optimiser ")}
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
