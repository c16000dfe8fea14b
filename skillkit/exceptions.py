"""Every error of the library: the wrong value, the allowed ones, the fix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any


class SkillkitError(Exception):
    """Base of every error raised on purpose; the message says what to change."""


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """The nearest allowed word as a hint, or all allowed words where none is near."""
    allowed = sorted(allowed)
    near = get_close_matches(word, allowed, n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else f"allowed: {', '.join(allowed) or 'nothing'}"


class UnknownName(SkillkitError):
    """A name that is not among the known ones.

    Attributes:
        kind: what was looked for, for example ``"skill"``.
        name: the name that was given.
        allowed: the names that exist.
    """

    def __init__(self, kind: str, name: str, allowed: Iterable[str]) -> None:
        self.kind, self.name, self.allowed = kind, name, tuple(sorted(allowed))
        super().__init__(f"unknown {kind} '{name}'; {did_you_mean(name, self.allowed)}")


class InvalidValue(SkillkitError):
    """A value outside what is allowed.

    Attributes:
        name: what the value is for.
        value: the value that was given.
        allowed: what would have been accepted, in words.
    """

    def __init__(self, name: str, value: Any, allowed: str) -> None:
        self.name, self.value, self.allowed = name, value, allowed
        super().__init__(f"{name} is {value!r}; allowed: {allowed}")


class MissingLibrary(SkillkitError, ImportError):
    """An optional library that is not installed; the message is the line that installs it."""

    def __init__(self, library: str, extra: str) -> None:
        self.library, self.extra = library, extra
        super().__init__(f"{library} is not installed; run: pip install 'skillkit[{extra}]'")


class NoGraphics(SkillkitError):
    """This machine has no OpenGL to render a picture with.

    Attributes:
        cause: what the graphics library said.
    """

    def __init__(self, cause: str) -> None:
        self.cause = cause
        fix = "install an OpenGL (EGL) driver, on Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri"
        super().__init__(f"no picture can be rendered here: {cause}; {fix}")


class CannotResume(SkillkitError):
    """A run that cannot go on from its checkpoint.

    Attributes:
        what: the arm or file that does not fit; problem: why.
    """

    def __init__(self, what: str, problem: str) -> None:
        self.what, self.problem = what, problem
        super().__init__(f"cannot resume: {what}: {problem}")


@dataclass(frozen=True)
class Problem:
    """One finding in a user's file. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    code: str  # kebab-case, stable: "unknown-word", "wrong-type", …
    severity: str  # "error" or "warning"
    message: str  # what was found and what is allowed
    hint: str = ""  # the fix, "did you mean …"

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message}{hint} [{self.code}]"

    def as_dict(self) -> dict[str, Any]:
        """The fields by name, as ``skillkit check --json`` prints them."""
        return asdict(self)


class InvalidFile(SkillkitError):
    """A user's file with errors; ``problems`` holds all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class BagError(SkillkitError):
    """A bag that cannot be read or written as asked.

    Attributes:
        subject: the bag, topic or type it is about; the whole message where nothing else is given.
        problem: what was found.
        fix: what to do about it.
    """

    def __init__(self, subject: object, problem: str = "", fix: str = "") -> None:
        self.subject, self.problem, self.fix = str(subject), problem, fix
        super().__init__(self.subject + (f": {problem}" if problem else "") + (f"; {fix}" if fix else ""))
