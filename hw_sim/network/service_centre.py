"""The virtual network: a service centre that accepts, stores, forwards and reports messages (TS 23.040 3)."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from datetime import timedelta, timezone
from functools import partial
from typing import Any

from ..clock import Calendar, Clock
from ..codec.tpdu import Address, Tpdu, validity_s, write_time, write_tpdu
from ..codec.user_data import content
from ..events import EventLog
from .mailbox import Mailbox, Transit
from .rules import Rules
from .subscriber import (
    DELETED_BY_SENDER,
    INCOMPATIBLE_DESTINATION,
    NO_ANSWER,
    PERMANENT,
    TEMPORARY,
    VALIDITY_EXPIRED,
    Subscriber,
)
from .ussd_services import SERVICES, Service

DEFAULT_VALIDITY_S = 48 * 3600.0


# Long name, short name, code; German operators, names as in public MCC/MNC lists.
OPERATORS = (("Telekom.de", "TDG", "26201"), ("Vodafone.de", "Voda", "26202"), ("o2 - de", "o2", "26203"))


class RpError(Exception):
    """The network refuses a submission; ``cause`` is a +CMS ERROR number (24.011 RP cause or TP-FCS)."""

    def __init__(self, cause: int) -> None:
        super().__init__(f"cause {cause}")
        self.cause = cause


class Network:
    """Numbers, mailboxes and rules. All random numbers come from ``seed`` and the subscriber's number."""

    def __init__(self, clock: Clock, calendar: Calendar, log: EventLog, seed: str = "0") -> None:
        self.clock, self.calendar, self.log = clock, calendar, log
        self.rules = Rules()
        self._seed = seed
        self._boxes: dict[str, Mailbox] = {}
        self._random: dict[str, random.Random] = {}
        self._recent: dict[str, deque[float]] = {}
        self.ussd_services: dict[str, Service] = dict(SERVICES)
        self.operators = OPERATORS
        self.make_subscriber: Callable[[str], Subscriber] | None = None

    def set_rules(self, **changes: Any) -> Rules:
        """Change rules by name (times as a number or a pair); raises OptionError."""
        self.rules.change(**changes)
        for box in self._boxes.values():
            if box.queue:
                self.clock.call_later(0, self._retry, box)
        return self.rules

    def normal(self, number: str) -> str:
        """Return a number in international form: national ones get the country code, short ones stay."""
        if number.startswith("00"):
            return "+" + number[2:]
        if number.startswith("0") and len(number) > 5:
            return f"+{self.rules.country_code}{number[1:]}"
        return number

    def join(self, subscriber: Subscriber) -> None:
        """Connect a subscriber. Raises ValueError when its number is in use."""
        number = self.normal(subscriber.number)
        if number in self._boxes:
            raise ValueError(f"number {number} is in use already")
        self._boxes[number] = Mailbox(subscriber)

    def find(self, number: str) -> Subscriber | None:
        box = self._boxes.get(self.normal(number))
        return box.owner if box else None

    def waiting(self, subscriber: Subscriber) -> int:
        """Return the number of TPDUs that wait for a subscriber."""
        return len(self._boxes[self.normal(subscriber.number)].queue)

    def chance(self, who: str) -> random.Random:
        """Return the random numbers of one subscriber, independent of all others."""
        found = self._random.get(who)
        if found is None:
            found = self._random[who] = random.Random(f"{self._seed}/{who}")
        return found

    def accept(self, origin: Subscriber, tpdu: Tpdu, pdu: bytes) -> bytes:
        """Accept a SUBMIT and return its time stamp; one of a modem is logged before this returns. Raises RpError."""
        rules = self.rules
        number = self.normal(tpdu.address.number)
        self._check(origin, number)
        stamped = self._stamp()
        if origin.card is not None:
            self._log_submit(origin, number, tpdu, pdu)
        sender = self._presented(origin)
        deliver = Tpdu(
            "deliver",
            0x04 | tpdu.first & 0xC0 | (0x20 if tpdu.report_wanted else 0),
            address=Address.of(sender),
            pid=tpdu.pid,
            dcs=tpdu.dcs,
            scts=stamped,
            udl=tpdu.udl,
            ud=tpdu.ud,
        )
        life = validity_s(tpdu)
        transit = Transit(
            deliver,
            sender,
            origin,
            tpdu.mr,
            tpdu.report_wanted,
            self.clock.now() + (DEFAULT_VALIDITY_S if life is None else life),
            stamped,
        )
        chance = self.chance(origin.number)
        if rules.loss and chance.random() < rules.loss:
            return stamped
        copies = 2 if rules.duplicate and chance.random() < rules.duplicate else 1
        for _ in range(copies):
            delay = chance.uniform(*rules.delivery_delay_s) if rules.delivery_delay_s[1] else 0.0
            if rules.reorder and chance.random() < rules.reorder:
                delay += chance.uniform(0, rules.reorder_by_s)
            self.clock.call_later(delay, self.post, number, transit)
        return stamped

    def _stamp(self) -> bytes:
        """Return the next time stamp in the zone of the rules, or zeros (rule ``zero_time``)."""
        moment = self.calendar.stamp().astimezone(timezone(timedelta(minutes=15 * self.rules.zone_quarters)))
        return bytes(7) if self.rules.zero_time else write_time(moment)

    def _log_submit(self, origin: Subscriber, number: str, tpdu: Tpdu, pdu: bytes) -> None:
        body = content(tpdu)
        concat = body.concat
        self.log.add(
            "submit",
            modem=origin.label,
            sender=origin.number,
            to=number,
            text=body.text,
            reference=tpdu.mr,
            pdu=pdu.hex().upper(),
            encoding=body.alphabet,
            concat={"ref": concat.ref, "total": concat.total, "seq": concat.seq} if concat else None,
            report=tpdu.report_wanted,
        )

    def command(self, origin: Subscriber, tpdu: Tpdu) -> None:
        """Carry out a COMMAND (23.040 9.2.3.19): 2 deletes a message that still waits, 0 asks for a report."""
        for box in self._boxes.values():
            for transit in [t for t in box.queue if t.origin is origin and t.mr == tpdu.number]:
                if tpdu.command == 2:
                    box.queue.remove(transit)
                    self._finish(box.owner.number, transit, DELETED_BY_SENDER)
                elif tpdu.command == 0:
                    self._finish(box.owner.number, transit, NO_ANSWER)

    def called(self, number: str, caller: str) -> int:
        """Return the result of a voice call: 0 connected, else a V.250 result number (3, 7 busy, 8 no answer)."""
        found = self.find(number)
        if found is None or not found.reachable():
            return 3
        return found.answer_call(caller)

    def _check(self, origin: Subscriber, to: str) -> None:
        rules = self.rules
        if rules.outage:
            raise RpError(38)
        if rules.submit_cause is not None:
            raise RpError(rules.submit_cause)
        cause = rules.refused.get(to) or rules.barred.get(self.normal(origin.number))
        if cause is not None:
            raise RpError(cause)
        if rules.per_minute is not None:
            recent = self._recent.setdefault(origin.number, deque())
            now = self.clock.now()
            while recent and recent[0] <= now - 60:
                recent.popleft()
            if len(recent) >= rules.per_minute:
                raise RpError(rules.throttle_cause)
            recent.append(now)
        card = origin.card
        if card is not None and card.credit is not None and rules.price:
            if card.credit < rules.price:
                raise RpError(rules.no_credit_cause)
            card.credit -= rules.price

    def _reported(self, number: str) -> Address:
        """Return the recipient as a report shows it (gammu issue 695: not always as it was sent)."""
        form, code = self.rules.report_number, f"+{self.rules.country_code}"
        if form == "national" and number.startswith(code):
            return Address("0" + number[len(code) :], 0xA1)
        if form == "bare":
            return Address(number.lstrip("+"), 0x81)
        return Address.of(number)

    def _presented(self, origin: Subscriber) -> str:
        return self.normal(origin.number)

    def post(self, number: str, transit: Transit) -> None:
        """Put a TPDU into a mailbox. An unknown number becomes a phone if the network may create one."""
        box = self._boxes.get(number)
        if box is None:
            if self.make_subscriber is None:
                self._finish(number, transit, INCOMPATIBLE_DESTINATION)
                return
            self.make_subscriber(number)
            box = self._boxes[number]
        box.queue.append(transit)
        self._pump(box)

    def available(self, subscriber: Subscriber) -> None:
        """Deliver what waits: a subscriber can be reached again, or has room again (SMMA, TS 23.040 3.3.2)."""
        box = self._boxes.get(self.normal(subscriber.number))
        if box is not None:
            self._retry(box)

    def _retry(self, box: Mailbox) -> None:
        if box.retry is not None:
            box.retry.cancel()
            box.retry = None
        box.held = False
        self._pump(box)

    def _pump(self, box: Mailbox) -> None:
        while box.queue and not box.busy and not box.held:
            transit = box.queue[0]
            if transit.expires_at and self.clock.now() >= transit.expires_at:
                box.queue.popleft()
                self._finish(box.owner.number, transit, VALIDITY_EXPIRED)
                continue
            if self.rules.outage or not box.owner.reachable():
                self._tell_waiting(transit, box)
                self._watch(box)
                return
            if (wait_s := box.free_s - self.clock.now()) > 0:  # room in the modem does not make the radio faster
                box.held = True
                box.retry = self.clock.call_later(wait_s, self._retry, box)
                return
            box.busy = True
            box.owner.take(transit.tpdu, partial(self._taken, box, transit))

    def _tell_waiting(self, transit: Transit, box: Mailbox) -> None:
        """Send one interim report: the service centre is still trying (23.040 9.2.3.15)."""
        if self.rules.interim_reports and not transit.interim:
            transit.interim = True
            self._finish(box.owner.number, transit, NO_ANSWER)

    def _watch(self, box: Mailbox) -> None:
        if box.expiry is not None:
            box.expiry.cancel()
        first = min((t.expires_at for t in box.queue if t.expires_at), default=0.0)
        if first:
            box.expiry = self.clock.call_later(max(0.001, first - self.clock.now()), self._expire, box)

    def _expire(self, box: Mailbox) -> None:
        box.expiry = None
        now = self.clock.now()
        for transit in [t for t in box.queue if t.expires_at and t.expires_at <= now]:
            box.queue.remove(transit)
            self._finish(box.owner.number, transit, VALIDITY_EXPIRED)
        if box.queue:
            self._watch(box)

    def _taken(self, box: Mailbox, transit: Transit, status: int) -> None:
        box.busy = False
        if TEMPORARY <= status < PERMANENT:
            box.held = True
            box.retry = self.clock.call_later(self.rules.retry_s, self._retry, box)
            self._watch(box)
            return
        box.queue.popleft()
        if transit.tpdu.kind == "report":
            self.log.add(
                "report",
                modem=box.owner.label,
                to=transit.tpdu.address.number,
                reference=transit.tpdu.mr,
                status=transit.tpdu.status,
            )
        else:
            if status < TEMPORARY:
                body = content(transit.tpdu)
                concat = body.concat
                self.log.add(
                    "deliver",
                    to=box.owner.number,
                    modem=box.owner.label,
                    sender=transit.sender,
                    text=body.text,
                    pdu=write_tpdu(transit.tpdu).hex().upper(),
                    concat={"ref": concat.ref, "total": concat.total, "seq": concat.seq} if concat else None,
                )
            self._finish(box.owner.number, transit, status)
        box.free_s = self.clock.now() + self.rules.delivery_gap_s
        if box.queue:
            self.clock.call_later(0, self._pump, box)

    def _finish(self, number: str, transit: Transit, status: int) -> None:
        """Report the result of a message to its sender, if asked (TS 23.040 3.2.9)."""
        if not transit.report_wanted or transit.origin is None:
            return
        rules = self.rules
        chance = self.chance(number)
        if rules.report_loss and chance.random() < rules.report_loss:
            return
        report = Tpdu(
            "report",
            0x04,
            mr=transit.mr,
            address=self._reported(number),
            scts=transit.stamped,
            discharge=self._stamp(),
            status=status,
        )
        delay = chance.uniform(*rules.report_delay_s) if rules.report_delay_s[1] else 0.0
        back = Transit(report, number, None)
        self.clock.call_later(delay, self.post, self.normal(transit.origin.number), back)
