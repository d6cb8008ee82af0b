"""Phones: subscribers without AT commands that tests can inspect and script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..codec.tpdu import Address, Tpdu, message_class, write_tpdu
from ..codec.user_data import Content, content, join_text, segments
from .service_centre import Network

KEEP = 100_000  # messages kept; beyond it the oldest tenth is dropped, ``count`` counts all


@dataclass(slots=True)
class Message:
    """A text as the phone shows it, all segments joined."""

    sender: str
    text: str
    segments: int
    encoding: str
    message_class: int | None = None
    data: bytes | None = None
    ports: tuple[int, int] | None = None
    pdus: list[str] = field(default_factory=list)
    t: float = 0.0


Script = Callable[[Message], "str | None"]


class Phone:
    """A phone with a number. It is on, confirms what it receives at once, and keeps it.

    ``status`` is the TP-ST that it gives to each message (0 delivered). ``on_message`` is called with each complete
    message and may return an answer.
    """

    def __init__(self, number: str, network: Network) -> None:
        self.number = number
        self.received: list[Message] = []
        self.count = 0
        self.sent: list[dict[str, Any]] = []
        self.reports: list[Tpdu] = []
        self.on_message: Script | None = None
        self.status = 0
        self.calls: list[str] = []
        self.call_result = 0
        self._on = True
        self._network = network
        self._parts: dict[tuple[str, int, int], dict[int, tuple[Content, str]]] = {}
        self._mr = 255
        self._ref = 0
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def card(self) -> None:
        """None: the SIM of a phone is not simulated."""
        return None

    @property
    def label(self) -> str:
        return self.number

    def reachable(self) -> bool:
        return self._on

    def switch_off(self) -> None:
        """Switch off: the network keeps messages until their validity ends."""
        self._on = False

    def switch_on(self) -> None:
        """Switch on: what waited is delivered."""
        self._on = True
        self._network.available(self)

    def answer_call(self, caller: str) -> int:
        """React to a voice call with ``call_result``: 0 answered, 7 busy, 8 no answer (V.250 result numbers)."""
        self.calls.append(caller)
        return self.call_result

    def take(self, tpdu: Tpdu, done: Callable[[int], None]) -> None:
        """Receive one TPDU (see network.subscriber)."""
        if tpdu.kind == "report":
            self.reports.append(tpdu)
            done(0)
            return
        status = self.status
        done(status)
        if status < 0x20:
            self._show(tpdu)

    def _show(self, tpdu: Tpdu) -> None:
        part = content(tpdu)
        concat = part.concat
        raw = write_tpdu(tpdu).hex().upper()
        if concat is None or concat.total == 1:
            self._add(tpdu, [(part, raw)])
            return
        key = (tpdu.address.number, concat.ref, concat.total)
        parts = self._parts.setdefault(key, {})
        parts[concat.seq] = (part, raw)
        if len(parts) == concat.total:
            del self._parts[key]
            self._add(tpdu, [parts[seq] for seq in sorted(parts)])

    def _add(self, tpdu: Tpdu, parts: list[tuple[Content, str]]) -> None:
        kind = parts[0][0].alphabet
        body = b"".join(part.body for part, _ in parts)
        message = Message(
            tpdu.address.number,
            join_text(kind, body, parts[0][0].languages),
            len(parts),
            kind,
            message_class(tpdu.dcs),
            body if kind == "data" else None,
            parts[0][0].ports,
            [raw for _, raw in parts],
            self._network.clock.now(),
        )
        self.received.append(message)
        self.count += 1
        if len(self.received) > KEEP:
            del self.received[: KEEP // 10]
        for wanted, waiter in self._waiters:
            if self.count >= wanted and not waiter.done():
                waiter.set_result(None)
        if self.on_message is not None:
            answer = self.on_message(message)
            if answer:
                self._network.clock.call_later(0, self.send, message.sender, answer)

    def answers(self, keywords: dict[str, str]) -> None:
        """Answer texts by their first word, in any case; ``*`` is the answer to any other word."""
        table = {word.lower(): answer for word, answer in keywords.items()}

        def script(message: Message) -> str | None:
            words = message.text.lower().split()
            return table.get(words[0] if words else "", table.get("*"))

        self.on_message = script

    async def wait_for(self, count: int, timeout: float = 5.0) -> list[Message]:
        """Return the messages received once there are ``count``. Raises TimeoutError after ``timeout`` seconds."""
        if self.count < count:
            entry = (count, asyncio.get_running_loop().create_future())
            self._waiters.append(entry)
            try:
                async with asyncio.timeout(timeout):
                    await entry[1]
            finally:
                self._waiters.remove(entry)
        return self.received

    def send(
        self,
        to: str,
        text: str,
        *,
        flash: bool = False,
        encoding: str | None = None,
        report: bool = False,
        pid: int = 0,
    ) -> int:
        """Send a text and return the number of segments. Raises RpError when the network refuses it."""
        self._ref = (self._ref + 1) % 256
        parts = segments(text, self._ref, encoding)
        for kind, udl, ud in parts:
            dcs = {"gsm7": 0, "data": 4, "ucs2": 8}[kind] | (0x10 if flash else 0)
            self.submit(to, udl, ud, concat=len(parts) > 1, dcs=dcs, report=report, pid=pid)
        self.sent.append({"to": to, "text": text, "segments": len(parts), "t": self._network.clock.now()})
        return len(parts)

    def submit(
        self,
        to: str,
        udl: int,
        ud: bytes,
        *,
        dcs: int,
        concat: bool = False,
        report: bool = False,
        pid: int = 0,
    ) -> None:
        """Send one SUBMIT with this user data (``concat``: it begins with a header). Raises RpError."""
        self._mr = (self._mr + 1) % 256
        first = 0x01 | (0x40 if concat else 0) | (0x20 if report else 0)
        tpdu = Tpdu("submit", first, self._mr, Address.of(to), pid, dcs, udl=udl, ud=ud)
        self._network.accept(self, tpdu, write_tpdu(tpdu))
