"""A run as one HTML page without any request: how the losses fell, task by task, and what the networks say of themselves."""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skillkit.exceptions import MissingLibrary
from skillkit.learn.model import describe
from skillkit.learn.schedules import RateSearch
from skillkit.learn.training import LOG

WIDTH, HEIGHT, EDGE = 760, 260, 44
STYLE = "body{font:15px system-ui;margin:2em;max-width:60em}td,th{padding:.15em .8em;text-align:right}td:first-child,th:first-child{text-align:left}"


def write_report(run: Path, tensorboard: bool = False) -> Path:
    """Write ``report.html`` (and event files, where asked for); its path.

    Raises:
        MissingLibrary: TensorBoard is wanted and not installed.
    """
    said = describe(run)
    lines = [json.loads(line) for line in (run / LOG).read_text(encoding="utf-8").splitlines()]
    if tensorboard:
        _write_events(run, lines, [task["name"] for task in said["tasks"]])
    title = f"{run.name}: {len(said['tasks'])} tasks, network {said['config']['network']}"
    losses = curve([(line["step"], line["loss"]) for line in lines], "loss", ("", f"step {lines[-1]['step']}"))
    parts = [f"<h1>{html.escape(title)}</h1>", losses, _tasks(said, lines[-1])]
    inside = {name: value for name, value in lines[-1].items() if name not in ("step", "loss", "rate", "losses")}
    parts += [f"<p>{html.escape(name)}: {[round(share, 3) for share in value]}</p>" for name, value in inside.items()]
    if (run / "conflict.png").exists():
        picture = base64.b64encode((run / "conflict.png").read_bytes()).decode()
        parts.append(f'<h2>Conflict between gradients</h2><img alt="cosines" src="data:image/png;base64,{picture}">')
    parts.append(f"<h2>Configuration</h2><pre>{html.escape(json.dumps(said['config'], indent=1))}</pre>")
    return _page(run / "report.html", title, "".join(parts))


def write_rates(run: Path, search: RateSearch) -> Path:
    """Write ``rates.html``: the loss over the learning rate, and the one that is suggested; its path."""
    run.mkdir(parents=True, exist_ok=True)
    low, high = search.rates[0], search.rates[-1]
    points = [(math.log(rate / low), loss) for rate, loss in zip(search.rates, search.losses, strict=True)]
    title = f"{run.name}: loss while the learning rate grows; suggested {search.suggested:.2g}"
    drawn = curve(points, "smoothed loss", (f"{low:.2g}", f"rate {high:.2g}"), math.log(search.suggested / low))
    return _page(run / "rates.html", title, f"<h1>{html.escape(title)}</h1>{drawn}")


def _page(path: Path, title: str, body: str) -> Path:
    path.write_text(f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>{body}", encoding="utf-8")
    return path


def curve(points: Sequence[tuple[float, float]], name: str, ends: tuple[str, str] = ("", ""), mark: float | None = None) -> str:
    """A line as SVG over x from 0, with its axes' ends written out, and a place on the x axis marked."""
    last, top = max(1e-9, points[-1][0]), max(1e-9, max(value for _, value in points))
    path = " ".join(f"{EDGE + x / last * (WIDTH - 2 * EDGE):.1f},{HEIGHT - EDGE - y / top * (HEIGHT - 2 * EDGE):.1f}" for x, y in points)
    axes = f"M{EDGE},{EDGE}V{HEIGHT - EDGE}H{WIDTH - EDGE}"
    if mark is not None:
        axes += f"M{EDGE + mark / last * (WIDTH - 2 * EDGE):.1f},{EDGE}V{HEIGHT - EDGE}"
    places = ((4, EDGE, f"{top:.3g}"), (EDGE, HEIGHT - 12, ends[0]), (WIDTH - 2 * EDGE, HEIGHT - 12, ends[1]), (WIDTH // 2, 24, name))
    words = "".join(f'<text x="{x}" y="{y}">{text}</text>' for x, y, text in places)
    lines = f'<path d="{axes}" fill="none" stroke="#999"/><polyline points="{path}" fill="none" stroke="#06c" stroke-width="1.5"/>'
    return f'<svg width="{WIDTH}" height="{HEIGHT}" font-size="13">{lines}{words}</svg>'


def _tasks(said: Mapping[str, Any], last: Mapping[str, Any]) -> str:
    rows = sorted(zip(said["tasks"], last["losses"], strict=True), key=lambda pair: -pair[1])
    cells = "".join(f"<tr><td>{html.escape(task['name'])}<td>{task['demonstrations']}<td>{loss:.4f}" for task, loss in rows)
    return f"<h2>Tasks, the hardest first</h2><table><tr><th>task<th>demonstrations<th>last loss{cells}</table>"


def _write_events(run: Path, lines: Sequence[Mapping[str, Any]], tasks: Sequence[str]) -> None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingLibrary("tensorboard", "tensorboard") from None
    with SummaryWriter(str(run / "tensorboard")) as writer:
        for line in lines:
            writer.add_scalar("loss", line["loss"], line["step"])
            writer.add_scalar("rate", line["rate"], line["step"])
            for task, loss in zip(tasks, line["losses"], strict=True):
                writer.add_scalar(f"task/{task}", loss, line["step"])
