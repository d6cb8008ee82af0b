"""AT commands as values.

Time-outs are those of the vendors' manuals where these state a maximum, else what the commands are known to need.
Commands that only some modems know are built by :func:`vendor`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gsmgw.errors import ModemError

#: Everything that would end a command line, edit it or steer a terminal; only ASCII and Latin-1 text may be in one.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]|[^\x00-\xff]")


#: How the commands of TS 27.005 begin; some modems refuse AT+CPIN in their way.
_MESSAGE_COMMANDS = ("AT+CM", "AT+CN", "AT+CPMS", "AT+CSM", "AT+CSCA", "AT+CSCB", "AT+CSDH", "AT+CPIN")


@dataclass(frozen=True, slots=True)
class Command:
    """One command line. Raises :class:`ModemError` for a text that is not one line of printable characters.

    ``prefixes`` are those of its information lines (``+CSQ:``); with ``free`` any line that is neither a final result
    nor a known URC belongs to the response (``AT+CGMI``). ``pairs`` says that a line with a prefix is a header that one
    PDU line follows. ``prompted`` commands (TS 27.005 3.5.1) take a payload after the prompt. ``secret`` lines are
    masked wherever they are shown. ``submits`` is for a line that sends a message by itself (+CMSS): from its CR on it
    counts as a payload that is out. ``lone`` is for an information line that some modems send without a final result.
    """

    text: str
    prefixes: tuple[str, ...] = ()
    timeout_s: float = 5.0
    free: bool = False
    pairs: bool = False
    prompted: bool = False
    prompt_timeout_s: float = 10.0
    secret: bool = False
    lone: bool = False
    submits: bool = False

    def __post_init__(self) -> None:
        """Refuse a text that would reach the modem as more than one command, wherever it came from."""
        found = _CONTROL.search(self.text)
        if found is not None:
            name = self.text.partition("=")[0] if "=" in self.text[: found.start()] else "AT command"
            raise ModemError(f"{name}: the character U+{ord(found[0]):04X} is not allowed")

    @property
    def is_for_messages(self) -> bool:
        """True if it is refused with +CMS ERROR (TS 27.005 3.2.5)."""
        return self.text.startswith(_MESSAGE_COMMANDS)

    @property
    def shown(self) -> str:
        """The text as logs and transcripts may show it."""
        return self.text.partition("=")[0] + "=***" if self.secret else self.text


def quoted(text: str) -> str:
    """Return a string constant, with quotation marks and backslashes escaped (V.250 5.4.2.2)."""
    escaped = text.replace("\\", "\\5C").replace('"', "\\22")
    return f'"{escaped}"'


# -- any modem (V.250) ------------------------------------------------------------------------------------------

AT = Command("AT", timeout_s=1.0)
ECHO_OFF = Command("ATE0", timeout_s=3.0)
VERBOSE = Command("ATV1", timeout_s=3.0)
QUIET_OFF = Command("ATQ0", timeout_s=3.0)

# -- identity and state (TS 27.007) -----------------------------------------------------------------------------

NUMERIC_ERRORS = Command("AT+CMEE=1", timeout_s=3.0)
MANUFACTURER = Command("AT+CGMI", ("+CGMI:",), free=True)
MODEL = Command("AT+CGMM", ("+CGMM:",), free=True)
REVISION = Command("AT+CGMR", ("+CGMR:",), free=True)
IMEI = Command("AT+CGSN", ("+CGSN:",), free=True)
IMSI = Command("AT+CIMI", ("+CIMI:",), timeout_s=20.0, free=True)
OWN_NUMBER = Command("AT+CNUM", ("+CNUM:",), timeout_s=20.0)
PIN_STATE = Command("AT+CPIN?", ("+CPIN:",), timeout_s=10.0, lone=True)
FUNCTIONALITY = Command("AT+CFUN?", ("+CFUN:",), timeout_s=15.0)
SIGNAL = Command("AT+CSQ", ("+CSQ:",))
OPERATOR = Command("AT+COPS?", ("+COPS:",), timeout_s=30.0)
CLOCK = Command("AT+CCLK?", ("+CCLK:",))
CALLER_NUMBERS = Command("AT+CLIP=1")
REJECT = Command("AT+CHUP")
TAKE_NETWORK_TIME = Command("AT+CTZU=1", timeout_s=3.0)
HANG_UP = Command("ATH")

#: TS 27.007 8.18, READ BINARY of EF_SMSS (6F43): the last TP-MR that this SIM used (TS 31.102 4.2.28).
LAST_REFERENCE = Command("AT+CRSM=176,28483,0,0,2", ("+CRSM:",), timeout_s=10.0)

# -- text messages (TS 27.005) ----------------------------------------------------------------------------------

PDU_MODE = Command("AT+CMGF=0")
MESSAGE_FORMAT = Command("AT+CMGF?", ("+CMGF:",))
SMSC = Command("AT+CSCA?", ("+CSCA:",), timeout_s=10.0)
STORAGES = Command("AT+CPMS=?", ("+CPMS:",), timeout_s=10.0)
STORAGE_USE = Command("AT+CPMS?", ("+CPMS:",), timeout_s=10.0)
LIST_ALL = Command("AT+CMGL=4", ("+CMGL:",), timeout_s=60.0, pairs=True)
INDICATIONS = Command("AT+CNMI?", ("+CNMI:",))
CHARACTER_SET = Command("AT+CSCS?", ("+CSCS:",), timeout_s=3.0)
MESSAGE_SERVICE = Command("AT+CSMS?", ("+CSMS:",))
ACKNOWLEDGE = Command("AT+CNMA")
#: TS 27.005 3.4.4 and 4.8: without a value, 0 for the same, 1 for a positive acknowledgement in PDU mode.
ACKNOWLEDGE_FORMS = (ACKNOWLEDGE, Command("AT+CNMA=0"), Command("AT+CNMA=1"))


def sim_identity(text: str) -> Command:
    """Read the ICCID by the command that the profile names: AT+CCID, AT^ICCID?, AT+QCCID, AT#CCID."""
    name = text[2:].rstrip("?")
    return Command(text, (f"{name}:",), timeout_s=20.0, free=True)


