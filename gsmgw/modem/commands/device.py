"""The device itself: identity, basic settings, radio, restart, sensors, clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gsmgw.at import commands, responses
from gsmgw.at.fields import after_prefix, integer
from gsmgw.at.sensor_readings import parse_temperature_c, parse_voltage_mv
from gsmgw.modem.commands.client import BUSY_PAUSE_S, AtClient
from gsmgw.modem.profiles import Reading

#: TS 27.007 5.5.
GSM_ALPHABET = "GSM"


@dataclass(frozen=True, slots=True)
class Identity:
    """Manufacturer, model, revision and IMEI as the modem names them; empty or None where it does not."""

    manufacturer: str
    model: str
    revision: str
    imei: str | None

    @property
    def text(self) -> str:
        """The text that profiles are matched against."""
        return f"{self.manufacturer} {self.model} {self.revision}"


async def set_basics(at: AtClient) -> None:
    """Echo off, result codes as words, errors as numbers. Some modems refuse all of it until the PIN is entered."""
    for command in (commands.ECHO_OFF, commands.VERBOSE, commands.QUIET_OFF, commands.NUMERIC_ERRORS):
        await at.attempt(command)


async def identify(at: AtClient) -> Identity:
    """Ask for manufacturer, model, revision and IMEI."""
    texts = []
    for command in (commands.MANUFACTURER, commands.MODEL, commands.REVISION):
        response = await at.attempt(command)
        texts.append(responses.parse_free(response.lines, command.prefixes[0]) if response else "")
    response = await at.attempt(commands.IMEI)
    imei = responses.parse_digits(response.lines, "+CGSN:", 14, 16) if response else None
    manufacturer, model, revision = texts
    return Identity(manufacturer, model, revision, imei)


async def apply_profile(at: AtClient, interface: int | None = None) -> None:
    """Run the profile's own commands; ``interface`` is the USB interface number of the port in use, where known."""
    profile = at.profile
    at.channel.configure(noise=frozenset(profile.noise), pause_s=profile.pause_s)
    lines = list(profile.init)
    if interface is not None and interface in profile.init_for_interface:
        lines.append(profile.init_for_interface[interface])
    for line in lines:
        await at.attempt(commands.vendor(line))


async def set_full_functionality(at: AtClient) -> None:
    """Set AT+CFUN=1 where the modem reports another level."""
    line = await at.attempt_line(commands.FUNCTIONALITY)
    level = integer(after_prefix(line)) if line is not None else None
    if level is not None and level != 1:
        await at.attempt(commands.functionality(1))
        await at.clock.sleep(at.profile.after_radio_on_s)


async def select_character_set(at: AtClient) -> str:
    """Select the GSM alphabet for strings; return the character set that is selected, empty where that is not known."""
    if await at.attempt(commands.character_set(GSM_ALPHABET)) is not None:
        return GSM_ALPHABET
    line = await at.attempt_line(commands.CHARACTER_SET)
    return after_prefix(line).strip('" ').upper() if line is not None else ""


async def restart_radio(at: AtClient) -> None:
    """Switch the radio off and on: the modem reads the SIM and registers again."""
    await at.attempt(commands.functionality(at.profile.radio_off))
    await at.clock.sleep(BUSY_PAUSE_S)
    await at.attempt(commands.functionality(1))
    await at.clock.sleep(at.profile.after_radio_on_s)


async def restart(at: AtClient) -> bool:
    """Restart the modem by the first command that it accepts. It may be gone before it answers."""
    for line in at.profile.reset:
        if await at.attempt(commands.vendor(line, timeout_s=10.0)) is not None:
            return True
    return False


async def temperature_c(at: AtClient) -> float | None:
    """Read the temperature; None where the modem does not tell it."""
    found = await _reading(at, at.profile.temperature)
    return None if found is None else parse_temperature_c(*found)


async def voltage_mv(at: AtClient) -> int | None:
    """Read the supply voltage; None where the modem does not tell it."""
    found = await _reading(at, at.profile.voltage)
    return None if found is None else parse_voltage_mv(*found)


async def _reading(at: AtClient, reading: Reading | None) -> tuple[list[str], str, int] | None:
    """Return the lines that hold a figure, their prefix, and the number of the field; None where refused."""
    if reading is None:
        return None
    command = commands.vendor(reading.command, prefix=reading.prefix)
    response = await at.attempt(command)
    return None if response is None else (response.lines, command.prefixes[0], reading.field)


async def clock_ms(at: AtClient) -> int | None:
    """Read the modem's clock as UTC milliseconds; None where it was never set. The network sets it (NITZ)."""
    line = await at.attempt_line(commands.CLOCK)
    parts = responses.parse_clock(line) if line is not None else None
    if parts is None or not 2024 <= parts[0] < 2080:
        return None  # modems start at 1980, 2000, 2004 or 2018
    year, month, day, hour, minute, second, quarters = parts
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return int((local - timedelta(minutes=15 * quarters)).timestamp() * 1000)
