"""One tick of Cartesian control, compiled: the law of :mod:`skillkit.kinematics.control`, see there for what and why.

``fixed`` holds what does not change, ``state`` all that does, ``out`` the state after the tick, which is never the same array; where
what lies is said by the numbers below. Bits that are returned say what held the arm.
"""

from __future__ import annotations

from math import sqrt

from skillkit.compiled.bounds import WIDTH, bound, inside, slow, stopping
from skillkit.compiled.box import factor, nearest, substitute
from skillkit.compiled.chain import between, locate, turned
from skillkit.compiled.machine_code import entry, inline
from skillkit.pose import Array

BASE, TOOL, POSE, STOP = 0, 1, 2, 3  # what is given: a delta in base or tool axes, a pose, nothing
INPUT, LEAD, LIMITED, TRACKING = 1, 2, 4, 8  # what is returned

# fixed: numbers
(
    LEAD_POSITION,
    LEAD_ROTATION,
    APPROACH,
    BRAKING_SHARE,
    DAMPING,
    DAMPING_PER_ERROR,
    POSTURE_RATE,
    LANDING,
    FLOOR,
    RATE,
    DIVERGED,
    LARGEST,
    RAMP,
    POSITION_FIRST,
    TASK,
    JUMP,
) = range(16)
POSTURE_WEAK, AT_LIMITS = 22, 23  # the last: what the square of a rotation counts where limits cut a step, by what it counts else
WEIGHT, PROJECTION, TABLE = 16, 24, 64  # fixed: weights (6,), projection (36,), table of the limits (5 n,), home (n,), weights of the joints (n,)

# state: numbers ahead, then blocks of n
HOLDING, MET, TARGET, PLACE, REST, CURVATURE, BITS = 0, 1, 2, 14, 26, 32, 38
BLOCKS = 39
POSITION, BEFORE, STEP, CHANGE, VELOCITY, LOW, HIGH, JACOBIAN = range(8)  # blocks of n; the Jacobian, its rows weighted, is 6 n


@inline
def block(state: Array, n: int, which: int) -> Array:
    """One of the blocks of n in a state."""
    return state[BLOCKS + n * which : BLOCKS + n * (which + 1)]


@inline
def jacobian_of(state: Array, n: int) -> Array:
    """(6 n,) row by row, weighted."""
    return state[BLOCKS + n * JACOBIAN : BLOCKS + n * (JACOBIAN + 6)]


@inline
def largest(a: Array, table: Array, which: int) -> float:
    """The largest magnitude of ``a`` (n,) in shares of a limit of the table."""
    most = 0.0
    for k in range(a.size):
        most = max(most, abs(a[k]) / table[WIDTH * k + which])
    return most


@inline
def size(a: Array) -> float:
    """Length of (3,)."""
    return sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])


@inline
def usable(a: Array, most: float) -> bool:
    """Whether all are finite and smaller than ``most``."""
    for value in a:  # noqa: SIM110
        if not -most < value < most:
            return False
    return True


@inline
def error_of(state: Array, out: Array) -> None:
    """(6,) target minus commanded pose."""
    for i in range(3):
        out[i] = state[TARGET + 9 + i] - state[PLACE + 9 + i]
    between(state[TARGET : TARGET + 9], state[PLACE : PLACE + 9], out[3:6])


@inline
def weigh(fixed: Array, state: Array, n: int) -> None:
    """Weigh the rows of the Jacobian."""
    rows = jacobian_of(state, n)
    for i in range(6):
        for k in range(n):
            rows[i * n + k] *= fixed[WEIGHT + i]


@inline
def arrive(fixed: Array, links: Array, n: int, old: Array, out: Array, work: Array) -> None:
    """Locate the tool at the commanded position; what is left to the target, and the curvature that the last step met."""
    rows, before, step = jacobian_of(out, n), jacobian_of(old, n), block(out, n, STEP)
    locate(links, n, block(out, n, POSITION), out[PLACE : PLACE + 12], rows, work)
    weigh(fixed, out, n)
    for i in range(6):
        total = 0.0
        for k in range(n):
            total += (rows[i * n + k] - before[i * n + k]) * step[k]
        out[CURVATURE + i] = 0.5 * total
    if out[HOLDING] != 0.0:
        out[TARGET : TARGET + 12] = out[PLACE : PLACE + 12]
        out[REST : REST + 6] = 0.0
    else:
        error_of(out, out[REST : REST + 6])


