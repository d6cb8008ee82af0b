"""What can be done with a modem, one verb each: commands sent, answers read. Knows no state and no message."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gsmgw.at import commands, responses
from gsmgw.at.commands import Command
from gsmgw.at.dialogue import Response
from gsmgw.at.fields import after_prefix
from gsmgw.at.result_codes import FinalResultKind
from gsmgw.at.sensor_readings import parse_temperature_c, parse_voltage_mv
from gsmgw.digits import is_digits
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.profiles import GENERIC, Profile, Reading
from gsmgw.ports import Clock

log = logging.getLogger(__name__)

#: Errors that pass: the SIM or the modem is still starting (TS 27.007 9.2, TS 27.005 3.2.5; 515 Wavecom).
_BUSY_CME = frozenset({14, 515})
_BUSY_CMS = frozenset({314, 515, 301})
_BUSY_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the modem says it is."""

    manufacturer: str
    model: str
    revision: str
    imei: str | None

    @property
    def text(self) -> str:
        """What profiles are matched against."""
        return f"{self.manufacturer} {self.model} {self.revision}"


@dataclass(frozen=True, slots=True)
class StoredPdu:
    """A message in a storage, as read."""

    index: int
    status: int | None
    length_octets: int | None
    pdu: str

    @property
    def whole(self) -> bool:
        """Whether the PDU is as long as its header says, with or without an SMSC address in front."""
        octets, odd = divmod(len(self.pdu), 2)
        if odd or not octets:
            return False
        return self.length_octets in (None, octets, octets - 1 - int(self.pdu[:2], 16))


def is_busy(error: CommandError) -> bool:
    """Whether trying the command again in a second is likely to help."""
    final = error.final
    if final.kind is FinalResultKind.CME:
        return final.code in _BUSY_CME
    return final.kind is FinalResultKind.CMS and final.code in _BUSY_CMS