def enter_pin(pin: str) -> Command:
    """Enter the PIN (TS 27.007 8.3). Never shown."""
    return Command(f"AT+CPIN={quoted(pin)}", ("+CPIN:",), timeout_s=30.0, secret=True)


def functionality(level: int) -> Command:
    """Set the functionality (TS 27.007 8.2): 0 off, 1 full, 4 radio off."""
    return Command(f"AT+CFUN={level}", timeout_s=60.0)


def registration(name: str) -> Command:
    """Read +CREG, +CGREG or +CEREG (TS 27.007 7.2, 10.1.20, 10.1.22)."""
    return Command(f"AT+{name}?", (f"+{name}:",), timeout_s=10.0)


def registration_reports(name: str, level: int) -> Command:
    """Enable the URCs of +CREG, +CGREG or +CEREG; level 2 includes location and technology."""
    return Command(f"AT+{name}={level}")


def set_smsc(number: str) -> Command:
    """Set the service centre (TS 27.005 3.3.1). 145 is an international number (TS 24.011 8.2.5.1)."""
    return Command(f"AT+CSCA={quoted(number)},{145 if number.startswith('+') else 129}", timeout_s=10.0)


def message_service(level: int) -> Command:
    """Select the message service (TS 27.005 3.2.1): with 1 this side acknowledges messages (+CNMA)."""
    return Command(f"AT+CSMS={level}", ("+CSMS:",))


def select_storage(*memories: str) -> Command:
    """Select one, two or three memories (TS 27.005 3.2.2)."""
    return Command("AT+CPMS=" + ",".join(map(quoted, memories)), ("+CPMS:",), timeout_s=10.0)


def indications(setting: str) -> Command:
    """Set the indications (TS 27.005 3.4.1): ``mode,mt,bm,ds,bfr``."""
    return Command(f"AT+CNMI={setting}")


def read_message(index: int) -> Command:
    """Read a message (TS 27.005 4.3)."""
    return Command(f"AT+CMGR={index}", ("+CMGR:",), timeout_s=10.0, pairs=True)


def delete_message(index: int) -> Command:
    """Delete a message (TS 27.005 3.5.4)."""
    return Command(f"AT+CMGD={index}", timeout_s=25.0)


def send_message(tpdu_octets: int, timeout_s: float = 180.0, prompt_timeout_s: float = 10.0) -> Command:
    """Send a message (TS 27.005 4.1); the length does not count the SMSC address."""
    return Command(
        f"AT+CMGS={tpdu_octets}",
        ("+CMGS:",),
        timeout_s=timeout_s,
        prompted=True,
        prompt_timeout_s=prompt_timeout_s,
    )


def write_message(tpdu_octets: int, prompt_timeout_s: float = 10.0) -> Command:
    """Store a submission, unsent, in the second memory of AT+CPMS (TS 27.005 4.4)."""
    return Command(
        f"AT+CMGW={tpdu_octets}", ("+CMGW:",), timeout_s=30.0, prompted=True, prompt_timeout_s=prompt_timeout_s
    )


def send_stored(index: int, timeout_s: float = 180.0) -> Command:
    """Send the message at an index of the second memory (TS 27.005 4.7); its <stat> becomes STO SENT."""
    return Command(f"AT+CMSS={index}", ("+CMSS:",), timeout_s=timeout_s, submits=True)


def hold_link(level: int) -> Command:
    """Keep the radio link between messages (TS 27.005 3.5.6): 1 until a pause, 2 until switched off."""
    return Command(f"AT+CMMS={level}", timeout_s=3.0)


def ussd(request: str, dcs: int) -> Command:
    """Send a USSD request (TS 27.007 7.15). The network's answer is the URC +CUSD, also when it comes before the OK."""
    return Command(f"AT+CUSD=1,{quoted(request)},{dcs}", timeout_s=15.0)


def character_set(name: str) -> Command:
    """Select the character set (TS 27.007 5.5)."""
    return Command(f"AT+CSCS={quoted(name)}", timeout_s=3.0)


def vendor(text: str, *, prefix: str = "", timeout_s: float = 5.0) -> Command:
    """Return a command of a profile; any line is its response. ``prefix`` is for one that is not the command's own."""
    body = text[2:]
    name = body.partition("=")[0].rstrip("?")
    known = prefix or (f"{name}:" if name else "")
    return Command(text, (known,) if known else (), timeout_s=timeout_s, free=True)
