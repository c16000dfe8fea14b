"""The command line: ``skillkit run check show up replay info skills robots cells doctor``, one file per command.

Exit codes: 0 success, 1 not successful, 2 wrong usage, 3 a bug in skillkit. With ``--json`` standard output holds exactly one JSON
document; everything meant for people goes to standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    from skillkit.cli.app import call

    sys.exit(call(sys.argv[1:] if arguments is None else list(arguments)))
