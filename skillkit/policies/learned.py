"""A trained network as a policy: what ``skillkit export`` writes into a skill's folder, run without torch.

``policy.json`` says what the network sees and puts out, ``weights.safetensors`` holds its numbers. With ``"backend": "onnx"`` the network is run by ONNX
Runtime from ``policy.onnx`` or ``policy-int8.onnx`` instead.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skillkit.exceptions import InvalidValue, MissingLibrary, SkillkitError
from skillkit.option import Situation
from skillkit.policies.outputs import output_of
from skillkit.policies.tensors import Numbers, read_tensors
from skillkit.policies.view import View
from skillkit.pose import Array
from skillkit.protocols import Snapshot
from skillkit.spaces import CartesianDelta, Directive, Ending

DESCRIPTION, WEIGHTS = "policy.json", "weights.safetensors"
FAR = 5.0  # standard deviations beyond which a feature says no more; as in training

Function = Callable[[Array], NDArray[np.float32]]


class Network:
    """The folded network: features, layers of each member with ReLU between them; what their numbers mean says the output."""

    def __init__(self, numbers: Numbers, scales: tuple[float, ...], first: int) -> None:
        self.matrix, self.mean = numbers["matrix"], numbers["mean"]
        self.output = output_of(numbers)
        self.inverse = np.float32(1.0) / numbers["deviation"]
        self.scales, self.first = np.array(scales, dtype=np.float32), first
        counts: dict[str, int] = {}
        for name in numbers:
            if name.startswith("members.") and name.endswith(".weight"):
                counts[name.split(".")[1]] = counts.get(name.split(".")[1], 0) + 1
        self.members = [
            [(numbers[f"members.{one}.{place}.weight"], numbers[f"members.{one}.{place}.bias"]) for place in range(count)]
            for one, count in sorted(counts.items(), key=lambda item: int(item[0]))
        ]

    def __call__(self, observation: Array) -> NDArray[np.float32]:
        """(raw,) → (actions,)."""
        found = observation.astype(np.float32) @ self.matrix
        parts = [((found - self.mean) * self.inverse).clip(-FAR, FAR)]
        if len(self.scales):
            parts.append(np.tanh(found[self.first :] / self.scales[:, None]).ravel())
        x = np.concatenate(parts)
        return self.output([_through(layers, x) for layers in self.members], observation)


def _through(layers: list[tuple[NDArray[np.float32], NDArray[np.float32]]], x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The last layer's numbers."""
    for weight, bias in layers[:-1]:
        x = np.maximum(x @ weight + bias, np.float32(0.0))
    last: NDArray[np.float32] = x @ layers[-1][0] + layers[-1][1]
    return last


class Loaded:
    """A folder's policy, ready to be asked.

    Raises:
        SkillkitError: the folder is not whole, or its weights are not those it was exported with.
    """

    def __init__(self, folder: Path) -> None:
        try:
            said: Mapping[str, Any] = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
            self.objects, self.numbers = said["view"]["objects"], said["view"]["numbers"]
            self.limit = np.array(said["limit"], dtype=np.float64)
            scales, first, backend = tuple(said["scales"]), int(said["first_difference"]), said.get("backend", "numpy")
        except (OSError, ValueError, KeyError) as error:
            raise SkillkitError(f"{folder / DESCRIPTION} does not describe a learned policy: {error}") from None
        self.grips = len(self.limit) > 6
        self.network: Function
        if backend == "numpy":
            self.network = Network(read_tensors(folder / WEIGHTS, said["sha256"]), scales, first)
        elif backend == "onnx":
            self.network = onnx_function(folder / said["onnx"], said["onnx_sha256"])
        else:
            raise InvalidValue(f"backend in {folder / DESCRIPTION}", backend, "numpy, onnx")
        self.weights = str(said["sha256" if backend == "numpy" else "onnx_sha256"])

    def act(self, seen: Array) -> Array:
        """(a,) the action, no larger than the demonstrations' largest ones."""
        return self.network(seen).astype(np.float64).clip(-self.limit, self.limit)


def onnx_function(path: Path, sha256: str) -> Function:
    """A network in ONNX, on one thread.

    Raises:
        MissingLibrary: onnxruntime is not installed. SkillkitError: the file is not what ``sha256`` says.
    """
    try:
        import onnxruntime
    except ImportError:
        raise MissingLibrary("onnxruntime", "onnx") from None
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise SkillkitError(f"{path} is not the file that {DESCRIPTION} was written for: its sha256 differs")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (given,), (put,) = session.get_inputs(), session.get_outputs()
    seen, done = np.zeros(given.shape, dtype=np.float32), np.zeros(put.shape, dtype=np.float32)
    bound, one_at_a_time = session.io_binding(), Lock()  # buffers of its own: at batch 1 handing arrays over costs a quarter of the call
    bound.bind_input(given.name, "cpu", 0, np.float32, seen.shape, seen.ctypes.data)
    bound.bind_output(put.name, "cpu", 0, np.float32, done.shape, done.ctypes.data)

    def run(observation: Array) -> NDArray[np.float32]:
        with one_at_a_time:
            seen[0] = observation
            session.run_with_iobinding(bound)
            return done[0].copy()

    return run


def loaded(folder: Path) -> Loaded:
    """The folder's policy; read again only when one of its files has changed."""
    return _loaded(folder, tuple(sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in folder.glob("*.*"))))


@cache
def _loaded(folder: Path, state: tuple[tuple[str, int, int], ...]) -> Loaded:
    return Loaded(folder)


class Learned:
    """Base of an exported skill's policy; ``FOLDER`` is the skill's folder. Satisfies :class:`skillkit.protocols.Policy`."""

    FOLDER: ClassVar[Path]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        loaded(cls.FOLDER)  # a folder that is not whole is found out when the skill is loaded, not when it runs

    def __init__(self) -> None:
        self.made = loaded(self.FOLDER)
        self.weights = self.made.weights
        self.view = View(self.made.objects, self.made.numbers)

    def start(self, situation: Situation) -> None:
        """Remember where the run begins."""
        self.view.start(situation)

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        """One policy step."""
        action = self.made.act(self.view(situation))
        x, y, z = self.view.to_world(situation, action[:3]).tolist()
        rx, ry, rz = self.view.to_world(situation, action[3:6]).tolist()
        closure = min(1.0, max(0.0, float(action[6]))) if self.made.grips else None
        return {"arm": CartesianDelta((x, y, z), (rx, ry, rz), "world", closure)}

    def snapshot(self) -> Snapshot:
        """Where the run began; the network keeps nothing."""
        return self.view.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of :meth:`snapshot`."""
        self.view.restore(snapshot)