@inline
def project(fixed: Array, vector: Array, work: Array) -> None:
    """Leave out of (6,) what the arm can never do."""
    work[:6] = vector[:6]
    for i in range(6):
        total = 0.0
        for k in range(6):
            total += fixed[PROJECTION + 6 * i + k] * work[k]
        vector[i] = total


@inline
def set_target(fixed: Array, state: Array, out: Array, given: Array, mode: int, motion: Array, error: Array, work: Array) -> int:
    """Move the target as given; ``motion`` (6,) since the last tick and ``error`` (6,) to it. Returns :data:`INPUT` where nothing usable is given."""
    motion[:6] = 0.0
    error[:6] = state[REST : REST + 6]
    if not usable(given[:12] if mode == POSE else given[:6], fixed[LARGEST]):
        return INPUT
    if mode == POSE:
        for i in range(3):
            motion[i] = given[9 + i] - state[TARGET + 9 + i]
        between(given[:9], state[TARGET : TARGET + 9], motion[3:6])
        if size(motion) > 0.5 * fixed[LEAD_POSITION] or size(motion[3:]) > 0.5 * fixed[JUMP]:
            motion[:6] = 0.0
        out[TARGET : TARGET + 12] = given[:12]
        error_of(out, error)
        return 0
    for part in range(0, 6, 3):
        for i in range(3):
            row = TARGET + 3 * i
            x, y, z = given[part], given[part + 1], given[part + 2]
            motion[part + i] = state[row] * x + state[row + 1] * y + state[row + 2] * z if mode == TOOL else given[part + i]
    for i in range(3):
        out[TARGET + 9 + i] = state[TARGET + 9 + i] + motion[i]
    if motion[3] == 0.0 and motion[4] == 0.0 and motion[5] == 0.0:
        for i in range(6):
            error[i] = state[REST + i] + motion[i]
        return 0
    turned(motion[3:], state[TARGET : TARGET + 9], out[TARGET : TARGET + 9], work)
    error_of(out, error)
    return 0


@inline
def pull_back(fixed: Array, out: Array, error: Array, work: Array) -> int:
    """Let the target lead by no more than it may."""
    away, angle, turn = size(error), size(error[3:]), fixed[LEAD_ROTATION]
    if away <= fixed[LEAD_POSITION] and angle <= turn:
        return 0
    if away > fixed[LEAD_POSITION]:
        for i in range(3):
            out[TARGET + 9 + i] = out[PLACE + 9 + i] + error[i] * (fixed[LEAD_POSITION] / away)
    if angle > turn:
        for i in range(3):
            error[3 + i] *= turn / angle
        turned(error[3:], out[PLACE : PLACE + 9], out[TARGET : TARGET + 9], work)
    error_of(out, error)
    return LEAD


@inline
def closing(fixed: Array, table: Array, gap: Array) -> float:
    """Largest share of a joint gap (n,) that joints may close in one tick and still stop within it."""
    ticks = fixed[APPROACH]
    share = 2.0 / (ticks + sqrt(ticks * ticks + 2.0 / fixed[BRAKING_SHARE] * largest(gap, table, 3)))
    return share / max(1.0, share * largest(gap, table, 2))


@inline
def posture(fixed: Array, state: Array, n: int, table: Array, behind: float, pull: Array) -> bool:
    """Displacement (n,) towards home, only while the arm moves or is behind."""
    activity = max(behind, largest(block(state, n, STEP), table, 2))
    if activity == 0.0:
        return False
    position, gain = block(state, n, POSITION), fixed[POSTURE_RATE] / fixed[RATE]
    for k in range(n):
        pull[k] = fixed[TABLE + WIDTH * n + k] - position[k]
    excess = gain * largest(pull, table, 2) / activity
    for k in range(n):
        pull[k] *= gain / max(1.0, excess)
    return True


