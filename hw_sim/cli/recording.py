"""The commands that record a real modem and replay a transcript."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from ..transcripts.format import TranscriptError, parse_transcript
from ..transcripts.recording import record as run_record
from ..transcripts.replay import Mismatch
from ..transcripts.replay import replay as run_replay
from .main import read_text, refuse, stop_event


@click.command()
@click.option("--port", required=True, help="The real modem's port.")
@click.option("--baud", default=115200, type=click.IntRange(50), show_default=True, help="Line speed, bits per second.")
@click.option(
    "--link", required=True, type=click.Path(path_type=Path), help="Create the port for your software at this path."
)
@click.option("--out", required=True, type=click.File("w"), help="Write the transcript to this file.")
def record(port: str, baud: int, link: Path, out: Any) -> None:
    """Record the dialogue between your software and a real modem until SIGTERM or SIGINT."""

    def write(text: str) -> None:
        out.write(text)
        out.flush()

    async def go() -> None:
        await run_record(port, link, write, stop_event(), lambda: _ready(link), baud)

    try:
        asyncio.run(go())
    except OSError as error:
        refuse(error)


@click.command()
@click.argument("transcript", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--link", required=True, type=click.Path(path_type=Path), help="Create the port for your software at this path."
)
def replay(transcript: Path, link: Path) -> None:
    """Replay a transcript strictly. Exit code 1 when the software writes anything else than was recorded."""

    async def go() -> Mismatch | None:
        return await run_replay(pieces, link, stop_event(), lambda: _ready(link))

    try:
        pieces = parse_transcript(read_text(transcript))
        mismatch = asyncio.run(go())
    except TranscriptError as error:
        refuse(ValueError(f"{transcript}: {error}"))
    except (OSError, ValueError) as error:
        refuse(error)
    if mismatch is not None:
        click.echo(f"hw-sim: {mismatch}", err=True)
        sys.exit(1)


def _ready(link: Path) -> None:
    click.echo(f"ready: {link}")
    sys.stdout.flush()
