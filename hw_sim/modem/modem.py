"""A simulated modem: SIM, storage, radio and AT ports put together. No I/O; see ``transports``."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from ..at.port import LineTime, Port
from ..at.reply import Call, Failure, Reply, cme, cms
from ..clock import Clock, Timer
from ..codec.tpdu import Tpdu
from ..commands import TABLE, Row
from ..network.service_centre import NO_ANSWER, Network
from ..profiles.loader import Chatter, Profile
from ..simcard import SimCard
from ..storage import Joined, Memory, Store
from .faultset import FaultSet
from .radio import Radio
from .receiving import Inbound
from .ussd import UssdSession
from .voice import Calls

LINK_HOLD_S = 5.0  # 27.005 3.5.6: one to five seconds
REBOOT_AFTER_S = 0.1  # between the OK of +CFUN=1,1 and the loss of the port; chosen here, so that the OK is read


class Modem:
    """One modem with its SIM in a network. ``timing`` is ``zero`` or ``real`` (the profile's seconds)."""

    def __init__(
        self,
        name: str,
        profile: Profile,
        card: SimCard,
        network: Network,
        imei: str,
        *,
        timing: str = "zero",
        seed: str = "0",
    ) -> None:
        self.name, self.profile, self.card, self.network, self.imei = name, profile, card, network, imei
        self.clock: Clock = network.clock
        self.real_time = timing == "real"
        self.random = random.Random(f"{seed}/{name}")
        self.faults = FaultSet(self)
        self.powered = False
        self.sim_inserted = True
        self.pin_passed = False
        self.sim_is_ready = False
        self.sms_ready = False
        self.sending = False
        self.deaf = False
        self.refusals = 0
        self.link_held = 0
        self.link_used_at: float | None = None
        self.broadcast = (0, "", "")
        self.clock_offset = timedelta()
        self.zone: dict[str, int] = {}
        self.last_cause = "no cause"
        self.prompt = profile.framing.prompt.encode("latin-1")
        self._timers: list[Timer] = []
        self._chatting: dict[int, Timer] = {}
        self._booted_at = 0.0
        self._urc_ports = profile.urc_ports
        self.counters: dict[str, int] = {}
        self.flags: set[str] = set()
        rules = profile.storage
        card.memory.number(rules.sizes.get("SM", card.memory.capacity), rules.base)
        own = [Memory(name, size, rules.base) for name, size in rules.sizes.items() if name != "SM"]
        self.memories: dict[str, Memory] = {"SM": card.memory, **{memory.name: memory for memory in own}}
        self.stores: dict[str, Store] = dict(self.memories)
        self.stores["MT"] = Joined("MT", [self.memories[n] for n in ("SM", "ME") if n in self.memories])
        self.selected = list(rules.default)
        self.smsc = card.smsc
        self.radio = Radio(self)
        self.inbound = Inbound(self)
        self.ussd = UssdSession(self)
        self.calls = Calls(self)
        self.ports = [Port(self, number) for number in range(profile.ports)]
        self.on_wire: Callable[[Port, str, bytes], object] | None = None
        network.join(self)

    # what the network sees

    @property
    def number(self) -> str:
        return self.card.number

    @property
    def label(self) -> str:
        return self.name

    def reachable(self) -> bool:
        return self.powered and self.radio.registered and not self.deaf

    def take(self, tpdu: Tpdu, done: Callable[[int], None]) -> None:
        if not self.reachable():
            done(NO_ANSWER)
            return
        self.inbound.take(tpdu, done)

    def answer_call(self, caller: str) -> int:
        """A voice call comes: it rings, and nobody answers in time for the caller (V.250 result 8); 7 when busy."""
        return 8 if self.calls.ring(caller) else 7

    # power

    def power_on(self, *, quiet: bool = False) -> None:
        """Start: banner, SIM, registration, each after the profile's time. ``quiet`` skips banner and times."""
        boot = self.profile.boot
        self.powered = True
        self._booted_at = self.clock.now() - (3600.0 if quiet else 0.0)
        self.pin_passed = not self.card.pin_enabled
        self.smss_at_start = self.card.last_mr
        self.sim_is_ready = self.sms_ready = False
        self.sending = False
        self.flags.clear()
        self.counters.clear()
        self.selected = list(self.profile.storage.default)
        self.inbound.reset()
        self.ussd.reset()
        self.calls.reset()
        self.zone.clear()
        for port in self.ports:
            port.reset()
        self.radio.power_on(boot.cfun_default)
        if not quiet:
            for delay, text in boot.banner:
                self._at(delay, partial(self._banner, text))
        self._at(0 if quiet else boot.sim_after_s, self._sim_up)
        self._at(0 if quiet else boot.sms_after_s, self._sms_up)
        if quiet:
            self.radio.hurry()
        for place, entry in enumerate(self.profile.chatter):
            self._chatting[place] = self.clock.call_later(entry.every_s, self._chat, place, entry)

    def power_off(self) -> None:
        """Gone from the air and silent."""
        for timer in (*self._timers, *self._chatting.values()):
            timer.cancel()
        self._timers.clear()
        self._chatting.clear()
        self.powered = False
        self.inbound.drop()
        self.calls.hang_up()
        self.radio.power_off()

    def reboot(self) -> None:
        """As +CFUN=1,1 or a lost supply: everything volatile is gone; the port stays (a UART)."""
        self.power_off()
        self.power_on()
        self.faults.booted()

    def _at(self, delay_s: float, action: Callable[[], object]) -> None:
        delay = self.seconds(delay_s)
        if delay > 0:
            self._timers.append(self.clock.call_later(delay, action))
        else:
            action()

    def _banner(self, text: str) -> None:
        for number in self._urc_ports:
            self.ports[number].urc(text)

    def _sim_up(self) -> None:
        self.sim_is_ready = True
        self.radio.search()

    def _sms_up(self) -> None:
        self.sms_ready = True

    def _chat(self, place: int, entry: Chatter) -> None:
        if not entry.until or entry.until not in self.flags:
            self.urc(entry.text)
            self._chatting[place] = self.clock.call_later(entry.every_s, self._chat, place, entry)

    # state

    def seconds(self, profile_s: float) -> float:
        """A time of the profile, 0 when the simulation runs without latencies."""
        return profile_s if self.real_time else 0.0

    def latency(self, name: str) -> float:
        """Seconds before a command is carried out."""
        if not self.real_time:
            return 0.0
        timing = self.profile.timing
        return timing.latency.get(name, timing.latency_s)

    @property
    def listening(self) -> bool:
        """Powered, and past the time after a start in which the profile's modem does not answer."""
        deaf_s = self.profile.boot.answers_after_s
        return self.powered and (not deaf_s or self.clock.now() - self._booted_at >= self.seconds(deaf_s))

    @property
    def sim_state(self) -> str:
        """``READY``, ``SIM PIN``, ``SIM PUK``, or ``absent``, ``dead``, ``busy``."""
        if not self.sim_inserted:
            return "absent"
        if self.card.dead:
            return "dead"
        if self.card.blocked:
            return "SIM PUK"
        if not self.pin_passed:
            return "SIM PIN"
        return "READY" if self.sim_is_ready else "busy"

    @property
    def sim_ready(self) -> bool:
        return self.sim_state == "READY"

    @property
    def receive_memory(self) -> Store:
        """mem3: where incoming messages go."""
        return self.stores[self.selected[2]]

    @property
    def card_operator(self) -> tuple[str, str, str]:
        """The operator: long name, short name, numeric code (27.007 7.3)."""
        return self.card.operator

    @property
    def urc_port(self) -> Port:
        """The first port that carries unsolicited lines; its settings decide their form."""
        return self.ports[self._urc_ports[0]]

    def on_registered(self) -> None:
        if self.zone.get("+CTZR"):
            self.urc("+CTZV: +00")
        self.network.available(self)

    def room_made(self) -> None:
        """Messages were deleted: the network may try again (SMMA)."""
        self.inbound.full_told = False
        self.clock.call_later(0, self.network.available, self)

    def unlock(self) -> None:
        """The PIN was right: the SIM comes up, the network is searched."""
        self.pin_passed = True
        self.radio.search()

    def require_sim(self) -> None:
        """Raise the +CME ERROR of a SIM that cannot be used."""
        state = self.sim_state
        if state != "READY":
            raise cme({"absent": 10, "dead": 13, "SIM PUK": 12, "SIM PIN": 11}.get(state, 14))

    def set_functionality(self, value: int, *, reset: bool) -> Reply:
        """+CFUN (27.007 8.2). A reset answers OK first; what follows is a start as from power-on."""
        if value not in self.profile.radio.functionality:
            raise Failure()
        if reset:
            self.clock.call_later(REBOOT_AFTER_S if self.profile.boot.port_vanishes else 0, self.reboot)
            return None
        if value == 1:
            self.refusals = self.profile.boot.busy_after_cfun
        self.radio.set_functionality(value)
        return None

    def check_smsc_readable(self) -> None:
        """Raise SIM busy while the profile's start keeps the service centre unreadable."""
        busy_s = self.seconds(self.profile.boot.csca_busy_s)
        if busy_s and self.clock.now() - self._booted_at < busy_s:
            raise cme(14)

    def check_link(self) -> int:
        """+CMMS as it is now: the link is let go, and 1 becomes 0, when nothing was sent for LINK_HOLD_S."""
        if self.link_used_at is not None and self.clock.now() - self.link_used_at > LINK_HOLD_S:
            self.link_used_at = None
            self.link_held = 0 if self.link_held == 1 else self.link_held
        return self.link_held

    def airtime(self) -> float:
        """Seconds that the next submission takes on the air; less when the link was held since the last one (+CMMS)."""
        if not self.real_time:
            return 0.0
        timing = self.profile.timing
        held = self.check_link() and self.link_used_at is not None
        low, high = timing.submit_held_s if held else timing.submit_s
        return self.random.uniform(low, high) if high else 0.0

    # lines out

    def urc(self, text: str) -> None:
        """An unsolicited line on the ports that carry them."""
        if self.powered:
            for number in self._urc_ports:
                self.ports[number].urc(text)

    def line_out(self, port: Port, data: bytes) -> None:
        """Octets to the TE, behind the faults."""
        port.emit(data)

    def line_delay(self, line: LineTime, octets: int) -> float:
        """Seconds until so many octets are over a line, ten bits each, after what is on it; 0 without real timing."""
        baud = self.profile.timing.baud
        if not baud or not self.real_time:
            return 0.0
        now = self.clock.now()
        line.free_at = max(now, line.free_at) + octets * 10 / baud
        return line.free_at - now

    # commands

    def dispatch(self, call: Call) -> Reply:
        """Carry out one command."""
        command = call.command
        profile = self.profile
        if self.faults.active:
            self.faults.command(call.port, command.name)
        if self.refusals:
            self.refusals -= 1
            raise cme(515)
        if profile.sim.refused_before_pin and not self.pin_passed:
            self._refuse_before_pin(command.name)
        if profile.answers or profile.chatter:
            canned = self._canned(call)
            if canned is not None:
                return canned
        row = TABLE.get(command.name)
        if row is None and command.name in profile.identity.iccid:
            row = TABLE["+CCID"]
        if row is None or command.name in profile.absent:
            raise Failure("text")
        self.gate(row, command.name)
        handler = getattr(row, command.form)
        if handler is None:
            raise Failure()
        if isinstance(handler, str):
            return [f"{command.name}: {handler}"] if handler else None
        reply: Reply = handler(call)
        return reply

    def _refuse_before_pin(self, name: str) -> None:
        refused = self.profile.sim.refused_before_pin
        if name in refused or ("*" in refused and name not in ("+CPIN", "+CMEE", "E", "V", "Q")):
            raise cme(11) if name.startswith("+") else Failure()

    def _canned(self, call: Call) -> Reply:
        name, form, text = call.command
        literal = name + {"run": "", "read": "?", "test": "=?", "set": f"={text}"}[form]
        answer = self.profile.answers.get(literal)
        self.flags.add(f"AT{literal}")
        if answer is None:
            return None
        lines = list(answer)
        if lines and lines[-1] == "ERROR":
            raise Failure()
        if lines and lines[-1] == self.profile.framing.unknown:
            raise Failure("text")
        if lines and lines[-1].startswith("+CME ERROR: "):
            raise cme(int(lines[-1][12:]))
        if lines and lines[-1].startswith("+CMS ERROR: "):
            raise cms(int(lines[-1][12:]))
        return lines

    def gate(self, row: Row, name: str) -> None:
        """Raise what stands against a command now: SIM missing, locked, busy, message service not up."""
        if row.needs == "power":
            return
        state = self.sim_state
        if state == "READY" and (self.sms_ready or row.needs == "sim"):
            return
        if row.needs == "sms":
            code = {"absent": 310, "dead": 313, "SIM PUK": 316, "SIM PIN": 311}.get(
                state, self.profile.boot.sms_busy_error
            )
            raise cms(code) if code else Failure()
        raise cme({"absent": 10, "dead": 13, "SIM PUK": 12, "SIM PIN": 11}.get(state, 14))
