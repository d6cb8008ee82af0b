"""What is done for a modem in service besides its messages.

The port is kept in step, what is known kept fresh, what nobody tells found out, a modem in trouble brought back.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from gsmgw.errors import ModemError
from gsmgw.model import ModemState
from gsmgw.modem.health.recovery import Rung
from gsmgw.modem.health.telemetry import Survey
from gsmgw.modem.link.link_context import StepNeeded, Surroundings
from gsmgw.modem.port.driver import Driver
from gsmgw.modem.port.errors import ModemReset, NotAModem
from gsmgw.modem.port.port_lock import Priority
from gsmgw.modem.receiving.indication_watch import Hearing
from gsmgw.modem.receiving.receiver import Receiver
from gsmgw.modem.settings import Settings
from gsmgw.modem.sim.registration import Network
from gsmgw.modem.wakeup import Signal

log = logging.getLogger(__name__)

#: A modem that said nothing for that long is asked for its registration and signal.
HEALTH_EVERY_S = 30.0
#: One that is busy sending is asked, too, but not as often.
REFRESH_AT_LEAST_EVERY_S = 300.0
#: Its settings are read back that often all the same: without them it is deaf, or takes PDUs for text.
READ_BACK_AT_LEAST_EVERY_S = 60.0
#: While no network is found: the URC may not come, so it is also asked for, in growing pauses.
SEARCH_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
#: However often a modem says that its registration changed, the other domains are not asked more often than that.
LOOK_PAUSE_S = 1.0
#: The node of the port is looked at, for one that was replaced without a hang-up.
NODE_EVERY_S = 1.0
#: The memories are swept, in case an indication was lost; and where no indications can be had.
SWEEP_EVERY_S = 300.0
POLL_EVERY_S = 10.0
_POLLED = f"works, but does not announce what it receives: its storage is read every {POLL_EVERY_S:.0f} s"
_DEAF = f"works, but announces what it receives no more: its storage is read every {POLL_EVERY_S:.0f} s until it does"
_SENDS_ONLY = "sends only: it neither announces what it receives nor lets its storage be read"
#: After a silence: how long until the SIM's record of its last reference is final, whatever the modem still did.
RECORD_SETTLES_S = 31.0
#: So often on each link the SIM's record is read right after a text was confirmed.
RECORD_LOOKS = 2
#: The steps of the ladder that are commands to the modem.
_OWN_STEPS = (Rung.SETTINGS, Rung.RADIO, Rung.RESET)
#: After the last line of a starting modem its settings are repeated.
BOOT_SETTLE_S = 0.5


class Upkeep:
    """The care for one link. What happens is noted by its methods, on the event loop; :meth:`run` acts on it."""

    def __init__(
        self,
        around: Surroundings,
        driver: Driver,
        network: Network,
        survey: Survey,
        settings: Settings,
        receiver: Receiver,
        hearing: Hearing,
        *,
        sending: Callable[[], bool],
        check_node: Callable[[], None],
    ) -> None:
        self._around = around
        self._board = around.board
        self._clock = around.clock
        self._driver = driver
        self._channel = driver.channel
        self._network = network
        self._survey = survey
        self._settings = settings
        self._receiver = receiver
        self._hearing = hearing
        self._sending = sending
        self._check_node = check_node
        self._attention = Signal(around.clock)
        self._booting = False
        self._trouble = ""
        self._looked_at = -math.inf
        self._doubt_at = math.inf
        self._looks = RECORD_LOOKS
        self._suspect = False
        self._hang_up_wanted = False
        self._registration_changed = False
        self._refreshed_at = self._read_back_at = float("-inf")
        #: Whether indications stay away although they were asked for anew.
        self._deaf = False
        #: Whether the link is past its start.
        self.serving = False
        #: Why the link is to end as soon as nothing is on the air.
        self.farewell: ModemError | None = None
        #: Whether the modem ever was ready on this link.
        self.was_ready = False

    # -- what happened ------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Something changed."""
        self._attention.set()

    def settings_lost(self) -> None:
        """The modem may have forgotten what it was told."""
        self._booting = True
        self._attention.set()

    def deaf(self, count: int) -> None:
        """Texts lay in storage that no indication had told of."""
        in_a_row = self._hearing.missed
        self._board.event("modem.deaf", unannounced=count, in_a_row=in_a_row)
        if in_a_row == 1:
            self._board.enter(ModemState.RECOVERING, "it did not announce what it received; its settings are repeated")
            self.settings_lost()
        else:
            self._deaf = True
            self.judge()
            self._attention.set()

    def heard(self) -> None:
        """Indications come again."""
        if self._deaf:
            self._deaf = False
            self.judge()

    def in_doubt(self) -> None:
        """A text may or may not have gone: the SIM's record may tell."""
        self._doubt_at = self._clock.monotonic() + RECORD_SETTLES_S
        self._attention.set()

    def confirmed(self) -> None:
        """A text was confirmed. What the SIM's record says right after that shows whether it is kept up to date."""
        if self._looks and self._doubt_at == math.inf:
            self._looks -= 1
            self._doubt_at = self._clock.monotonic()
            self._attention.set()

    def distrust(self, trouble: str, *, suspect: bool) -> None:
        """A refusal blames the modem. One that is ``suspect`` is taken a step up the ladder if it looks well."""
        self._trouble, self._suspect = trouble, suspect
        self._board.enter(ModemState.RECOVERING, f"{trouble}; the modem is checked before it is used again")
        self._attention.set()

    def registration_changed(self) -> None:
        """A URC said so. What the other domains said before may be as old: they are read before it is given up."""
        self._registration_changed = True
        if self._network.registered:
            self.judge()
        self._attention.set()

    def want_hang_up(self) -> None:
        """A call rings that nobody will answer."""
        if self._around.config.hang_up_calls:
            self._hang_up_wanted = True
            self._attention.set()

    def leave(self, cause: ModemError) -> None:
        """End the link once nothing is on the air."""
        if self.farewell is None:
            self.farewell = cause
            self._attention.set()

    # -- the loop -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Worker. Raises what ends the link."""
        now = self._clock.monotonic()
        health_at, sweep_at, search_at, searches = now, now + SWEEP_EVERY_S, now, 0
        while True:
            await self._act()
            now = self._clock.monotonic()
            if not self._network.registered and now >= search_at:
                await self._survey.look_for_network()
                self.judge()
                search_at = now + SEARCH_PAUSES_S[min(searches, len(SEARCH_PAUSES_S) - 1)]
                searches += 1
            elif self._network.registered:
                searches = 0
            if now >= health_at:
                health_at = now + HEALTH_EVERY_S
                await self._look_after(now)
            if now >= sweep_at or (self._polls and sweep_at > now + POLL_EVERY_S):
                sweep_at = now + (POLL_EVERY_S if self._polls else SWEEP_EVERY_S)
                self._receiver.want_sweep(patrol=not self._polls)
            if now >= self._doubt_at:
                self._doubt_at = math.inf
                await self._survey.look_at_record()
            self._check_node()
            due_at = min(health_at, sweep_at, self._doubt_at)
            if not self._network.registered:
                due_at = min(due_at, search_at)
            if self._registration_changed:
                due_at = min(due_at, self._looked_at + LOOK_PAUSE_S)
            if self._around.node() is not None:
                due_at = min(due_at, now + NODE_EVERY_S)
            await self._attention.wait(max(0.01, due_at - self._clock.monotonic()))

    @property
    def _polls(self) -> bool:
        return self._deaf or self._settings.polls

    async def _look_after(self, now: float) -> None:
        """Ask how it is; one that is sending shows its health by that, and is asked less often."""
        busy = self._sending()
        if not busy or now - self._refreshed_at >= REFRESH_AT_LEAST_EVERY_S:
            self._refreshed_at = now
            proofs = self._channel.proofs
            use = await self._survey.refresh()
            if self._channel.proofs == proofs:
                raise NotAModem
            if any(item.used >= item.total > 0 for item in use):
                self._receiver.want_sweep()
            elif any(self._receiver.holds_more(item.memory, item.used) for item in use):
                self._receiver.want_sweep(patrol=not self._polls)
            self.judge()
        expectation = self._around.expectation
        if expectation.is_disappointed and self._network.registered:
            missing = expectation.unanswered
            self._board.event("modem.deaf", reports_missing=missing)
            expectation.restarted()
            await self._take_step(Rung.RESET, f"{missing} texts were sent and nothing came in")
        if not busy or now - self._read_back_at >= READ_BACK_AT_LEAST_EVERY_S:
            self._read_back_at = now
            if lost := await self._settings.lost():
                self._board.event("modem.settings_lost", settings=lost)
                self._board.enter(
                    ModemState.RECOVERING,
                    f"it forgot {', '.join(lost)}; it is told its settings again before it is used",
                )
                await self._renew()

    async def _act(self) -> None:
        """Do what the notes ask for."""
        if self._channel.dirty:
            async with self._channel.turn(Priority.CONTROL):
                pass
        if self.farewell is not None:
            async with self._channel.turn(Priority.CONTROL):
                await self._settings.keep_for_later()
                raise self.farewell
        if self._hang_up_wanted:
            self._hang_up_wanted = False
            await self._driver.hang_up()
        if self._trouble:
            await self._heal()
        if self._booting or self._settings.forgotten:
            await self._renew()
        if self._registration_changed and self._clock.monotonic() >= self._looked_at + LOOK_PAUSE_S:
            self._registration_changed = False
            self._looked_at = self._clock.monotonic()
            await self._survey.look_for_network()
            self.judge()

    async def _renew(self) -> None:
        """Tell the modem everything again: it may have forgotten."""
        self._booting = False
        await self._clock.sleep(BOOT_SETTLE_S)
        log.info("%s: the settings are repeated", self._board.name)
        await self._driver.basics()
        await self._settings.make()
        self._hearing.renewed()
        self._network.names = await self._driver.registration_reports()
        await self._survey.look_for_network()
        self._receiver.want_sweep()
        self._settings.note_echoes()
        self.judge()

    # -- bringing back ------------------------------------------------------------------------------------------

    async def _heal(self) -> None:
        """After a refusal that blames the modem: look at what it may be, and if it is nothing, climb the ladder."""
        trouble, suspect, self._suspect = self._trouble, self._suspect, False
        log.info("%s: %s; the modem is checked", self._board.name, trouble)
        state = await self._driver.pin_state()
        if state != "READY":
            raise ModemError(f"the SIM is not ready any more: {state}")
        await self._survey.look_for_network()
        if self._network.registered or suspect:
            certain = self._around.failures.is_certain
            able = self._around.able if certain else self._around.able & frozenset(_OWN_STEPS)
            rung = self._around.ladder.climb(able=able) if suspect else Rung.SETTINGS
            if rung in able:
                await self._take_step(rung, trouble)
            else:  # nobody but recipients that it never reached: it goes on with others
                log.warning("%s: %s; the recipients may be the cause: it stays in use", self._board.name, trouble)
        self._trouble = ""  # until here no text was given to it
        self.judge()

    async def _take_step(self, rung: Rung, trouble: str) -> None:
        if rung not in _OWN_STEPS:
            raise StepNeeded(rung, trouble)
        self._board.event("modem.recovery", step=rung.value, reason=trouble)
        if rung is Rung.SETTINGS:
            await self._renew()
        elif rung is Rung.RADIO:
            async with self._channel.turn(Priority.CONTROL):  # nothing is on the air when the link ends
                await self._driver.radio_cycle()
                raise ModemReset(f"{trouble}; its radio was switched off and on")
        else:
            async with self._channel.turn(Priority.CONTROL):
                await self._driver.reset()
                raise ModemReset(f"{trouble}; it was restarted")

    def judge(self) -> None:
        """The state that follows from what is known."""
        if not self.serving or self._trouble or self.farewell is not None:
            return
        self._board.update(registration=self._network.word)
        if not self._network.registered:
            reason = "the network refuses this SIM" if self._network.denied else "no network is found yet"
            self._board.enter(ModemState.SEARCHING, f"{reason} ({self._network.word}); texts wait until there is one")
        elif self._polls:
            self.was_ready = True
            detail = _DEAF if self._deaf else _POLLED if self._board.status.storage else _SENDS_ONLY
            self._board.enter(ModemState.DEGRADED, detail)
        else:
            self.was_ready = True
            self._board.enter(ModemState.READY, "ready")
