"""The group that all commands belong to, and what they share."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import NoReturn

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


@click.group(cls=Commands)
@click.version_option(VERSION)
def main() -> None:
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
