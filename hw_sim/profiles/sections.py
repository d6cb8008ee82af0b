"""The tables of a profile and their keys, with the values of the standards as defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Identity:
    """Answers of +CGMI, +CGMM, +CGMR, the IMEI's type code, and the vendor's command for the ICCID."""

    source: str = ""
    manufacturer: tuple[str, ...] = ("hw-sim",)
    model: tuple[str, ...] = ("Generic GSM modem",)
    revision: tuple[str, ...] = ("1.0",)
    tac: str = "35000000"
    iccid: tuple[str, ...] = ("+CCID", "+ICCID")
    prefixed: bool = False


@dataclass(frozen=True, slots=True)
class Framing:
    """Bytes around answers: line ends of lists, the prompt, the final result of an unknown command."""

    source: str = ""
    prompt: str = "\r\n> "
    unknown: str = "ERROR"
    clac_end: str = "\r\n"
    clac_prefix: bool = False
    before_cmgs: str = ""
    charset: str = "GSM"


@dataclass(frozen=True, slots=True)
class Boot:
    """The start: banner lines with their seconds after power-on, and when the SIM and the message service are ready."""

    source: str = ""
    banner: tuple[tuple[float, str], ...] = ()
    answers_after_s: float = 0.0
    sim_after_s: float = 0.0
    sms_after_s: float = 0.0
    register_after_s: float = 0.0
    sms_busy_error: int = 314
    cfun_default: int = 1
    busy_after_cfun: int = 0
    csca_busy_s: float = 0.0
    port_vanishes: bool = False
    away_s: float = 5.0


@dataclass(frozen=True, slots=True)
class StorageProfile:
    """Memories (27.005 +CPMS): capacities, the valid values of mem1 to mem3, and the forms of the answers."""

    source: str = ""
    sizes: Mapping[str, int] = field(default_factory=lambda: {"SM": 30, "ME": 100})
    mem1: tuple[str, ...] = ("SM", "ME", "MT")
    mem2: tuple[str, ...] = ("SM", "ME")
    mem3: tuple[str, ...] = ("SM", "ME")
    default: tuple[str, ...] = ("SM", "SM", "SM")
    base: int = 1
    arguments: tuple[int, ...] = (1, 2, 3)
    counters: bool = True
    count: int = 3
    test: str = ""
    read: str = ""
    settable: bool = True
    full: str = ""
    empty_slot: str = "ok"


@dataclass(frozen=True, slots=True)
class Messages:
    """New message indications and sending (27.005 +CNMI, +CMGS)."""

    source: str = ""
    mode: tuple[int, ...] = (0, 1, 2, 3)
    mt: tuple[int, ...] = (0, 1, 2, 3)
    bm: tuple[int, ...] = (0, 2, 3)
    ds: tuple[int, ...] = (0, 1, 2)
    bfr: tuple[int, ...] = (0, 1)
    test: str = ""
    refusal: int = 303
    plain_refusal: bool = False
    supported: bool = True
    format: int = 0
    flash: str = "cmt"
    report_memory: str = "SR"
    report_label: str = "SR"
    report_header: str = "{stat},{alpha},{length}"
    cmti: str = '"{memory}",{index}'
    direct_ack_s: float = 15.0
    csmp_wipes_smsc: bool = False
    busy_while_sending: bool = False


@dataclass(frozen=True, slots=True)
class SimProfile:
    """Commands refused before the PIN besides those of 27.007 (``*``: all but the PIN), and the +CPIN? answer.

    ``smss``: EF_SMSS, which +CRSM reads, is up to date (``live``) or as it was at power-on (``stale``), or +CRSM is
    ``refused``.
    """

    source: str = ""
    refused_before_pin: tuple[str, ...] = ()
    cpin_without_ok: bool = False
    smss: str = "live"


@dataclass(frozen=True, slots=True)
class RadioProfile:
    """Registration: location also under <n>=0, access technology (27.007 7.3 <AcT>), domains, values of +CFUN."""

    source: str = ""
    location_always: bool = False
    access: int = 0
    domains: tuple[str, ...] = ("+CREG", "+CGREG", "+CEREG")
    functionality: tuple[int, ...] = (0, 1, 4)


@dataclass(frozen=True, slots=True)
class Sensors:
    """Temperature and supply voltage at power-on; faults change them."""

    source: str = ""
    temperature_c: float = 33.0
    voltage_mv: int = 3860


@dataclass(frozen=True, slots=True)
class Ussd:
    """Strings of +CUSD in answers and requests: ``text``, ``packed`` (7-bit hex) or ``ucs2`` (hex), and the DCS."""

    source: str = ""
    answer: str = "text"
    request: str = "text"
    dcs: int | None = 15
    quoted: bool = True
    tail: str = ""
    text_mode_command: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, used with real timing: latency of commands, radio time of a submission."""

    source: str = ""
    latency_s: float = 0.0
    latency: Mapping[str, float] = field(default_factory=dict)
    prompt_s: float = 0.0
    submit_s: tuple[float, float] = (0.0, 0.0)
    submit_held_s: tuple[float, float] = (0.0, 0.0)
    scan_s: float = 0.0
    baud: int = 0


@dataclass(frozen=True, slots=True)
class Chatter:
    """An unsolicited line every ``every_s`` seconds, until a command ends it."""

    source: str
    text: str
    every_s: float
    until: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """The behaviour of one modem family."""

    name: str
    family: str
    description: str
    sources: tuple[str, ...]
    identity: Identity = Identity()
    framing: Framing = Framing()
    boot: Boot = Boot()
    storage: StorageProfile = StorageProfile()
    messages: Messages = Messages()
    sim: SimProfile = SimProfile()
    radio: RadioProfile = RadioProfile()
    sensors: Sensors = Sensors()
    ussd: Ussd = Ussd()
    timing: Timing = Timing()
    ports: int = 1
    urc_ports: tuple[int, ...] = (0,)
    absent: tuple[str, ...] = ()
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    chatter: tuple[Chatter, ...] = ()
