"""The command ``hw-sim``. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no simulator."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import signal
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from .control.client import Answer, ControlError
from .control.client import request as ask_simulator
from .control.server import Control
from .profiles.loader import ProfileError, profile_names
from .simulation import Simulation
from .validation import nearest
from .version import VERSION


def _pin(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[0-9]{4,8}", value):
        raise click.BadParameter(f"{value!r} is no PIN: 4 to 8 digits")
    return value


_control = click.option("--control", required=True, metavar="SOCKET", help="The simulator's control socket.")


class Commands(click.Group):
    """A group that names the nearest command when there is none of a name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"there is no command {args[0]}{nearest(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands)
@click.version_option(VERSION)
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
@click.option("--pin", callback=_pin, help="Lock the SIMs with this PIN.")
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
@click.option("--transcripts", type=click.Path(file_okay=False), help="A folder for what goes over the lines.")
@click.option("--boot", is_flag=True, help="Let the modems start with their banners.")
@click.option(
    "--schedule", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="TOML file with [[fault]] tables."
)
@click.option("--transport", type=click.Choice(["pty", "tcp"]), default="pty", show_default=True)
def run(modems: int, profiles: str, directory: Path, control: str, **options: Any) -> None:
    """Run modems until a signal ends it."""
    names = [name.strip() for name in profiles.split(",") if name.strip()] or ["generic"]
    try:
        if options["schedule"] is not None:
            options["schedule"] = _read_schedule(options["schedule"])
        asyncio.run(_run(modems, names, directory, control, **options))
    except (ProfileError, OSError, ValueError) as error:
        _refuse(error)


def _refuse(error: Exception) -> NoReturn:
    """Say what is wrong, and where; exit code 1."""
    if isinstance(error, OSError) and error.filename is not None:
        error = OSError(f"{error.filename2 or error.filename}: {error.strerror}")
    click.echo(f"hw-sim: {error}", err=True)
    sys.exit(1)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text file: octet {error.start} is not UTF-8") from None


def _read_schedule(path: Path) -> list[dict[str, Any]]:
    """The faults of a schedule. Raises ValueError with the file's name."""
    try:
        tables = tomllib.loads(_read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no valid TOML: {error}") from None
    for name in tables:
        if name != "fault":
            raise ValueError(f"{path}: there is no table {name}; a schedule is made of [[fault]] tables")
    faults = tables.get("fault", [])
    if not isinstance(faults, list) or not all(isinstance(fault, dict) for fault in faults):
        raise ValueError(f"{path}: a schedule is made of [[fault]] tables")
    return faults


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
    transcripts: str | None,
    boot: bool,
    schedule: list[dict[str, Any]] | None,
) -> None:
    stop = _stop_event()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each port takes two descriptors
    simulation = Simulation(
        seed=seed,
        directory=directory,
        log_path=log,
        timing=timing,
        scale=scale,
        transport=transport,
        transcripts=transcripts,
        keep_events=20_000,
    )
    async with simulation as sim:
        server = Control(sim, control)
        await server.start()
        try:
            for place in range(modems):
                modem = await sim.add_modem(
                    f"modem{place}", profile=profiles[place % len(profiles)], pin=pin, boot=boot
                )
                click.echo(f"{modem.name}  {modem.path}  {modem.number}  {modem.profile.name}")
            if schedule is not None:
                sim.schedule(schedule)
            click.echo(f"ready: {modems} modems, control socket {control}")
            sys.stdout.flush()
            await stop.wait()
        finally:
            await server.stop()


def _ask(control: str, op: str, settings: Mapping[str, Any] | None = None, **request: Any) -> Answer:
    """An operation's answer. ``settings`` are fields that the user named; they may not be those that have a place."""
    for name in settings or ():
        if name == "op" or name in request:
            raise click.UsageError(f"{name} is no option here: it has its own place in the command")
    try:
        return ask_simulator(control, op, **request, **(settings or {}))
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
    answer = _ask(control, "send", {"from": sender}, to=to, text=text, flash=flash)
    click.echo(f"sent, {answer['segments']} part(s)")


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _settings(entries: tuple[str, ...]) -> dict[str, Any]:
    """KEY=VALUE pairs; a value is JSON, or else the text itself."""
    found = {}
    for entry in entries:
        key, equals, value = entry.partition("=")
        if not key or not equals:
            raise click.UsageError(f"{entry!r} is not of the form KEY=VALUE")
        found[key] = _value(value)
    return found


