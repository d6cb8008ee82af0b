"""``hw-sim run``: modems until a signal."""

from __future__ import annotations

import asyncio
import re
import resource
import sys
import tomllib
from pathlib import Path
from typing import Any

import click

from ..control.server import Control
from ..profiles.loader import ProfileError
from ..simulation import Simulation
from .main import read_text, refuse, stop_event

_KEPT_EVENTS = 20_000


def _pin(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[0-9]{4,8}", value):
        raise click.BadParameter(f"{value!r} is not a valid PIN: use 4 to 8 digits")
    return value


@click.command()
@click.option(
    "--modems", default=1, show_default=True, type=click.IntRange(0, 1000), help="Number of modems, at most 1000."
)
@click.option(
    "--profile",
    "profiles",
    default="generic",
    show_default=True,
    metavar="NAME,...",
    help="Profiles, given to the modems in turn.",
)
@click.option(
    "--dir",
    "directory",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Create the ports modem0, modem1, ... in this directory.",
)
@click.option(
    "--control", required=True, metavar="SOCKET", help="Listen on this Unix socket for hw-sim send, fault, ..."
)
@click.option(
    "--seed", type=int, help="Make the run repeatable: the same seed gives the same random numbers and times."
)
@click.option(
    "--log",
    "log",
    type=click.Path(dir_okay=False),
    help="Write one JSON line per event (submit, deliver, report, fault) to this file.",
)
@click.option("--pin", callback=_pin, help="Lock the SIMs with this PIN, 4 to 8 digits.")
@click.option(
    "--timing",
    type=click.Choice(["zero", "real"]),
    default="zero",
    show_default=True,
    help="Use no latencies, or those of the profile.",
)
@click.option(
    "--scale",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.001, 1000),
    help="Factor by which simulated time passes faster.",
)
@click.option(
    "--transcripts", type=click.Path(file_okay=False), help="Write a transcript of each port to this directory."
)
@click.option("--boot", is_flag=True, help="Start the modems from power-on, with their banners.")
@click.option(
    "--schedule",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Inject the faults of this TOML file ([[fault]] tables).",
)
@click.option(
    "--transport",
    type=click.Choice(["pty", "tcp"]),
    default="pty",
    show_default=True,
    help="Offer the ports as pseudo-terminals or as TCP listeners.",
)
def run(modems: int, profiles: str, directory: Path, control: str, **options: Any) -> None:
    """Run modems until SIGTERM or SIGINT."""
    names = [name.strip() for name in profiles.split(",") if name.strip()] or ["generic"]
    try:
        if options["schedule"] is not None:
            options["schedule"] = _read_schedule(options["schedule"])
        asyncio.run(_run(modems, names, directory, control, **options))
    except (ProfileError, OSError, ValueError) as error:
        refuse(error)


def _read_schedule(path: Path) -> list[dict[str, Any]]:
    """Return the faults of a schedule. Raises ValueError with the file's name."""
    try:
        tables = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from None
    for name in tables:
        if name != "fault":
            raise ValueError(f"{path}: unknown table {name}; a schedule has [[fault]] tables only")
    faults = tables.get("fault", [])
    if not isinstance(faults, list) or not all(isinstance(fault, dict) for fault in faults):
        raise ValueError(f"{path}: a schedule has [[fault]] tables only")
    return faults


async def _run(
    modems: int,
    profiles: list[str],
    directory: Path,
    control: str,
    *,
    log: str | None,
    pin: str | None,
    boot: bool,
    schedule: list[dict[str, Any]] | None,
    **options: Any,
) -> None:
    stop = stop_event()
    _raise_descriptor_limit()
    async with Simulation(directory=directory, log_path=log, keep_events=_KEPT_EVENTS, **options) as simulation:
        server = Control(simulation, control)
        await server.start()
        try:
            for place in range(modems):
                profile = profiles[place % len(profiles)]
                modem = await simulation.add_modem(f"modem{place}", profile=profile, pin=pin, boot=boot)
                click.echo(f"{modem.name}  {modem.path}  {modem.number}  {modem.profile.name}")
            if schedule is not None:
                simulation.schedule(schedule)
            click.echo(f"ready: {modems} modems, control socket {control}")
            sys.stdout.flush()
            await stop.wait()
        finally:
            await server.stop()


def _raise_descriptor_limit() -> None:
    """Allow as many descriptors as the system lets us have: each port takes two."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
