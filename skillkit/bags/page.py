"""A run as one HTML page that asks no server for anything: skills over time, speeds, outcomes, what it was made with."""

from __future__ import annotations

import base64
from html import escape
from math import ceil

from skillkit.bags.report import Curve, Summary
from skillkit.bags.timeline import time_span

COLOURS = {
    "SUCCEEDED": "#2e9e6b", "FAILED": "#d9534f", "TIMED_OUT": "#e08e2b", "PREEMPTED": "#8a8f98", "REFUSED": "#b08bd9", "UNSAFE": "#c2185b", "ERROR": "#7b1fa2",
}  # fmt: skip
UNFINISHED = "#5b8def"

STYLE = """
:root{color-scheme:light dark;--ink:#1d2330;--soft:#667085;--line:#e3e7ee;--card:#fff;--page:#f4f6fa;--speed:#3b6fd4;--grip:#d97706}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9f0;--soft:#98a2b3;--line:#2c3445;--card:#171c27;--page:#0e121a;--speed:#7da6ff;--grip:#f5b35c}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px 48px}h1{font-size:26px;margin:0;letter-spacing:-.01em}h2{font-size:15px;margin:0 0 12px}
.sub{color:var(--soft);margin:4px 0 20px}
.badge{display:inline-block;color:#fff;border-radius:999px;padding:2px 12px;font-size:13px;font-weight:600;vertical-align:4px;margin-left:10px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin-bottom:16px}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:12px}.tile{padding:12px 16px}
.tile b{display:block;font-size:22px;font-variant-numeric:tabular-nums}.tile span{color:var(--soft);font-size:13px}
.card{padding:18px 20px;margin-bottom:16px;overflow-x:auto}img{display:block;max-width:100%;border-radius:8px;margin:0 auto}
table{border-collapse:collapse;width:100%;font-size:14px}th{color:var(--soft);font-weight:500;text-align:left}
td,th{padding:6px 10px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.note{border-left:4px solid #e08e2b;padding-left:12px}svg text{fill:var(--ink);font-size:12px}svg .soft{fill:var(--soft)}
""".strip()

LEFT, RIGHT, ROW, CHART = 210, 20, 28, 120  # [px]
DRAWN = 1000


def timeline_html(summary: Summary, picture_png: bytes | None = None) -> str:
    """One HTML page that asks no server for anything.

    Args:
        picture_png: a picture of the final scene.
    """
    title = " ".join(part for part in (summary.task.replace("_", " ") or "run", f"on {summary.robot}" if summary.robot else "") if part)
    colour = COLOURS.get(summary.outcome, UNFINISHED)
    picture = (
        f'<div class="card"><h2>Final scene</h2><img alt="the final scene" src="data:image/png;base64,{_base64(picture_png)}"></div>' if picture_png else ""
    )
    note = f'<div class="card note">{escape(summary.note)}</div>' if summary.note else ""
    reason = f" · {escape(summary.reason)}" if summary.reason else ""
    seed = f" · seed {escape(summary.seed)}" if summary.seed else ""
    badge = f"<span class='badge' style='background:{colour}'>{escape(summary.outcome or 'not ended')}</span>"
    curves = "".join(_chart(curve, summary) for curve in summary.curves)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main><h1>{escape(title)}{badge}</h1>"
        f"<p class='sub'>{escape(summary.path)}{seed}{reason}</p>{note}{_tiles(summary)}"
        f"<div class='card'><h2>Skills over time</h2>{_gantt(summary)}</div>{picture}{curves}"
        f"{_table(summary)}{_made_with(summary)}</main></body></html>\n"
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _tiles(summary: Summary) -> str:
    tiles = [
        (f"{summary.duration:.1f} s", "task time"), (str(summary.decisions), "high-level decisions"), (str(summary.policy_steps), "policy steps"),
        (str(summary.steps), "control steps"), (str(summary.limited), "changed by the gate"),
    ]  # fmt: skip
    inside = "".join(f"<div class='tile'><b>{value}</b><span>{what}</span></div>" for value, what in tiles)
    return f"<div class='tiles'>{inside}</div>"


def _x(time: float, summary: Summary) -> float:
    first, length = time_span(summary)
    return LEFT + (time - first) / length * (DRAWN - LEFT - RIGHT)


