"""The command ``hw-sim``. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no simulator."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import click

from . import __version__
from .control import Answer, Control, ControlError, call
from .profile import ProfileError, profile_names
from .simulation import Simulation

_control = click.option("--control", required=True, metavar="SOCKET", help="The simulator's control socket.")


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Simulated GSM/LTE modems on a virtual network."""


@main.command()
@click.option("--modems", default=1, show_default=True, type=click.IntRange(0, 1000), help="How many.")
@click.option(
    "--profile",
    "profiles",
    default="generic",
    show_default=True,
    metavar="NAME,...",
    help="Given to the modems in turn.",
)
@click.option(
    "--dir",
    "directory",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where modem0, modem1, ... appear.",
)
@click.option("--control", required=True, metavar="SOCKET", help="Where to listen for hw-sim send, fault, ...")
@click.option("--seed", type=int, help="Make the run repeatable.")
@click.option(
    "--log", "log", type=click.Path(dir_okay=False), help="One JSON line per event: submit, deliver, report, fault."
)
@click.option("--pin", help="Lock the SIMs with this PIN.")
@click.option(
    "--timing",
    type=click.Choice(["zero", "real"]),
    default="zero",
    show_default=True,
    help="Latencies: none, or the profile's.",
)
@click.option(
    "--scale", default=1.0, show_default=True, type=click.FloatRange(0.001, 1000), help="How much faster time passes."
)
@click.option("--transport", type=click.Choice(["pty", "tcp"]), default="pty", show_default=True)
def run(modems: int, profiles: str, directory: Path, control: str, **options: Any) -> None:
    """Run modems until a signal ends it."""
    names = [name.strip() for name in profiles.split(",") if name.strip()] or ["generic"]
    try:
        asyncio.run(_run(modems, names, directory, control, **options))
    except (ProfileError, OSError, ValueError) as error:
        click.echo(f"hw-sim: {error}", err=True)
        sys.exit(1)


async def _run(
    modems: int,
    profiles: list[str],
    directory: Path,
    control: str,
    *,
    seed: int | None,
    log: str | None,
    pin: str | None,
    timing: str,
    scale: float,
    transport: str,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    simulation = Simulation(
        seed=seed, directory=directory, log_path=log, timing=timing, scale=scale, transport=transport
    )
    async with simulation as sim:
        server = Control(sim, control)
        await server.start()
        try:
            for place in range(modems):
                modem = await sim.add_modem(f"modem{place}", profile=profiles[place % len(profiles)], pin=pin)
                click.echo(f"{modem.name}  {modem.path}  {modem.number}  {modem.profile.name}")
            click.echo(f"ready: {modems} modems, control socket {control}")
            sys.stdout.flush()
            await stop.wait()
        finally:
            await server.stop()


def _ask(control: str, op: str, **request: Any) -> Answer:
    try:
        return call(control, op, **request)
    except ControlError as error:
        click.echo(f"hw-sim: {error}", err=True)
        sys.exit(3 if str(error).startswith("no simulator") else 1)


@main.command()
@_control
@click.option("--from", "sender", required=True, metavar="NUMBER", help="The phone that sends.")
@click.option("--to", required=True, metavar="MODEM", help="A modem's name, or a number.")
@click.option("--flash", is_flag=True, help="Message class 0.")
@click.argument("text")
def send(control: str, sender: str, to: str, flash: bool, text: str) -> None:
    """Text a modem from a phone."""
    answer = _ask(control, "send", **{"from": sender}, to=to, text=text, flash=flash)
    click.echo(f"sent, {answer['segments']} part(s)")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@main.command()
@_control
@click.argument("modem")
@click.argument("kind")
@click.option("--for", "for_s", type=float, metavar="S", help="Seconds until it ends.")
@click.option("--count", type=int, metavar="N", help="Strikes until it ends.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="An option of the fault.")
def fault(
    control: str, modem: str, kind: str, for_s: float | None, count: int | None, settings: tuple[str, ...]
) -> None:
    """Break a modem; KIND clear mends it."""
    options = {key: _value(value) for key, _, value in (entry.partition("=") for entry in settings)}
    answer = _ask(control, "fault", modem=modem, kind=kind, for_s=for_s, count=count, **options)
    click.echo("active: " + (", ".join(answer["active"]) or "none"))


@main.command()
@_control
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def phone(control: str, number: str, as_json: bool) -> None:
    """What a phone got and sent."""
    answer = _ask(control, "phone", number=number)
    if as_json:
        click.echo(json.dumps({key: value for key, value in answer.items() if key != "ok"}, ensure_ascii=False))
        return
    for message in answer["received"]:
        click.echo(f"< {message['sender']}  ({message['segments']} part(s))  {message['text']}")
    for message in answer["sent"]:
        click.echo(f"> {message['to']}  ({message['segments']} part(s))  {message['text']}")


@main.command()
@_control
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def status(control: str, as_json: bool) -> None:
    """Modems, phones, counters."""
    answer = _ask(control, "status")
    if as_json:
        click.echo(json.dumps({key: value for key, value in answer.items() if key != "ok"}, ensure_ascii=False))
        return
    for modem in answer["modems"]:
        faults = ", ".join(modem["faults"]) or "-"
        click.echo(
            f"{modem['name']}  {modem['path'] or 'unplugged'}  {modem['number']}  {modem['profile']}  faults: {faults}"
        )
    for entry in answer["phones"]:
        click.echo(f"{entry['number']}  got {entry['received']}, sent {entry['sent']}")
    click.echo(", ".join(f"{name} {count}" for name, count in sorted(answer["events"].items())) or "nothing yet")


@main.command()
def profiles() -> None:
    """The profiles there are."""
    for name in profile_names():
        click.echo(name)


if __name__ == "__main__":
    main()
