"""Errors that no command expects: a sentence with the cure for people, the traceback with ``--debug``."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from gsmgw.cli.listing import say
from gsmgw.errors import ConfigError, GsmgwError
from gsmgw.places import SEARCH, closed_places

#: The files that a member of the group gsmgw can reach; all others are for root and the service only.
_SOCKETS = (Path("/run/gsmgw"),)
_PRIVATE = (Path("/etc/gsmgw"), Path("/var/lib/gsmgw"))
_DEVICES = (Path("/dev"),)
JOIN_GROUP = "Add yourself to the group gsmgw: sudo adduser $USER gsmgw, then log in again"
AS_ROOT = "Only root and the service may read it. Run the command as root: sudo gsmgw ..."
_JOIN_DIALOUT = "Add yourself to the group dialout: sudo adduser $USER dialout, then log in again"
#: Exit code of an unexpected failure.
_FAILED = 1


class SafeGroup(click.Group):
    """A group whose commands never show a traceback, except with ``--debug``.

    ``run`` is the exception to that: its output is the log of a service, where the traceback of a defect belongs.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, EOFError):
            raise
        except BrokenPipeError:  # click ends quietly, too
            raise
        except Exception as exc:
            if ctx.params.get("debug"):
                traceback.print_exc()
            elif ctx.invoked_subcommand == "run" and not isinstance(exc, OSError | GsmgwError):
                raise
            else:
                say(f"{ctx.info_name}: {explained(exc)}", err=True, lines=True)
            sys.exit(_FAILED)


def explained(exc: Exception) -> str:
    """Return an error as a sentence, with the cure on a line of its own where one is known."""
    if isinstance(exc, ConfigError):
        lines = [f"{exc.source}: {problem}" for problem in exc.problems]
        return "\n".join(lines + ([AS_ROOT] if is_private(exc.source) else []))
    if isinstance(exc, GsmgwError):
        return str(exc)
    if isinstance(exc, OSError) and exc.strerror:
        place = f"{exc.filename}: " if exc.filename else ""
        cure = cure_for(exc.filename) if isinstance(exc, PermissionError) else None
        return f"{place}{exc.strerror}" + (f"\n{cure}" if cure else "")
    if isinstance(exc, MemoryError):
        return "not enough memory"
    return (
        f"internal error: {type(exc).__name__}: {exc}\n"
        "This is a defect of gsmgw. Please report it with the traceback: gsmgw --debug COMMAND ..."
    )


def no_file() -> str:
    """Return the sentence for a configuration file that was not found, or may not be looked for."""
    if closed := closed_places():
        return f"{closed[0]}: {os.strerror(errno.EACCES)}\n{AS_ROOT}"
    return f"no configuration file found: looked for {', '.join(SEARCH)}. Create one: gsmgw setup"


def is_private(file: str) -> bool:
    """Return True for a file of the service that the user may not read."""
    try:
        return _is_below(file, _PRIVATE) and Path(file).exists() and not os.access(file, os.R_OK)
    except PermissionError:
        return True


def _is_below(file: object, places: tuple[Path, ...]) -> bool:
    return any(Path(str(file)).is_relative_to(place) for place in places)


def cure_for(file: object) -> str | None:
    """Return what to do about a file without permission; None if nothing general can be said."""
    for places, cure in ((_SOCKETS, JOIN_GROUP), (_PRIVATE, AS_ROOT), (_DEVICES, _JOIN_DIALOUT)):
        if _is_below(file, places):
            return cure
    return None
