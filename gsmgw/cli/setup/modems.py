"""Find the modems and unlock their SIMs: through a running gateway, which holds the ports, or directly."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence

from gsmgw.cli.exits import fail
from gsmgw.cli.listing import say
from gsmgw.cli.setup.asking import Asking, working
from gsmgw.client import ApiError, Client
from gsmgw.errors import ModemError
from gsmgw.install.configfile import ModemChoice
from gsmgw.model import ModemState
from gsmgw.wire import resources

#: How long modems may take to start, and the first one to be found after it was plugged in; how often they are looked
#: at; seconds.
SETTLE_S = 30.0
FIND_S = 12.0
LOOK_S = 0.5
#: Wrong PINs that setup sends to a SIM: a third one would block it.
TRIES = 2
_STARTING = (ModemState.PROBING, ModemState.RECOVERING)
#: Names that the gateway makes for modems without a section.
_AUTOMATIC = re.compile(r"(modem-[0-9]{6,16}|usb-[0-9.-]+)")
_USB = ("/dev/ttyUSB", "/dev/ttyACM")


def chosen_modems(
    client: Client | None, named: Sequence[tuple[str, str]], pin: str | None, asking: Asking
) -> list[ModemChoice]:
    """Return the modems that need a section. The ports that the gateway of ``client`` holds are left to it."""
    if client is None:
        return directly(named, pin, asking)
    if not named:
        return through_gateway(client, pin, asking)
    held = {_node(modem): modem for modem in _settled(client)}
    free = [(name, port) for name, port in named if os.path.realpath(port) not in held]
    found = {choice.name: choice for choice in directly(free, pin, asking)} if free else {}
    for name, port in named:
        if (modem := held.get(os.path.realpath(port))) is not None:
            found[name] = ModemChoice(name, port=port, pin=_pin_through_gateway(client, modem, pin, asking))
    return [found[name] for name, _ in named]


def through_gateway(client: Client, pin: str | None, asking: Asking) -> list[ModemChoice]:
    """Return the modems of a running gateway that need a section: those with a PIN, and those with a name of their own.

    The gateway unlocks their SIMs at once.
    """
    modems = _settled(client, FIND_S)
    if not modems:
        say("no modem found; it will be used when it is plugged in", err=True)
    chosen = []
    for modem in modems:
        used = _pin_through_gateway(client, modem, pin, asking)
        if used is None and pin is not None and len(modems) == 1 and modem["state"] != ModemState.LOCKED:
            used = _unchecked(modem["name"], pin)
        if used is not None or not _AUTOMATIC.fullmatch(modem["name"]):
            chosen.append(_section(modem, used))
    return chosen


def _pin_through_gateway(client: Client, modem: resources.Modem, pin: str | None, asking: Asking) -> str | None:
    """Name a modem of the gateway, and have its SIM unlocked if that is needed; return the PIN."""
    say(f"found {modem['name']} ({modem['state']}: {modem['detail']})")
    if modem["state"] != ModemState.LOCKED:
        return None
    return _unlock(modem["name"], pin, asking, _gateway_pin(client, modem["name"]))


def _node(modem: resources.Modem) -> str:
    return os.path.realpath(modem["port"] or "/")


def directly(named: Sequence[tuple[str, str]], pin: str | None, asking: Asking) -> list[ModemChoice]:
    """Return the modems that need a section: those named by --port, and those with a locked SIM."""
    from gsmgw.install.probing import Candidate, candidates, probe_all

    groups = [[Candidate(port, name)] for name, port in named] if named else candidates()
    with working("looking for modems ..."):
        found, silent = probe_all(groups)
    for sentence in silent:
        say(f"no answer: {sentence}", err=True)
    if not found and not silent:
        say("no modem found; it will be used when it is plugged in", err=True)
    pins: dict[str, str | None] = {}
    for answer in found:
        say(f"found {answer.title} at {answer.port}, SIM: {answer.sim}")
        if answer.wants_pin:
            pins[answer.title] = _unlock(answer.title, pin, asking, _direct_pin(answer.port))
        elif pin is not None and len(found) == 1:
            pins[answer.title] = _unchecked(answer.title, pin)
    if named:
        return [ModemChoice(name, port=port, pin=pins.get(name)) for name, port in named]
    locked = [answer for answer in found if pins.get(answer.title) is not None]
    return [
        ModemChoice(
            f"modem{number}",
            port=None if answer.imei else answer.port,
            imei=answer.imei,
            pin=pins[answer.title],
        )
        for number, answer in enumerate(locked, 1)
    ]


def refuse_bad_ports(named: Sequence[tuple[str, str]], client: Client | None) -> None:
    """Exit with the cure if a port does not exist or is busy. Those that the running gateway uses are fine."""
    from gsmgw.install.probing import port_problem

    own = set() if client is None else set(map(_node, client.modems()))
    for name, port in named:
        if os.path.realpath(port) not in own and (problem := port_problem(port)) is not None:
            fail(f"--port {name}={port}: {problem}")


def _settled(client: Client, find_s: float = 0.0) -> list[resources.Modem]:
    """Return the modems once none of them is starting, within limits; the first one may take ``find_s`` to be found."""
    began = time.monotonic()
    with working("asking the gateway for its modems ...") as show:
        while True:
            modems = client.modems()
            starting = [modem["name"] for modem in modems if modem["state"] in _STARTING]
            if time.monotonic() - began > (SETTLE_S if starting else 0.0 if modems else find_s):
                return modems
            show(f"waiting for {', '.join(starting) or 'a modem'} ...")
            time.sleep(LOOK_S)


def _unlock(title: str, given: str | None, asking: Asking, enter: Callable[[str], None]) -> str | None:
    """Unlock a SIM with the given PIN, or with one that is asked for. Return it; None if the SIM stays locked."""
    for _ in range(TRIES):
        pin = given if given is not None else asking.pin(title)
        if pin is None:
            break
        try:
            with working(f"unlocking the SIM in {title} ..."):
                enter(pin)
        except (ApiError, ModemError) as exc:
            reason = (exc.detail if isinstance(exc, ApiError) else exc.title).removeprefix(f"{title}: ")
            if not asking.ask:
                fail(f"{title}: {reason}. Nothing is written")
            say(f"{title}: {reason}", err=True)
            given = None
            continue
        say(f"the SIM in {title} accepted the PIN")
        return pin
    say(f"the SIM in {title} stays locked. To unlock it later: gsmgw modem NAME pin", err=True)
    return None


def _unchecked(title: str, pin: str) -> str:
    say(f"the SIM in {title} needs no PIN now, so --pin is written without a check")
    return pin


def _gateway_pin(client: Client, name: str) -> Callable[[str], None]:
    def enter(pin: str) -> None:
        client.modem(name, "pin", {"pin": pin})

    return enter


def _direct_pin(port: str) -> Callable[[str], None]:
    from gsmgw.install.probing import enter_pin

    def enter(pin: str) -> None:
        enter_pin(port, pin)

    return enter


def _section(modem: resources.Modem, pin: str | None) -> ModemChoice:
    """Return the section of a modem: by its IMEI if the gateway can find it at any USB port, else by its port."""
    port = modem["port"]
    by_imei = modem["imei"] and (port is None or os.path.realpath(port).startswith(_USB))
    if by_imei or port is None:
        return ModemChoice(modem["name"], imei=modem["imei"], pin=pin)
    return ModemChoice(modem["name"], port=port, pin=pin)
