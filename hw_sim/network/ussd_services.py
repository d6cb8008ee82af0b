"""The operator's USSD services: codes and menus (27.007 7.15, TS 22.090)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..simcard import SimCard

DONE, MORE, TERMINATED, OTHER_CLIENT, UNSUPPORTED, TIMED_OUT = range(6)


class UssdReply(NamedTuple):
    """The operator's answer: <m> of +CUSD and the text, None for none."""

    state: int
    text: str | None = None


class UssdCaller(Protocol):
    """The modem that sends a request, as the operator sees it."""

    card: SimCard


Service = Callable[[UssdCaller, str], UssdReply]


def balance(modem: UssdCaller, request: str) -> UssdReply:
    """Answer with the SIM's credit, or postpaid."""
    credit = modem.card.credit
    return UssdReply(DONE, "Postpaid" if credit is None else f"Balance: {credit:.2f} EUR")


def own_number(modem: UssdCaller, request: str) -> UssdReply:
    return UssdReply(DONE, f"Your number is {modem.card.number}")


def two_lines(modem: UssdCaller, request: str) -> UssdReply:
    """Answer with a line break inside the quotes, as operators do."""
    return UssdReply(DONE, "Line one\r\nLine two")


def silent(modem: UssdCaller, request: str) -> UssdReply:
    """Answer that the network timed out."""
    return UssdReply(TIMED_OUT)


def menu(modem: UssdCaller, request: str) -> UssdReply:
    """Answer with a menu of two levels; the session stays open until a leaf."""
    leaves = {"1": balance, "2": own_number}
    if request in leaves:
        return leaves[request](modem, request)
    if request == "0":
        return UssdReply(TERMINATED, "Goodbye")
    return UssdReply(MORE, "1 Balance\n2 My number\n0 End")


SERVICES: dict[str, Service] = {
    "*100#": balance,
    "*101#": menu,
    "*102#": own_number,
    "*103#": two_lines,
    "*199#": silent,
}