def _axis(summary: Summary, top: float, bottom: float) -> str:
    first, length = time_span(summary)
    step = next((size for size in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if length / size <= 10), length / 10)
    parts = []
    for i in range(ceil(first / step - 1e-6), int((first + length) / step + 1e-6) + 1):
        x = _x(i * step, summary)
        parts.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}" stroke="var(--line)"/>')
        parts.append(f'<text class="soft" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{i * step:g} s</text>')
    return "".join(parts)


def _gantt(summary: Summary) -> str:
    bottom = ROW * len(summary.runs) + 4
    rows = []
    for i, run in enumerate(summary.runs):
        y, x = i * ROW + 4, _x(run.start, summary)
        width = max(2.0, _x(run.start + run.duration, summary) - x)
        colour, opacity = COLOURS.get(run.outcome, UNFINISHED), 1.0 if run.leaf else 0.35
        tip = escape(f"{run.path}: {run.skill}({run.parameters}) {run.outcome or 'RUNNING'} {run.reason} {run.start:.2f}–{run.start + run.duration:.2f} s")
        rows.append(
            f'<g><title>{tip}</title><text x="{6 + 14 * run.depth}" y="{y + 15}">{escape(run.label[:28])}</text>'
            f'<rect x="{x:.1f}" y="{y + 2}" width="{width:.1f}" height="{ROW - 10}" rx="4" fill="{colour}" opacity="{opacity}"/></g>'
        )
    return f'<svg viewBox="0 0 {DRAWN} {bottom + 24}" width="100%" role="img" aria-label="skills over time">{_axis(summary, 0, bottom)}{"".join(rows)}</svg>'


def _chart(curve: Curve, summary: Summary) -> str:
    highest = max(max(curve.speed, default=0.0), 1e-6)
    speed = _line(curve.times, [value / highest for value in curve.speed], summary, "var(--speed)")
    closure = _line(curve.times, list(curve.closure), summary, "var(--grip)")
    return (
        f"<div class='card'><h2>{escape(curve.arm)}</h2><svg viewBox='0 0 {DRAWN} {CHART + 24}' width='100%' role='img' aria-label='speed and closure'>"
        f"{_axis(summary, 0, CHART)}{speed}{closure}<text x='6' y='20' style='fill:var(--speed)'>largest joint speed</text>"
        f"<text class='soft' x='6' y='36'>peak {highest:.2f} rad/s</text><text x='6' y='60' style='fill:var(--grip)'>gripper closure</text></svg></div>"
    )


def _line(times: tuple[float, ...], heights: list[float], summary: Summary, colour: str) -> str:
    points = " ".join(
        f"{_x(time, summary):.1f},{CHART - 4 - min(1.0, max(0.0, height)) * (CHART - 12):.1f}" for time, height in zip(times, heights, strict=True)
    )
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>'


def _table(summary: Summary) -> str:
    rows = "".join(
        f"<tr><td style='padding-left:{16 * run.depth}px'>{escape(run.label)}</td><td>{escape(run.skill)}</td><td>{escape(run.parameters)}</td>"
        f"<td class='n'>{run.start:.2f}</td><td class='n'>{run.duration:.2f}</td><td class='n'>{run.steps}</td>"
        f"<td style='color:{COLOURS.get(run.outcome, UNFINISHED)}'>{escape(run.outcome or 'RUNNING')}</td><td>{escape(run.reason)}</td></tr>"
        for run in summary.runs
    )
    heads = (
        "<th>run</th><th>skill</th><th>with</th><th class='n'>start [s]</th><th class='n'>took [s]</th><th class='n'>steps</th><th>outcome</th><th>reason</th>"
    )
    return f"<div class='card'><h2>Runs</h2><table><tr>{heads}</tr>{rows}</table></div>"


def _made_with(summary: Summary) -> str:
    words = " · ".join(f"{escape(name)} {escape(version)}" for name, version in summary.versions.items())
    files = ", ".join(escape(name) for name in summary.attachments)
    return (
        f"<div class='card'><h2>Made with</h2><p class='sub' style='margin:0'>{words}<br>In the bag: {files or 'no files'}</p></div>" if words or files else ""
    )
