"""The group that all commands belong to, and what they share."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from ..validation import nearest
from ..version import VERSION


class Commands(click.Group):
    """A group that suggests the nearest command for an unknown one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"no such command: {args[0]}{nearest(args[0], self.commands)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an unexpected error is a sentence, or with ``--debug`` a traceback."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, EOFError, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            if isinstance(error, OSError):
                refuse(error)
            refuse(RuntimeError(f"internal error: {type(error).__name__}: {error}. For the traceback: hw-sim --debug"))


@click.group(cls=Commands)
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.version_option(VERSION)
def main(**_: bool) -> None:
    """Simulate GSM/LTE modems on a virtual network."""


def refuse(error: Exception) -> NoReturn:
    """Print what is wrong, and where, and exit with code 1."""
    if isinstance(error, OSError) and error.filename is not None:
        error = OSError(f"{error.filename2 or error.filename}: {error.strerror}")
    click.echo(f"hw-sim: {error}", err=True)
    sys.exit(1)


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file. Raises ValueError."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file: byte {error.start} is not UTF-8") from None


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
