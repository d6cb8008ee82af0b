"""The end of setup: the gateway runs with the new configuration, a modem is ready, a text is sent."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NoReturn

from gsmgw.cli.exits import FAILED, NO_DAEMON, TIMED_OUT, fail
from gsmgw.cli.listing import say
from gsmgw.cli.setup.asking import Asking, checked_number, working
from gsmgw.cli.waiting import waits_for
from gsmgw.client import ApiError, Client, NoDaemon
from gsmgw.errors import GsmgwError
from gsmgw.model import ModemState
from gsmgw.places import SEARCH
from gsmgw.wire import resources

#: How long the gateway may take to start, a modem to be ready or at least to be found, and the test message to be sent;
#: seconds.
START_S = 60.0
READY_S = 90.0
FIND_S = 20.0
SEND_S = 120.0
LOOK_S = 0.5
#: States that last until a person does something, and those of a modem that is absent.
_NEEDS_A_PERSON = {ModemState.LOCKED, ModemState.DISABLED}
_AWAY = {ModemState.ABSENT, ModemState.UNAVAILABLE}


def restart_service(path: Path, client: Client) -> bool:
    """Restart the service so that it uses the new configuration, if it is one; return whether that was done."""
    from gsmgw.install import service

    if os.geteuid() != 0 or path != Path(SEARCH[0]) or not service.is_installed():
        return False
    with working("restarting the gateway ..."):
        try:
            service.restart()
        except GsmgwError as exc:
            fail(str(exc))
        deadline = time.monotonic() + START_S
        while not is_running(client):
            if time.monotonic() > deadline:
                fail(
                    f"the gateway did not start within {START_S:g} s. See the log: journalctl -u gsmgw -n 50", NO_DAEMON
                )
            time.sleep(LOOK_S)
    say("the gateway runs with the new configuration")
    return True


def is_running(client: Client) -> bool:
    """Return True if a gateway answers."""
    try:
        client.stats()
    except (NoDaemon, ApiError):
        return False
    return True


def create_token(client: Client, name: str) -> None:
    """Create an API token and print it."""
    try:
        made = client.request("POST", "/v1/tokens", json={"name": name, "scopes": ["send", "read"]})
    except ApiError as exc:
        fail(exc.detail)
    say(f"token {name}: {made['token']}   (shown only once)")


def send_test_message(client: Client, number: str | None, country: str | None, asking: Asking) -> None:
    """Wait for a modem and send a text, to the number or to one that is asked for."""
    if number is None and not asking.ask:
        say('To send a first text: gsmgw send NUMBER "Hello" --wait')
        return
    if not _await_modem(client):
        _explain_modems(client)
    to = checked_number(number, country) if number is not None else asking.number(country)
    while to is not None:
        try:
            _follow(client, to, client.send(to, "gsmgw works.", delivery_report=False))
            return
        except ApiError as exc:
            if number is not None or not asking.ask:
                fail(exc.detail)
            say(exc.detail, err=True)
            to = asking.number(country)


def _await_modem(client: Client) -> bool:
    """Wait until a modem can send; False if none can within the limits."""
    began = time.monotonic()
    with working("waiting for a modem ...") as show:
        while (passed_s := time.monotonic() - began) < READY_S:
            modems = client.modems()
            states = {modem["state"] for modem in modems}
            if any(state.carries for state in map(ModemState, states)):
                return True
            if (states and states <= _NEEDS_A_PERSON) or (states <= _NEEDS_A_PERSON | _AWAY and passed_s > FIND_S):
                return False
            show("; ".join(f"{modem['name']} is {modem['state']}" for modem in modems) or "waiting for a modem ...")
            time.sleep(LOOK_S)
    return False


def _explain_modems(client: Client) -> NoReturn:
    modems = client.modems()
    for modem in modems:
        say(f"{modem['name']} is {modem['state']}: {modem['detail']}", err=True)
    what = "no modem can send now" if modems else "no modem found"
    fail(f"{what}, so no test message is sent. To find the cause: sudo gsmgw doctor", TIMED_OUT)


def _follow(client: Client, to: str, message: resources.Message) -> None:
    """Wait until the network has the message, and say what it waits for meanwhile."""
    deadline = time.monotonic() + SEND_S
    with working(f"sending a test message to {to} ...") as show:
        while message["status"] in ("scheduled", "queued", "sending") and time.monotonic() < deadline:
            time.sleep(LOOK_S)
            message = client.message(message["id"])
            if words := waits_for(message):
                show(f"test message to {to}: {words}")
    status = message["status"]
    say(f"test message to {to}: {status}")
    if status in ("sent", "delivered"):
        return
    if error := message["error"]:
        say(error["title"], err=True)
    code = TIMED_OUT if status in ("queued", "sending", "unknown") else FAILED
    fail(f"the test message is {status}. To see the reason: gsmgw show {message['id']}", code)
