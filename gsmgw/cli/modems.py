"""gsmgw modems, modem NAME ..."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import IO, Any

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.exits import TIMED_OUT, USAGE, fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say, shown
from gsmgw.cli.params import NAME
from gsmgw.client import Client
from gsmgw.digits import is_digits

Json = dict[str, Any]


@click.command()
@json_lines_option
@click.pass_context
@talks
def modems(context: click.Context, as_json: bool) -> None:
    """List the modems and their state."""
    with connect(context) as client:
        found = client.modems()
    if as_json:
        for modem in found:
            print_json(modem)
        return
    rows = [
        (
            modem["name"],
            modem["state"],
            modem["operator"],
            _signal(modem["signal_dbm"]),
            modem["number"],
            modem["port"],
            modem["detail"],
        )
        for modem in found
    ]
    print_table(("name", "state", "operator", "signal", "number", "port", "detail"), rows, "no modems")


def _signal(dbm: int | None) -> str:
    return "" if dbm is None else f"{dbm} dBm"


#: How long a command waits for the state that it causes, seconds.
WAIT_S = 60.0
#: States on the way to another one.
_UNDER_WAY = {"probing", "searching", "recovering"}
_ACTIONS = ["info", "reset", "enable", "disable", "ussd", "pin", "signal", "tap"]


@click.command(short_help="Show or control a modem.")
@click.argument("name", metavar="NAME", type=NAME)
@click.argument("action", type=click.Choice(_ACTIONS), default="info")
@click.argument("value", required=False)
@click.option("--masked", is_flag=True, help="With tap: mask numbers and texts, so that you can share the output.")
@click.option("--output", type=click.Path(dir_okay=False), help="With tap: write to this file, readable only by you.")
@json_option
@click.pass_context
@talks
def modem(
    context: click.Context, name: str, action: str, value: str | None, masked: bool, output: str | None, as_json: bool
) -> None:
    """Show or control modem NAME.

    reset, enable, disable and pin wait for the new state of the modem and print it.

    \b
    info       show its state and its SIM (default)
    reset      restart it
    enable     start using it
    disable    stop using it
    ussd CODE  send a USSD code, for example '*100#'
    pin [PIN]  enter the PIN of its SIM
    signal     show its signal strength
    tap        print the traffic on its port until Ctrl-C
    """
    if action != "tap" and (masked or output):
        raise click.UsageError("--masked and --output need the action tap")
    if value is not None and action not in ("ussd", "pin"):
        raise click.UsageError(f"{action} takes no value")
    if action == "tap":
        _tap(context, name, masked, output)
    elif action == "ussd":
        _ussd(context, name, value, as_json)
    elif action in ("info", "signal"):
        _look(context, name, action, as_json)
    else:
        _change(context, name, action, _pin(value) if action == "pin" else None, as_json)


def _ussd(context: click.Context, name: str, code: str | None, as_json: bool) -> None:
    """Send a USSD code and print the answer of the network."""
    if code is None:
        raise click.UsageError("the USSD code is missing: gsmgw modem NAME ussd CODE, for example '*100#'")
    with connect(context) as client:
        answer = client.modem(name, "ussd", {"code": code})
    if as_json:
        print_json(answer)
        return
    say(answer["answer"] or f"({answer['outcome']})", lines=True)
    if answer["more"]:
        say(f"(the network expects a reply: gsmgw modem {name} ussd REPLY)", err=True)


def _look(context: click.Context, name: str, action: str, as_json: bool) -> None:
    """Print what is known of a modem, or its signal strength."""
    with connect(context) as client:
        found = client.modem(name)
    if as_json:
        print_json(found)
    elif action == "signal":
        say(_signal(found["signal_dbm"]) or "unknown")
    else:
        for key, known in found.items():
            if known not in (None, {}, []):
                say(f"{key:>14}  {shown(known)}")


def _pin(given: str | None) -> Json:
    """Return the body with the PIN, which is asked for if it is not given."""
    pin = given or str(click.prompt("PIN", hide_input=True, err=True))
    if not (4 <= len(pin) <= 8 and is_digits(pin)):
        raise click.UsageError("a PIN has 4 to 8 digits")
    return {"pin": pin}


def _change(context: click.Context, name: str, action: str, body: Json | None, as_json: bool) -> None:
    """Change something, wait for what it causes, and print the new state. Exits with 4 if that takes too long."""
    with connect(context) as client:
        client.modem(name, action, body)
        found, is_final = _await_state(client, name, action)
    if as_json:
        print_json(found)
    else:
        say(f"{name}: {found['state']}, {found['detail']}")
    if action == "pin":
        say(_keep_pin(found), err=True, lines=True)
    if not is_final:
        say(f"gsmgw: {name} is still {found['state']} after {WAIT_S:g} s. The gateway goes on", err=True)
        say(f"To see its state: gsmgw modem {name}", err=True)
        sys.exit(TIMED_OUT)


def _await_state(client: Client, name: str, action: str) -> tuple[Json, bool]:
    """Follow the states of a modem until one that stays. Return the modem, and whether it came to such a state."""
    cursor = client.stats()["last_event"]
    found = client.modem(name)
    if _is_final(found, action):
        return found, True
    with suppress(TimeoutError):
        for event in client.events(cursor, ["modem.state_changed"], timeout_s=WAIT_S):
            if event["modem"] == name and _is_final(found := client.modem(name), action):
                return found, True
    found = client.modem(name)
    return found, _is_final(found, action)


def _is_final(found: Json, action: str) -> bool:
    """Return True if the state of a modem is one to which an action leads, and that stays."""
    state = found["state"]
    if action == "disable":
        return bool(state == "disabled")
    return state not in _UNDER_WAY and state != {"pin": "locked", "enable": "disabled"}.get(action)


def _keep_pin(found: Json) -> str:
    """Return how to keep a PIN that was entered by hand."""
    where = f'match = {{ imei = "{found["imei"]}" }}' if found["imei"] else f'port = "{found["port"]}"'
    return (
        "The gateway uses this PIN for this SIM until it is stopped. To keep it, write it to the configuration\n"
        "(sudo nano /etc/gsmgw/gsmgw.toml), into the section of the modem, or into a new one:\n"
        f'  [[modem]]\n  name = "{found["name"]}"\n  {where}\n  pin = "..."'
    )


def _tap(context: click.Context, name: str, masked: bool, output: str | None) -> None:
    """Print the traffic on the port until Ctrl-C, or write it to a file with mode 0600."""
    file: IO[str] | None = None
    if output is not None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            file = os.fdopen(os.open(output, flags, 0o600), "w", encoding="utf-8", buffering=1)
            os.fchmod(file.fileno(), 0o600)
        except OSError as exc:
            fail(f"{output}: {exc.strerror}", USAGE)
    try:
        with connect(context) as client:
            for line in client.tap(name, masked=masked):
                if file is None:
                    say(line)
                else:
                    file.write(f"{line}\n")
    except KeyboardInterrupt:
        return
    finally:
        if file is not None:
            file.close()
