"""For tests of users: recorded runs as regression tests.

@pytest.mark.parametrize("bag", sorted(Path("bags").glob("*.mcap")))
def test_decides_as_recorded(bag):
    assert_decides_as_recorded(bag)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def assert_decides_as_recorded(bag: str | Path, **options: Any) -> None:
    """Re-execute a bag and fail with the first difference; ``options`` are those of :func:`skillkit.assembly.replay`.

    Raises:
        AssertionError: a step decides otherwise, or there is none.
    """
    from skillkit.assembly import replay

    found = replay(bag, **options)
    if found.steps == 0:
        raise AssertionError(f"{bag} holds no step")
    if found.differences and found.first is not None:
        first = found.first
        raise AssertionError(
            f"{bag}: {found.differences} of {found.steps} steps differ, first at step {first.step} ({first.time:.3f} s): "
            f"{first.kind} {first.path} was {first.expected!r}, is now {first.got!r}; in {' < '.join(node.path for node in first.why)}"
        )
