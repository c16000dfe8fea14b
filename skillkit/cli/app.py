"""The commands put together, and what becomes of an error: a wrong word never shows a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from skillkit import __version__
from skillkit.cli import (
    answer,
    cells,
    check,
    compare,
    demos,
    doctor,
    eval_,
    export,
    find,
    hardware_check,
    import_,
    info,
    plan,
    play,
    record,
    recover,
    replay,
    robots,
    run,
    schema,
    show,
    skills,
    train,
    up,
    verify,
    watch,
)  # fmt: skip
from skillkit.cli.output import say
from skillkit.exceptions import InvalidFile, SkillkitError

SUCCESS, NOT_SUCCESSFUL, WRONG_USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130
COMMANDS = (
    run,
    check,
    schema,
    show,
    import_,
    up,
    watch,
    answer,
    replay,
    verify,
    play,
    record,
    info,
    find,
    recover,
    skills,
    robots,
    cells,
    hardware_check,
    demos,
    train,
    eval_,
    compare,
    export,
    doctor,
)
DEBUG = "SKILLKIT_DEBUG"

app = typer.Typer(
    name="skillkit",
    help="Robot skills as options, composed into behavior trees, run on simulated and real arms, re-executed from their bags.",
    epilog="Example: skillkit run prepare_coffee --robot panda",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"skillkit {__version__}")
        raise typer.Exit()


@app.callback()
def _before(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")] = False,
) -> None:
    if debug:
        os.environ[DEBUG] = "1"


for _module in COMMANDS:
    _name = _module.__name__.rpartition(".")[2]
    app.command(_name.rstrip("_").replace("_", "-"), epilog=f"Example: {_module.EXAMPLE}")(getattr(_module, _name))
app.command("plan", epilog=f"Example: {plan.EXAMPLE}")(plan.plan)


def call(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    try:
        code = typer.main.get_command(app).main(args=list(arguments), prog_name="skillkit", standalone_mode=False)
    except SkillkitError as error:
        _say(str(error) if isinstance(error, InvalidFile) else f"skillkit: {error}")
        return WRONG_USAGE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SUCCESS
    except OSError as error:
        return _cannot(error)
    except Exception as error:
        return _wrong_usage(error) if hasattr(error, "format_message") else _bug(error)
    return code if isinstance(code, int) else SUCCESS


def _wrong_usage(error: Exception) -> int:
    """A usage error of the parser; known by its method, since its class is not in typer's public names."""
    context = getattr(error, "ctx", None)
    message = getattr(error, "format_message")()  # noqa: B009
    command = context.command_path if context is not None else "skillkit"
    if message:
        _say(f"{command}: {' '.join(message.split())} (see: {command} --help)")
    return WRONG_USAGE


def _cannot(error: OSError) -> int:
    """The machine said no: a folder that is not there or not ours, a full disk."""
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    _say(f"skillkit: {error.filename or 'this'}: {error.strerror or error}")
    return WRONG_USAGE


def _bug(error: Exception) -> int:
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    _say(f"skillkit: this is a bug in skillkit: {type(error).__name__}: {error}" + ("" if os.environ.get(DEBUG) else f" (set {DEBUG}=1 for its traceback)"))
    return BUG


def _say(text: str) -> None:
    say(text, error=True)
