"""The commands that ask a running simulator over its control socket."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import click

from ..control.client import Answer, ControlError, NoSimulator, request
from ..monitor import watch

_control = click.option("--control", required=True, metavar="SOCKET", help="The simulator's control socket.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _ask(control: str, op: str, settings: Mapping[str, Any] | None = None, **fields: Any) -> Answer:
    """Return the answer of an operation, or exit. ``settings`` are KEY=VALUE pairs and may not repeat ``fields``."""
    for name in settings or ():
        if name == "op" or name in fields:
            raise click.UsageError(f"{name} is not an option here: it has its own place in the command")
    try:
        return request(control, op, **fields, **(settings or {}))
    except ControlError as error:
        _fail(error)


def _fail(error: ControlError) -> NoReturn:
    _exit(error, 3 if isinstance(error, NoSimulator) else 1)


def _exit(error: ControlError, code: int) -> NoReturn:
    click.echo(f"hw-sim: {error}", err=True)
    sys.exit(code)


def _print_json(answer: Answer) -> None:
    click.echo(json.dumps({key: value for key, value in answer.items() if key != "ok"}, ensure_ascii=False))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _settings(entries: tuple[str, ...]) -> dict[str, Any]:
    """Return KEY=VALUE pairs; a value is JSON, or else the text itself."""
    found = {}
    for entry in entries:
        key, equals, value = entry.partition("=")
        if not key or not equals:
            raise click.UsageError(f"{entry!r} is not of the form KEY=VALUE")
        found[key] = _value(value)
    return found


@click.command()
@_control
@click.option("--from", "sender", required=True, metavar="NUMBER", help="Number of the phone that sends.")
@click.option("--to", required=True, metavar="MODEM", help="Name of a modem, or a number.")
@click.option("--flash", is_flag=True, help="Send with message class 0.")
@click.argument("text")
def send(control: str, sender: str, to: str, flash: bool, text: str) -> None:
    """Send a text from a phone to a modem."""
    answer = _ask(control, "send", {"from": sender}, to=to, text=text, flash=flash)
    click.echo(f"sent in {answer['segments']} segment(s)")


@click.command()
@_control
@click.argument("modem")
@click.argument("kind")
@click.option("--for", "for_s", type=click.FloatRange(0), metavar="S", help="End the fault after S seconds.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="End the fault after it took effect N times.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Set an option of the fault.")
def fault(
    control: str, modem: str, kind: str, for_s: float | None, count: int | None, settings: tuple[str, ...]
) -> None:
    """Inject a fault into a modem. KIND "clear" ends all faults; hw-sim faults lists the kinds."""
    answer = _ask(control, "fault", modem=modem, kind=kind, for_s=for_s, count=count, settings=_settings(settings))
    click.echo("active: " + (", ".join(answer["active"]) or "none"))


@click.command()
@_control
@click.argument("number")
@_json
def phone(control: str, number: str, as_json: bool) -> None:
    """Show the texts that a phone received and sent."""
    answer = _ask(control, "phone", number=number)
    if as_json:
        _print_json(answer)
        return
    for message in answer["received"]:
        click.echo(f"< {message['sender']}  ({message['segments']} segment(s))  {message['text']}")
    for message in answer["sent"]:
        click.echo(f"> {message['to']}  ({message['segments']} segment(s))  {message['text']}")


@click.command()
@_control
@_json
def status(control: str, as_json: bool) -> None:
    """Show modems, phones and event counts."""
    answer = _ask(control, "status")
    if as_json:
        _print_json(answer)
        return
    for modem in answer["modems"]:
        faults = ", ".join(modem["faults"]) or "-"
        click.echo(
            f"{modem['name']}  {modem['path'] or 'unplugged'}  {modem['number']}  {modem['profile']}  faults: {faults}"
        )
    for entry in answer["phones"]:
        click.echo(f"{entry['number']}  received {entry['received']}, sent {entry['sent']}")
    click.echo(", ".join(f"{name} {count}" for name, count in sorted(answer["events"].items())) or "no events yet")


@click.command()
@_control
@click.option(
    "--every",
    "every_s",
    default=0.5,
    type=click.FloatRange(0.01, 3600),
    show_default=True,
    help="Seconds between two updates.",
)
def live(control: str, every_s: float) -> None:
    """Watch modems, phones and traffic until Ctrl-C."""
    try:
        watch(control, every_s)
    except ControlError as error:  # also when the simulator ends meanwhile
        _exit(error, 3)
    except KeyboardInterrupt:
        return


@click.command()
@_control
@click.argument("op")
@click.argument("settings", nargs=-1, metavar="KEY=VALUE...")
def ask(control: str, op: str, settings: tuple[str, ...]) -> None:
    """Run any operation of the control socket and print its answer as JSON. VALUE is JSON or text."""
    _print_json(_ask(control, op, settings=_settings(settings)))


@click.command()
@_control
@click.argument("settings", nargs=-1, metavar="RULE=VALUE...")
def network(control: str, settings: tuple[str, ...]) -> None:
    """Show the network's rules, or change some: hw-sim network --control S delivery_delay_s=[1,5] loss=0.01"""
    for name, value in _ask(control, "network", settings=_settings(settings))["rules"].items():
        click.echo(f"{name} = {json.dumps(value)}")


@click.command()
@_control
@click.argument("modem")
@click.option("--name", help="Plug it in under this name.")
@click.option("--out", is_flag=True, help="Unplug it.")
def plug(control: str, modem: str, name: str | None, out: bool) -> None:
    """Plug a modem in, or unplug it."""
    if out:
        _ask(control, "unplug", modem=modem)
    else:
        click.echo(_ask(control, "replug", modem=modem, name=name)["path"])