class Driver:
    """The verbs. Each raises :class:`gsmgw.errors.ModemError` for a modem that does not answer or is gone."""

    def __init__(self, channel: Channel, clock: Clock, profile: Profile = GENERIC) -> None:
        self.channel = channel
        self.profile = profile
        self._clock = clock
        #: The memory that reading and deleting work on now, and how many AT+CPMS takes.
        self.memory = ""
        #: The memory that AT+CMGW writes to, as the modem said at its start.
        self.second_memory = ""
        self._cpms_form = 0
        self._send_rows: dict[tuple[int, int], Command] = {}

    # -- helpers ------------------------------------------------------------------------------------------------

    async def run(self, command: Command, priority: PortPriority = PortPriority.CONTROL) -> Response:
        """Run a command that must not be refused."""
        return await self.channel.run(command, priority)

    async def attempt(self, command: Command, priority: PortPriority = PortPriority.CONTROL) -> Response | None:
        """Run a command that may be refused; None when it was."""
        try:
            return await self.channel.run(command, priority)
        except CommandError as exc:
            log.debug("%s", exc)
            return None

    async def patiently(self, command: Command, seconds: float) -> Response:
        """Run a command again while the modem says that it is busy, for so long."""
        deadline = self._clock.monotonic() + seconds
        while True:
            try:
                return await self.channel.run(command)
            except CommandError as exc:
                if not is_busy(exc) or self._clock.monotonic() >= deadline:
                    raise
            await self._clock.sleep(_BUSY_PAUSE_S)

    async def first_of(self, rows: Iterable[Command]) -> tuple[Command, Response] | None:
        """The first command of a ladder that is not refused."""
        for command in rows:
            answer = await self.attempt(command)
            if answer is not None:
                return command, answer
        return None

    # -- start --------------------------------------------------------------------------------------------------

    async def basics(self) -> None:
        """Echo off, words as results, numbers as errors. Some SIMs' modems refuse all of it until the PIN is given."""
        for command in (commands.ECHO_OFF, commands.VERBOSE, commands.QUIET_OFF, commands.NUMERIC_ERRORS):
            await self.attempt(command)

    async def identify(self) -> Identity:
        """Maker, model, revision and IMEI, each empty or None where refused."""
        texts = []
        for command in (commands.MANUFACTURER, commands.MODEL, commands.REVISION):
            answer = await self.attempt(command)
            texts.append(responses.parse_free(answer.lines, command.prefixes[0]) if answer else "")
        answer = await self.attempt(commands.IMEI)
        imei = responses.parse_digits(answer.lines, "+CGSN:", 14, 16) if answer else None
        manufacturer, model, revision = texts
        return Identity(manufacturer, model, revision, imei)

    async def prepare(self, interface: int | None = None) -> None:
        """The profile's own steps; ``interface`` is the USB interface number of the port in use, where known."""
        self.channel.pause_s = self.profile.pause_s
        self.channel.noise = frozenset(self.profile.noise)
        lines = list(self.profile.init)
        if interface is not None and interface in self.profile.init_for_interface:
            lines.append(self.profile.init_for_interface[interface])
        for line in lines:
            await self.attempt(commands.vendor(line))

    async def pin_state(self) -> str:
        """``READY``, ``SIM PIN``, ``SIM PUK`` ... as AT+CPIN? says; ``NO SIM`` and ``SIM FAILURE`` for its errors.

        A modem that does not know the command counts as ready: what follows will tell.
        """
        try:
            answer = await self.patiently(commands.PIN_STATE, self.profile.sim_ready_s)
        except CommandError as exc:
            code = exc.final.code
            if code in (10, 310):
                return "NO SIM"
            if code in (13, 15, 313, 315):
                return "SIM FAILURE"
            if code in (11, 311):
                return "SIM PIN"
            if code in (12, 316):
                return "SIM PUK"
            if is_busy(exc):
                return "SIM BUSY"
            return "READY"
        return responses.parse_pin_state(answer.lines[-1]) if answer.lines else "READY"

    async def pin_tries(self) -> int | None:
        """How many PINs may still be tried; None where the modem does not say."""
        for line in self.profile.pin_tries:
            answer = await self.attempt(commands.vendor(line))
            if answer is not None and (left := responses.parse_tries_left(answer.lines)) is not None:
                return left
        return None

    async def enter_pin(self, pin: str) -> None:
        """One try. Raises :class:`CommandError` when the SIM refuses it."""
        await self.run(commands.enter_pin(pin))

    async def patiently_ready(self) -> None:
        """Wait until the SIM is ready after its PIN: some take seconds (Huawei 3, Sierra 3 to 8)."""
        await self._clock.sleep(self.profile.after_pin_s)
        deadline = self._clock.monotonic() + self.profile.sim_ready_s
        while await self.pin_state() in ("SIM PIN", "SIM BUSY") and self._clock.monotonic() < deadline:
            await self._clock.sleep(_BUSY_PAUSE_S)

    async def sim_identity(self) -> tuple[str | None, str | None]:
        """ICCID and IMSI, each None where it cannot be read."""
        iccid = None
        for line in self.profile.iccid:
            command = commands.sim_identity(line)
            answer = await self.attempt(command)
            if answer is not None:
                iccid = responses.parse_digits(answer.lines, command.prefixes[0], 17, 22)
            if iccid is not None:
                break
        answer = await self.attempt(commands.IMSI)
        imsi = responses.parse_digits(answer.lines, "+CIMI:", 6, 15) if answer else None
        return iccid, imsi

    async def power_up(self) -> None:
        """Full functionality, where the modem says that it has less."""
        answer = await self.attempt(commands.FUNCTIONALITY)
        level = responses.parse_pin_state(answer.lines[0]) if answer and answer.lines else ""
        if is_digits(level) and level != "1":
            await self.attempt(commands.functionality(1))
            await self._clock.sleep(self.profile.after_radio_on_s)

    async def pdu_mode(self) -> None:
        """The one step without which nothing works. Raises :class:`CommandError`."""
        try:
            await self.patiently(commands.PDU_MODE, self.profile.sim_ready_s)
        except CommandError:
            answer = await self.attempt(commands.MESSAGE_FORMAT)
            if answer is None or not any(after_prefix(line) == "0" for line in answer.lines):
                raise  # it is not in PDU mode already either

    async def service_ready(self) -> None:
        """Wait until the message service has started: until then its commands are refused as busy."""
        for command in (commands.STORAGE_USE, commands.SMSC):
            try:
                await self.patiently(command, self.profile.sms_ready_s)
            except CommandError as exc:
                log.debug("%s", exc)

    async def set_smsc(self, number: str | None) -> str | None:
        """Make sure that the SMSC is ``number``, if one is wanted. Returns the one in force, None when unknown."""
        answer = await self.attempt(commands.SMSC)
        known = responses.parse_smsc(answer.lines[0]) if answer and answer.lines else None
        if number is not None and known != number and await self.attempt(commands.set_smsc(number)) is not None:
            return number
        return known

    async def message_service(self, level: int) -> bool:
        """AT+CSMS; whether it was accepted."""
        return await self.attempt(commands.message_service(level)) is not None

    async def indications(self, recovery: tuple[str, ...] | None = None) -> str | None:
        """Climb down a ladder of AT+CNMI settings, the profile's own by default; the one that was accepted, or None."""
        rows = self.profile.cnmi if recovery is None else recovery
        found = await self.first_of(commands.indications(setting) for setting in rows)
        return found[0].text.partition("=")[2] if found else None

    # -- network ------------------------------------------------------------------------------------------------

    async def registration_reports(self) -> tuple[str, ...]:
        """Switch on the URCs of registration; the commands that the modem knows, in order of meaning."""
        known = []
        for name in ("CREG", "CGREG", "CEREG"):
            for level in (2, 1):
                if await self.attempt(commands.registration_reports(name, level)) is not None:
                    known.append(name)
                    break
        return tuple(known)

    async def registration(self, name: str) -> responses.Registration | None:
        """Read +CREG, +CGREG or +CEREG; None where refused or not understood."""
        answer = await self.attempt(commands.registration(name))
        for line in reversed(answer.lines if answer else []):
            if (found := responses.parse_registration(line, urc=False)) is not None:
                return found
        return None

    async def signal_dbm(self) -> int | None:
        """Signal strength, None when unknown."""
        answer = await self.attempt(commands.SIGNAL)
        return responses.parse_signal_dbm(answer.lines[0]) if answer and answer.lines else None

    async def operator(self) -> tuple[str | None, int | None]:
        """Name of the operator and technology (TS 27.007 7.3)."""
        answer = await self.attempt(commands.OPERATOR)
        return responses.parse_operator(answer.lines[0]) if answer and answer.lines else (None, None)

    async def temperature_c(self) -> float | None:
        """How hot it is, None where it does not say."""
        found = await self._reading(self.profile.temperature)
        return None if found is None else parse_temperature_c(*found)

    async def voltage_mv(self) -> int | None:
        """The voltage of its supply, None where it does not say."""
        found = await self._reading(self.profile.voltage)
        return None if found is None else parse_voltage_mv(*found)

    async def _reading(self, reading: Reading | None) -> tuple[list[str], str, int] | None:
        """The lines that hold a figure, their prefix, and which field it is; None where refused."""
        if reading is None:
            return None
        command = commands.vendor(reading.command, prefix=reading.prefix)
        answer = await self.attempt(command)
        return None if answer is None else (answer.lines, command.prefixes[0], reading.field)

    async def last_reference(self) -> int | None:
        """The last TP-MR that the SIM gave, as it has noted itself (EF_SMSS); None where it cannot be asked."""
        if not self.profile.reads_smss:
            return None
        answer = await self.attempt(commands.LAST_REFERENCE)
        return responses.parse_last_reference(answer.lines[0]) if answer and answer.lines else None

    async def own_number(self) -> str | None:
        """The number that is written on the SIM; often empty."""
        answer = await self.attempt(commands.OWN_NUMBER)
        for line in answer.lines if answer else []:
            if (number := responses.parse_own_number(line)) is not None:
                return number
        return None

    async def hang_up(self) -> None:
        """End an incoming call: AT+CHUP (TS 27.007 6.5), else ATH."""
        if await self.attempt(commands.REJECT) is None:
            await self.attempt(commands.HANG_UP)

    async def network_time_ms(self) -> int | None:
        """The modem's clock as UTC milliseconds, None where it was never set; the network sets it (NITZ)."""
        answer = await self.attempt(commands.CLOCK)
        parts = responses.parse_clock(answer.lines[0]) if answer and answer.lines else None
        if parts is None or not 2024 <= parts[0] < 2080:
            return None  # modems start at 1980, 2000, 2004 or 2018
        year, month, day, hour, minute, second, quarters = parts
        try:
            local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None
        return int((local - timedelta(minutes=15 * quarters)).timestamp() * 1000)

    # -- storage ------------------------------------------------------------------------------------------------

    async def storages(self) -> list[str]:
        """The memories that can be read from; none for a modem without storage."""
        answer = await self.attempt(commands.STORAGES)
        roles = responses.parse_storages(answer.lines[0]) if answer and answer.lines else []
        if len({role[0] for role in roles if len(role) == 1}) == len(roles):
            return [role[0] for role in roles]  # a flat list (Huawei MU609), not three roles of one each
        return roles[0] if roles else []

    async def storage_use(self) -> list[responses.MemoryUse]:
        """What the three memories in use hold."""
        answer = await self.attempt(commands.STORAGE_USE)
        return responses.parse_storage_use(answer.lines[0]) if answer and answer.lines else []

    async def select(self, memory: str, priority: PortPriority = PortPriority.CONTROL) -> bool:
        """Make ``memory`` the one that is read from, and where the modem takes no less, stored into."""
        if memory == self.memory:
            return True
        forms = (self._cpms_form,) if self._cpms_form else tuple(reversed(self.profile.cpms_forms))
        for form in forms:
            if await self.attempt(commands.select_storage(*[memory] * form), priority) is not None:
                self._cpms_form = form
                self.memory = memory
                return True
        return False

    async def store_into(self, memory: str) -> bool:
        """Read from, write to and receive into ``memory``, as many of the three as the modem allows."""
        for form in self.profile.cpms_forms:
            if await self.attempt(commands.select_storage(*[memory] * form)) is not None:
                self.memory = memory
                return True
        return False

    async def read(self, index: int) -> StoredPdu | None:
        """The message at an index of the selected memory; None where the place is empty."""
        try:
            answer = await self.channel.run(commands.read_message(index), PortPriority.RECEIVE)
        except CommandError as exc:
            if exc.final.code in (321, 21, 22) or exc.final.kind is FinalResultKind.ERROR:
                return None
            raise
        if not answer.pairs:
            return None
        header = responses.parse_read_header(answer.pairs[0][0])
        return StoredPdu(index, header.status, header.length_octets, answer.pairs[0][1])

    async def list_all(self) -> list[StoredPdu]:
        """All messages of the selected memory. Raises :class:`CommandError` when the modem cannot list."""
        answer = await self.channel.run(commands.LIST_ALL, PortPriority.RECEIVE)
        found = []
        for line, pdu in answer.pairs:
            header = responses.parse_list_header(line)
            if header.index is not None:
                found.append(StoredPdu(header.index, header.status, header.length_octets, pdu))
        return found

    async def delete(self, index: int) -> None:
        """Empty a place. That it is empty already is no error."""
        try:
            await self.channel.run(commands.delete_message(index), PortPriority.RECEIVE)
        except CommandError as exc:
            if exc.final.code not in (321, 21, 22):
                raise

    async def acknowledge(self) -> None:
        """AT+CNMA; that none was expected (340) is no error."""
        try:
            await self.channel.run(commands.ACKNOWLEDGE, PortPriority.ACKNOWLEDGE)
        except CommandError as exc:
            log.debug("%s", exc)

    # -- sending ------------------------------------------------------------------------------------------------

    def send_row(self, tpdu_octets: int, attempt: int) -> Command:
        """The command for a TPDU of that length; made once per length."""
        key = (tpdu_octets, attempt)
        command = self._send_rows.get(key)
        if command is None:
            timeouts = self.profile.prompt_timeouts_s
            command = commands.send_message(
                tpdu_octets, self.profile.submit_timeout_s, timeouts[min(attempt, len(timeouts) - 1)]
            )
            self._send_rows[key] = command
        return command

    @property
    def copies_into(self) -> str:
        """The memory that AT+CMGW writes to and AT+CMSS sends from; empty where there is none."""
        return self.memory if self._cpms_form > 1 else self.second_memory

    async def radio_cycle(self) -> None:
        """Switch the radio off and on: the SIM is read and the network looked for anew."""
        await self.attempt(commands.functionality(self.profile.radio_off))
        await self._clock.sleep(_BUSY_PAUSE_S)
        await self.attempt(commands.functionality(1))
        await self._clock.sleep(self.profile.after_radio_on_s)

    async def reset(self) -> bool:
        """Restart the modem, in whichever way it accepts; it may be gone before it answers."""
        for line in self.profile.reset:
            if await self.attempt(commands.vendor(line, timeout_s=10.0)) is not None:
                return True
        return False
