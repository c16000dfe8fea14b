"""The nearest point of a box: ``min ½ xᵀH x − gᵀx`` with ``low ≤ x ≤ high``, H (n, n) positive definite, n small.

An active-set method for bounds (Stark & Parker 1995): solve for the joints that are free, stop at the first bound on the way there, and set
that joint fast; when the free ones are optimal let go of the joint that is held against the steepest gradient. The cost falls with every
joint let go, so no set of free joints comes twice and it ends.
"""

from __future__ import annotations

from math import sqrt

from skillkit.compiled.machine_code import entry, inline
from skillkit.pose import Array

OPTIMAL = 1e-12  # gradient against a bound that counts as none; the largest diagonal element of H is 1
ROUNDS = 16  # times n: more than ever needed
FREE = 0.0


@inline
def factor(a: Array, n: int) -> bool:
    """Cholesky's lower factor of ``a`` (n, n) row by row, in place; False where it is not positive definite."""
    for i in range(n):
        for j in range(i + 1):
            total = a[i * n + j]
            for k in range(j):
                total -= a[i * n + k] * a[j * n + k]
            if i > j:
                a[i * n + j] = total / a[j * n + j]
            elif total > 0.0:
                a[i * n + i] = sqrt(total)
            else:
                return False
    return True


@inline
def substitute(a: Array, n: int, b: Array) -> None:
    """Solve with the factor ``a``, ``b`` (n,) in place."""
    for i in range(n):
        for k in range(i):
            b[i] -= a[i * n + k] * b[k]
        b[i] /= a[i * n + i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            b[i] -= a[k * n + i] * b[k]
        b[i] /= a[i * n + i]


@inline
def free_optimum(hessian: Array, g: Array, n: int, x: Array, held: Array, a: Array, b: Array) -> int:
    """Into ``b`` (m,) the optimum of the m free joints, the others as they are; m, or −1 where it cannot be found."""
    m = 0
    for i in range(n):
        if held[i] != FREE:
            continue
        b[m] = g[i]
        for j in range(n):
            if held[j] != FREE:
                b[m] -= hessian[i * n + j] * x[j]
        m += 1
    row = 0
    for i in range(n):
        if held[i] != FREE:
            continue
        column = 0
        for j in range(n):
            if held[j] == FREE:
                a[row * m + column] = hessian[i * n + j]
                column += 1
        row += 1
    if not factor(a, m):
        return -1
    substitute(a, m, b)
    return m


@inline
def advance(n: int, low: Array, high: Array, x: Array, held: Array, b: Array) -> bool:
    """Move the free joints towards ``b`` as far as all stay inside; whether they arrived."""
    share, row, first = 1.0, 0, -1
    for i in range(n):
        if held[i] != FREE:
            continue
        if not low[i] <= b[row] <= high[i]:
            edge = low[i] if b[row] < low[i] else high[i]
            part = max(0.0, (edge - x[i]) / (b[row] - x[i])) if b[row] != x[i] else 0.0
            if first < 0 or part < share:
                share, first = part, i
        row += 1
    row = 0
    for i in range(n):
        if held[i] != FREE:
            continue
        if i == first:
            held[i] = -1.0 if b[row] < low[i] else 1.0
            x[i] = low[i] if held[i] < 0.0 else high[i]
        else:
            x[i] = b[row] if first < 0 else min(max(x[i] + share * (b[row] - x[i]), low[i]), high[i])
        row += 1
    return first < 0


@inline
def let_go(hessian: Array, g: Array, n: int, low: Array, high: Array, x: Array, held: Array) -> bool:
    """Free the joint that is held against the steepest gradient; False where there is none."""
    steepest, joint = OPTIMAL, -1
    for i in range(n):
        if held[i] == FREE or not low[i] < high[i]:
            continue
        slope = -g[i]
        for j in range(n):
            slope += hessian[i * n + j] * x[j]
        against = slope * held[i]
        if against > steepest:
            steepest, joint = against, i
    if joint >= 0:
        held[joint] = FREE
    return joint >= 0


@inline
def nearest(hessian: Array, g: Array, n: int, low: Array, high: Array, x: Array, held: Array, a: Array, b: Array) -> bool:
    """From the wish ``x`` (n,) to the optimum, in place; False where rounding keeps it from being proven: then ``x`` is near it, and in the box.

    ``held`` (n,), ``a`` (n·n,) and ``b`` (n,) are room to work in.
    """
    for i in range(n):
        held[i] = -1.0 if x[i] <= low[i] else 1.0 if x[i] >= high[i] else FREE
        x[i] = min(max(x[i], low[i]), high[i])
    for _ in range(ROUNDS * n):
        if free_optimum(hessian, g, n, x, held, a, b) < 0:
            return False
        if advance(n, low, high, x, held, b) and not let_go(hessian, g, n, low, high, x, held):
            return True
    return False


@entry("b: V V i V V v v")
def solve(hessian: Array, g: Array, n: int, low: Array, high: Array, x: Array, work: Array) -> bool:
    """:func:`nearest` with one room to work in, ``work`` (n·n + 2n,)."""
    return bool(nearest(hessian, g, n, low, high, x, work[:n], work[2 * n :], work[n : 2 * n]))