@inline
def damped(rows: Array, n: int, ready: Array, damping: float, gram: Array) -> bool:
    """Factor of J W Jᵀ + damping · 1, (6, 6)."""
    for i in range(6):
        for j in range(i + 1):
            total = 0.0
            for k in range(n):
                total += rows[i * n + k] * ready[k] * rows[j * n + k]
            gram[6 * i + j] = total
        gram[7 * i] += damping
    return bool(factor(gram, 6))


@inline
def back_through(rows: Array, n: int, ready: Array, gram: Array, task: Array, out: Array) -> None:
    """``W Jᵀ (J W Jᵀ + λ² 1)⁻¹ task`` into ``out`` (n,); ``task`` (6,) is used up."""
    substitute(gram, 6, task)
    for k in range(n):
        total = 0.0
        for i in range(6):
            total += rows[i * n + k] * task[i]
        out[k] = ready[k] * total


@inline
def wish(fixed: Array, state: Array, n: int, table: Array, error: Array, motion: Array, work: Array, out: Array) -> None:
    """Joint displacement (n,) inside the velocity limits; none where it cannot be computed."""
    rows, gram, pull, back = jacobian_of(state, n), work[:36], work[36 : 36 + n], work[36 + n : 36 + 2 * n]
    ready = fixed[TABLE + (WIDTH + 1) * n : TABLE + (WIDTH + 2) * n]
    if fixed[TASK] != 0.0:
        project(fixed, error, work)
        project(fixed, motion, work)
    square = 0.0
    for i in range(6):
        error[i] *= fixed[WEIGHT + i]
        motion[i] *= fixed[WEIGHT + i]
        error[i] -= motion[i]
        if i < 3 or fixed[POSITION_FIRST] == 0.0:
            square += error[i] * error[i]
    drawn = posture(fixed, state, n, table, fixed[POSTURE_WEAK] * min(1.0, sqrt(square) / fixed[LEAD_POSITION]), pull)
    for i in range(6):
        motion[i] -= state[CURVATURE + i]
        if drawn:
            for k in range(n):
                motion[i] -= rows[i * n + k] * pull[k]
    if not damped(rows, n, ready, fixed[DAMPING] + fixed[DAMPING_PER_ERROR] * square, gram):
        out[:n] = 0.0
        return
    back_through(rows, n, ready, gram, error, back)
    back_through(rows, n, ready, gram, motion, out)
    share = closing(fixed, table, back)
    for k in range(n):
        out[k] += share * back[k] + (pull[k] if drawn else 0.0)
    fastest = largest(out, table, 2)
    for k in range(n):
        out[k] /= max(1.0, fastest)


@inline
def gentle(fixed: Array, state: Array, out: Array, n: int, table: Array) -> None:
    """The bounds of the next displacement into ``out``; with little jerk to spare the position limits are approached gently."""
    position, step, change = block(state, n, POSITION), block(state, n, STEP), block(state, n, CHANGE)
    lows, highs, ramp = block(out, n, LOW), block(out, n, HIGH), int(fixed[RAMP])
    for k in range(n):
        low, high = bound(position[k], step[k], change[k], table, WIDTH * k, ramp)
        if ramp > 1:
            hardest = table[WIDTH * k + 3]
            high = min(high, max(low, stopping(table[WIDTH * k + 1] - position[k], hardest, fixed[LANDING])))
            low = max(low, min(high, -stopping(position[k] - table[WIDTH * k], hardest, fixed[LANDING])))
        lows[k], highs[k] = low, high


@inline
def bounded(fixed: Array, state: Array, out: Array, n: int, table: Array, x: Array, work: Array) -> bool:
    """Take the wish ``x`` (n,) to the displacement inside the bounds that disturbs the tool least; whether they were met."""
    low, high, rows = block(out, n, LOW), block(out, n, HIGH), jacobian_of(state, n)
    met = False
    for k in range(n):
        met = met or not low[k] <= x[k] <= high[k]
    if not met:
        return False
    hessian, rest = work[: n * n], work[n * n :]
    g, below, above, held, b, a = rest[:n], rest[n : 2 * n], rest[2 * n : 3 * n], rest[3 * n : 4 * n], rest[4 * n : 5 * n], rest[5 * n : 5 * n + n * n]
    most = 0.0
    for i in range(n):
        for j in range(n):
            total = 0.0
            for r in range(6):
                total += rows[r * n + i] * rows[r * n + j] * (1.0 if r < 3 else fixed[AT_LIMITS])
            hessian[i * n + j] = total * table[WIDTH * i + 2] * table[WIDTH * j + 2]
        hessian[i * n + i] += fixed[FLOOR] * table[WIDTH * i + 2] * table[WIDTH * i + 2]
        most = max(most, hessian[i * n + i])
    for k in range(n):
        scale = table[WIDTH * k + 2]
        x[k], below[k], above[k] = x[k] / scale, low[k] / scale, high[k] / scale
    for i in range(n):
        g[i] = 0.0
        for j in range(n):
            hessian[i * n + j] /= most
            g[i] += hessian[i * n + j] * x[j]
    nearest(hessian, g, n, below, above, x, held, a, b)
    for k in range(n):
        x[k] = min(max(x[k] * table[WIDTH * k + 2], low[k]), high[k])
    return True


