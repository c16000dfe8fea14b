"""The control law in machine code, by numba: an accelerator that is chosen before a run, never needed.

``pip install 'skillkit[fast]'`` brings numba; what is compiled is kept below the user's cache folder under a name made of the sources, so only the
first run on a machine takes the seconds that compiling takes, and no change of a source meets the code of another. Set ``SKILLKIT_COMPILED=0`` to do without.

The bounds of :mod:`skillkit.braking` come out bit for bit as without; kinematics differ in the last digits, because sums are taken in another order.
So a run that was recorded with the one and re-executed with the other may differ as on another platform; the fingerprint says which it was.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec

VARIABLE = "SKILLKIT_COMPILED"
PLAIN = "numpy"


def chosen() -> bool:
    """Whether controllers and gates run compiled: numba is installed, and nobody said no. Does not import it."""
    return os.environ.get(VARIABLE, "") != "0" and find_spec("numba") is not None


def path(fast: bool | None = None) -> str:
    """The path that controllers take, or would take if it were asked for, as words for a fingerprint."""
    if not (chosen() if fast is None else fast) or find_spec("numba") is None:
        return PLAIN
    return f"compiled by numba {version('numba')}"


def as_recorded(fingerprint: Mapping[str, str] | None) -> bool:
    """Whether to run compiled in order to take the path of a recording, as far as that is possible here; without a fingerprint this machine's own."""
    if fingerprint is None:
        return chosen()
    return fingerprint.get("control", PLAIN) != PLAIN and find_spec("numba") is not None
