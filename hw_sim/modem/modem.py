"""A simulated modem: SIM, storage, radio and AT ports put together. No I/O; see ``transport``."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from typing import Protocol

from ..at.command import RunningCommand
from ..at.port import Port
from ..at.reply import Failure, Reply, cme
from ..clock import Clock, Timer
from ..codec.tpdu import Tpdu
from ..network.service_centre import Network
from ..network.subscriber import NO_ANSWER
from ..profiles.sections import Chatter, Profile
from ..simcard import SimCard
from ..storage import Store, modem_stores
from .faultset import FaultSet
from .inbound import Inbound
from .outbound import Outbound
from .radio import Radio
from .sim import SimSlot
from .state import render
from .ussd import UssdSession
from .voice import VoiceCalls

REBOOT_AFTER_S = 0.1  # between the OK of +CFUN=1,1 and the loss of the port; chosen here, so that the OK is read
_UPTIME_S = 3600.0  # of a modem that was on long before anybody looked


class CommandSet(Protocol):
    """The commands that a modem knows."""

    @property
    def names(self) -> Collection[str]:
        """The names of all commands, in the order of +CLAC."""

    def run(self, modem: Modem, command: RunningCommand) -> Reply:
        """Carry out a command. Raises Failure."""


class Modem:
    """One modem with its SIM in a network. ``timing`` is ``zero`` or ``real`` (the profile's seconds)."""

    def __init__(
        self,
        name: str,
        profile: Profile,
        card: SimCard,
        network: Network,
        imei: str,
        commands: CommandSet,
        *,
        timing: str = "zero",
        seed: str = "0",
    ) -> None:
        self.name, self.profile, self.card, self.network, self.imei = name, profile, card, network, imei
        self.commands = commands
        self.clock: Clock = network.clock
        self.timed = timing == "real"
        self.random = random.Random(f"{seed}/{name}")
        self.prompt = profile.framing.prompt.encode("latin-1")
        self.powered = False
        #: Nothing is received, without a sign (fault deaf-inbound).
        self.inbound_blocked = False
        #: Number of commands that are still refused with +CME ERROR: 515 (wavecom after +CFUN=1).
        self.refusals = 0
        self.broadcast = (0, "", "")
        self.clock_offset = timedelta()
        self.temperature_c, self.voltage_mv = profile.sensors.temperature_c, profile.sensors.voltage_mv
        self.time_zone_modes: dict[str, int] = {}
        #: Values of settings that are kept and have no effect.
        self.kept_settings: dict[str, str] = {}
        #: Commands since power-on, as typed with their AT: some of them end chatter or change how USSD is written.
        self.commands_seen: set[str] = set()
        self._timers: list[Timer] = []
        self._chatting: dict[int, Timer] = {}
        self._booted_at = 0.0
        self.memories, self.stores = modem_stores(profile.storage.sizes, profile.storage.base, card.memory)
        self.selected = list(profile.storage.default)
        self.faults = FaultSet(self)
        self.sim = SimSlot(card)
        self.sms_ready = False
        self.radio = Radio(self)
        self.inbound = Inbound(self)
        self.outbound = Outbound(self)
        self.ussd = UssdSession(self)
        self.voice = VoiceCalls(self)
        self.on_wire: Callable[[Port, str, bytes], object] | None = None
        self.ports = [Port(self, number) for number in range(profile.ports)]
        #: The ports that carry unsolicited lines.
        self.urc_ports = [self.ports[number] for number in profile.urc_ports]
        network.join(self)

    # what the network sees (network.Subscriber)

    @property
    def number(self) -> str:
        return self.card.number

    @property
    def label(self) -> str:
        return self.name

    def reachable(self) -> bool:
        """Return True when the network can deliver to this modem."""
        return self.powered and self.radio.registered and not self.inbound_blocked

    def take(self, tpdu: Tpdu, done: Callable[[int], None]) -> None:
        """Receive a DELIVER or STATUS-REPORT."""
        if self.reachable():
            self.inbound.take(tpdu, done)
        else:
            done(NO_ANSWER)

    def answer_call(self, caller: str) -> int:
        """React to a voice call: it rings until the caller gives up (V.250 result 8), or is busy (7)."""
        return 8 if self.voice.ring(caller) else 7

    # power

    def power_on(self, *, quiet: bool = False) -> None:
        """Start: banner, SIM, registration, each after the profile's time. ``quiet`` skips banner and times."""
        boot = self.profile.boot
        self.powered = True
        self._booted_at = self.clock.now() - (_UPTIME_S if quiet else 0.0)
        self._reset()
        self.radio.power_on(boot.cfun_default)
        if not quiet:
            for delay_s, text in boot.banner:
                self._at(delay_s, partial(self._banner, text))
        self._at(0 if quiet else boot.sim_after_s, self._sim_started)
        self._at(0 if quiet else boot.sms_after_s, self._sms_started)
        if quiet:
            self.radio.hurry()
        for place, entry in enumerate(self.profile.chatter):
            self._chat_later(place, entry)

    def _reset(self) -> None:
        """Return to the settings after power-on."""
        self.sms_ready = False
        self.commands_seen.clear()
        self.kept_settings.clear()
        self.time_zone_modes.clear()
        self.selected = list(self.profile.storage.default)
        self.sim.power_on()
        self.inbound.reset()
        self.outbound.reset()
        self.ussd.reset()
        self.voice.reset()
        for port in self.ports:
            port.reset()

    def power_off(self) -> None:
        """Leave the network and fall silent."""
        for timer in (*self._timers, *self._chatting.values()):
            timer.cancel()
        self._timers.clear()
        self._chatting.clear()
        self.powered = False
        self.inbound.drop()
        self.voice.hang_up()
        self.radio.power_off()

    def reboot(self) -> None:
        """Restart, as +CFUN=1,1 or a lost supply: all that is volatile is gone; the port stays (a UART)."""
        self.power_off()
        self.power_on()
        self.faults.booted()

    def _at(self, delay_s: float, action: Callable[[], object]) -> None:
        delay_s = self.seconds(delay_s)
        if delay_s > 0:
            self._timers.append(self.clock.call_later(delay_s, action))
        else:
            action()

    def _banner(self, text: str) -> None:
        for port in self.urc_ports:
            port.urc(text)

    def _sim_started(self) -> None:
        self.sim.started = True
        self.radio.search()

    def _sms_started(self) -> None:
        self.sms_ready = True

    def _chat_later(self, place: int, entry: Chatter) -> None:
        self._chatting[place] = self.clock.call_later(entry.every_s, self._chat, place, entry)

    def _chat(self, place: int, entry: Chatter) -> None:
        del self._chatting[place]
        if not entry.until or entry.until not in self.commands_seen:
            self.urc(render(entry.text, self))
            self._chat_later(place, entry)

    def forget_command(self, typed: str) -> None:
        """Undo a command that a later one replaces: chatter that it ended begins again."""
        if typed in self.commands_seen:
            self.commands_seen.remove(typed)
            for place, entry in enumerate(self.profile.chatter):
                if entry.until == typed and place not in self._chatting:
                    self._chat_later(place, entry)

    # time

    def seconds(self, profile_s: float) -> float:
        """Return a time of the profile; 0 when the simulation runs without latencies."""
        return profile_s if self.timed else 0.0

    def latency(self, name: str) -> float:
        """Return the seconds before a command is carried out."""
        timing = self.profile.timing
        return self.seconds(timing.latency.get(name, timing.latency_s))

    @property
    def baud(self) -> int:
        """Line speed; 0 for no limit."""
        return self.profile.timing.baud if self.timed else 0

    @property
    def uptime_s(self) -> float:
        """Seconds since power-on."""
        return self.clock.now() - self._booted_at

    @property
    def listening(self) -> bool:
        """Powered, and past the time after a start in which the profile's modem does not answer."""
        silent_s = self.profile.boot.answers_after_s
        return self.powered and (not silent_s or self.uptime_s >= self.seconds(silent_s))

    # state

    @property
    def receive_memory(self) -> Store:
        """mem3: where incoming messages go."""
        return self.stores[self.selected[2]]

    @property
    def operator(self) -> tuple[str, str, str]:
        """The operator of the network that the modem uses: long name, short name, code."""
        home = self.card.operator
        if not self.radio.roaming:
            return home
        return next((operator for operator in self.network.operators if operator != home), home)

    @property
    def urc_port(self) -> Port:
        """The first port that carries unsolicited lines; its settings decide their form."""
        return self.urc_ports[0]

    def on_registered(self) -> None:
        """Report the time zone if asked, and fetch what waits at the network."""
        if self.time_zone_modes.get("+CTZR"):
            self.urc("+CTZV: +00")
        self.network.available(self)

    def room_made(self) -> None:
        """Tell the network to try again: messages were deleted (SMMA)."""
        self.inbound.full_told = False
        self.clock.call_later(0, self.network.available, self)

    def unlock(self) -> None:
        """Go on after the right PIN: the SIM starts, the network is searched."""
        self.sim.pin_passed = True
        self.radio.search()

    def set_functionality(self, value: int, *, reset: bool) -> None:
        """Apply +CFUN (27.007 8.2). A reset answers OK first, then starts as from power-on. Raises Failure."""
        if value not in self.profile.radio.functionality:
            raise Failure()
        if reset:
            self.clock.call_later(REBOOT_AFTER_S if self.profile.boot.port_vanishes else 0, self.reboot)
            return
        if value == 1:
            self.refusals = self.profile.boot.busy_after_cfun
        self.radio.set_functionality(value)

    # lines out, commands in

    def urc(self, text: str) -> None:
        """Write an unsolicited line to the ports that carry them."""
        if self.powered:
            for port in self.urc_ports:
                port.urc(text)

    def dispatch(self, command: RunningCommand) -> Reply:
        """Carry out one command. Raises Failure."""
        if self.faults.active:
            self.faults.command(command)
        if self.refusals:
            self.refusals -= 1
            raise cme(515)
        return self.commands.run(self, command)