@inline
def move(fixed: Array, state: Array, out: Array, n: int, x: Array) -> None:
    """Command the displacement ``x`` (n,)."""
    position, before, step, change, velocity = (
        block(out, n, POSITION),
        block(out, n, BEFORE),
        block(out, n, STEP),
        block(out, n, CHANGE),
        block(out, n, VELOCITY),
    )
    was, last = block(state, n, POSITION), block(state, n, STEP)
    for k in range(n):
        position[k] = was[k] + x[k]
        step[k] = position[k] - was[k]
        before[k], change[k], velocity[k] = was[k], step[k] - last[k], step[k] * fixed[RATE]


@inline
def astray(fixed: Array, measured: Array, position: Array) -> int:
    """:data:`TRACKING` where the arm is not measured near its command."""
    for k in range(position.size):
        if not (abs(measured[k] - position[k]) <= fixed[DIVERGED] and abs(measured[k]) < fixed[LARGEST]):
            return TRACKING
    return 0


@inline
def one(fixed: Array, links: Array, n: int, state: Array, out: Array, work: Array, mode: int) -> int:
    """One tick of one robot."""
    given, measured, rest = work[:12], work[12 : 12 + n], work[12 + n :]
    error, motion, x, room = rest[:6], rest[6:12], rest[12 : 12 + n], rest[12 + n :]
    table, ramp, bits = fixed[TABLE : TABLE + WIDTH * n], int(fixed[RAMP]), 0
    out[:BLOCKS] = state[:BLOCKS]
    out[HOLDING] = out[MET] = 0.0
    position, step, change = block(state, n, POSITION), block(state, n, STEP), block(state, n, CHANGE)
    if mode == STOP:
        out[HOLDING] = 1.0
        slow(position, step, change, table, ramp, block(out, n, LOW), block(out, n, HIGH), x)
    else:
        bits = set_target(fixed, state, out, given, mode, motion, error, room)
        bits |= pull_back(fixed, out, error, room)
        wish(fixed, state, n, table, error, motion, room, x)
        if state[MET] != 0.0 or not inside(x, position, step, change, table, ramp):
            gentle(fixed, state, out, n, table)
            if bounded(fixed, state, out, n, table, x, room):
                out[MET], bits = 1.0, bits | LIMITED
    move(fixed, state, out, n, x)
    arrive(fixed, links, n, state, out, room)
    bits |= astray(fixed, measured, block(out, n, POSITION))
    out[BITS] = bits
    return bits


@entry("i: V V i M m m i")
def tick(fixed: Array, links: Array, n: int, states: Array, outs: Array, works: Array, mode: int) -> int:
    """One tick of as many robots as there are rows; ``works`` hold what is given (12,) and measured (n,), then room. Returns the bits of all."""
    bits = 0
    for robot in range(len(states)):
        bits |= one(fixed, links, n, states[robot], outs[robot], works[robot], mode)
    return bits


@entry("n: V V i v v")
def begin(fixed: Array, links: Array, n: int, state: Array, work: Array) -> None:
    """Complete a state from its numbers ahead and its positions: as if it had been reached by its last step."""
    locate(links, n, block(state, n, BEFORE), state[PLACE : PLACE + 12], jacobian_of(state, n), work)
    weigh(fixed, state, n)
    arrive(fixed, links, n, state.copy(), state, work)