@main.command()
@_control
@click.argument("modem")
@click.argument("kind")
@click.option("--for", "for_s", type=click.FloatRange(0), metavar="S", help="Seconds until it ends.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="Strikes until it ends.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="An option of the fault.")
def fault(
    control: str, modem: str, kind: str, for_s: float | None, count: int | None, settings: tuple[str, ...]
) -> None:
    """Break a modem; KIND clear mends it."""
    answer = _ask(control, "fault", modem=modem, kind=kind, for_s=for_s, count=count, settings=_settings(settings))
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


@main.command()
@_control
@click.option(
    "--every",
    "every_s",
    default=0.5,
    type=click.FloatRange(0.01, 3600),
    show_default=True,
    help="Seconds between two looks.",
)
def live(control: str, every_s: float) -> None:
    """Watch modems, phones and traffic."""
    from .monitor import watch

    try:
        watch(control, every_s)
    except ControlError as error:
        click.echo(f"hw-sim: {error}", err=True)
        sys.exit(3)
    except KeyboardInterrupt:
        return


@main.command()
@_control
@click.argument("op")
@click.argument("settings", nargs=-1, metavar="KEY=VALUE...")
def ask(control: str, op: str, settings: tuple[str, ...]) -> None:
    """Any operation of the control socket; VALUE is JSON or a text. Prints the answer as JSON."""
    answer = _ask(control, op, settings=_settings(settings))
    click.echo(json.dumps({key: value for key, value in answer.items() if key != "ok"}, ensure_ascii=False))


@main.command()
@_control
@click.argument("settings", nargs=-1, metavar="RULE=VALUE...")
def network(control: str, settings: tuple[str, ...]) -> None:
    """Show the network's rules, or change some: hw-sim network --control S delivery_delay_s=[1,5] loss=0.01"""
    for name, value in _ask(control, "network", settings=_settings(settings))["rules"].items():
        click.echo(f"{name} = {json.dumps(value)}")


@main.command()
@_control
@click.argument("modem")
@click.option("--name", help="Plug it in again under this name.")
@click.option("--out", is_flag=True, help="Pull it out.")
def plug(control: str, modem: str, name: str | None, out: bool) -> None:
    """Pull a modem out or plug it in."""
    if out:
        _ask(control, "unplug", modem=modem)
    else:
        click.echo(_ask(control, "replug", modem=modem, name=name)["path"])


@main.command()
def faults() -> None:
    """The faults there are, with what they imitate."""
    from .faults import KINDS

    for kind, fault_class in sorted(KINDS.items()):
        click.echo(f"{kind}\n    {' '.join((fault_class.__doc__ or '').split())}")


@main.command()
@click.option("--port", required=True, help="The real modem's port.")
@click.option("--baud", default=115200, type=click.IntRange(50), show_default=True)
@click.option("--link", required=True, type=click.Path(path_type=Path), help="Where your software finds it instead.")
@click.option("--out", required=True, type=click.File("w"), help="The transcript.")
def record(port: str, baud: int, link: Path, out: Any) -> None:
    """Stand between software and a real modem and write down what both say."""
    from .transcripts.transcript import record as run_record

    def write(text: str) -> None:
        out.write(text)
        out.flush()

    async def go() -> None:
        await run_record(port, link, write, _stop_event(), lambda: _ready(link), baud)

    try:
        asyncio.run(go())
    except OSError as error:
        _refuse(error)


@main.command()
@click.argument("transcript", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--link", required=True, type=click.Path(path_type=Path), help="Where your software finds the modem.")
def replay(transcript: Path, link: Path) -> None:
    """Be the modem of a transcript, strictly: exit 1 when the software says something else than was recorded."""
    from .transcripts.transcript import Mismatch, TranscriptError, parse_transcript
    from .transcripts.transcript import replay as run_replay

    async def go() -> Mismatch | None:
        return await run_replay(pieces, link, _stop_event(), lambda: _ready(link))

    try:
        pieces = parse_transcript(_read_text(transcript))
        mismatch = asyncio.run(go())
    except TranscriptError as error:
        _refuse(ValueError(f"{transcript}: {error}"))
    except (OSError, ValueError) as error:
        _refuse(error)
    if mismatch is not None:
        click.echo(f"hw-sim: {mismatch}", err=True)
        sys.exit(1)


def _ready(link: Path) -> None:
    click.echo(f"ready: {link}")
    sys.stdout.flush()


def _stop_event() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
