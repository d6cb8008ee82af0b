"""Profiles: what a modem of a family does otherwise than the standard, as TOML data.

A profile names its base; every table is laid over the base's table of the same name. Each table carries a
``source``: the manual, capture or report that it is taken from.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from ..validation import OptionError, convert, nearest

Table = Mapping[str, Any]


class ProfileError(ValueError):
    """A profile that cannot be read: which file, and what is wrong."""


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
    """Bytes around answers: list line ends, the prompt, the final result of an unknown command."""

    source: str = ""
    prompt: str = "\r\n> "
    unknown: str = "ERROR"
    clac_end: str = "\r\n"
    clac_prefix: bool = False
    before_cmgs: str = ""
    charset: str = "GSM"


@dataclass(frozen=True, slots=True)
class Boot:
    """The start: banner lines at so many seconds after power-on, when the SIM and the message service are ready."""

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
class StorageRules:
    """Memories (27.005 +CPMS): capacities, which may be mem1 to mem3, and how the command answers."""

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
class SimRules:
    """What is refused before the PIN besides what 27.007 says (``*``: all but the PIN), and the +CPIN? answer.

    ``smss``: whether EF_SMSS, which +CRSM reads, is kept up to date (``live``), as it was at power-on (``stale``), or
    +CRSM is ``refused``.
    """

    source: str = ""
    refused_before_pin: tuple[str, ...] = ()
    cpin_without_ok: bool = False
    smss: str = "live"


@dataclass(frozen=True, slots=True)
class RadioRules:
    """Registration answers: location also under <n>=0, access technology (27.007 7.3 <AcT>), where it registers."""

    source: str = ""
    location_always: bool = False
    access: int = 0
    domains: tuple[str, ...] = ("+CREG", "+CGREG", "+CEREG")
    functionality: tuple[int, ...] = (0, 1, 4)


@dataclass(frozen=True, slots=True)
class Ussd:
    """How +CUSD writes and wants its strings: ``text``, ``packed`` (7-bit hex) or ``ucs2`` (hex), and the DCS."""

    source: str = ""
    answer: str = "text"
    request: str = "text"
    dcs: int | None = 15
    quoted: bool = True
    tail: str = ""
    text_mode_command: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, used when the simulation runs with real timing: latency of commands, radio time of a submission."""

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
    """A line that comes by itself every so often, until a command silences it."""

    source: str
    text: str
    every_s: float
    until: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One family's behaviour, complete."""

    name: str
    family: str
    description: str
    sources: tuple[str, ...]
    identity: Identity = Identity()
    framing: Framing = Framing()
    boot: Boot = Boot()
    storage: StorageRules = StorageRules()
    messages: Messages = Messages()
    sim: SimRules = SimRules()
    radio: RadioRules = RadioRules()
    ussd: Ussd = Ussd()
    timing: Timing = Timing()
    ports: int = 1
    urc_ports: tuple[int, ...] = (0,)
    absent: tuple[str, ...] = ()
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    chatter: tuple[Chatter, ...] = ()


def _section(kind: type[Any], table: Table, where: str) -> Any:
    if not isinstance(table, Mapping):
        raise ProfileError(f"{where}: a table is wanted, not {table!r}")
    hints = get_type_hints(kind)
    for key in table:
        if key not in hints:
            raise ProfileError(f"{where}.{key} is not a key{nearest(key, hints)}")
    return kind(**{key: convert(hints[key], value, f"{where}.{key}") for key, value in table.items()})


SECTIONS: dict[str, type[Any]] = {
    "identity": Identity,
    "framing": Framing,
    "boot": Boot,
    "storage": StorageRules,
    "messages": Messages,
    "sim": SimRules,
    "radio": RadioRules,
    "ussd": Ussd,
    "timing": Timing,
}


def _merge(base: Table, delta: Table) -> dict[str, Any]:
    merged = dict(base)
    for key, value in delta.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _read(name: str) -> dict[str, Any]:
    path = Path(name)
    if path.suffix == ".toml":
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text file"
            raise ProfileError(f"{path} cannot be read: {reason}") from None
    else:
        known = profile_names()
        if name not in known:
            raise ProfileError(f"no profile {name}{nearest(name, known)}")
        text = (resources.files("hw_sim") / "profiles" / f"{name}.toml").read_text(encoding="utf-8")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{name}: {error}") from error


def _tables(name: str) -> dict[str, Any]:
    data = _read(name)
    base = data.get("profile", {}).pop("base", None)
    if base is None:
        return data
    below = _tables(str(base))
    below["profile"] = {key: value for key, value in below["profile"].items() if key != "sources"}
    return _merge(below, data)


def profile_names() -> list[str]:
    """The names of the profiles that come with the simulator."""
    folder = resources.files("hw_sim") / "profiles"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_profile(name: str) -> Profile:
    """A profile by name, or from a file when ``name`` ends in ``.toml``. Raises ProfileError."""
    return build(_tables(name), name)


@cache
def cached_profile(name: str) -> Profile:
    """``load_profile``, read once."""
    return load_profile(name)


def build(data: Table, where: str) -> Profile:
    """A profile from its tables, base already laid under it. Raises ProfileError."""
    try:
        return _build(data, where)
    except OptionError as error:
        raise ProfileError(str(error)) from None


def _build(data: Table, where: str) -> Profile:
    about = dict(data.get("profile", {}))
    fields: dict[str, Any] = {
        name: _section(kind, data[name], f"{where}: {name}") for name, kind in SECTIONS.items() if name in data
    }
    answers = {key: value for key, value in data.get("answers", {}).items() if key != "source"}
    fields["answers"] = convert(Mapping[str, tuple[str, ...]], answers, f"{where}: answers")
    fields["absent"] = tuple(data.get("absent", {}).get("commands", ()))
    fields["ports"] = int(data.get("ports", {}).get("count", 1))
    fields["urc_ports"] = tuple(data.get("ports", {}).get("urc", (0,)))
    fields["chatter"] = tuple(_section(Chatter, entry, f"{where}: chatter") for entry in data.get("chatter", ()))
    known = {*SECTIONS, "profile", "answers", "absent", "ports", "chatter"}
    for key in data:
        if key not in known:
            raise ProfileError(f"{where}: {key} is not a table of a profile{nearest(key, known)}")
    names = {f.name for f in dataclasses.fields(Profile)} - {*fields}
    for key in about:
        if key not in names:
            raise ProfileError(f"{where}: profile.{key} is not a key{nearest(key, names)}")
    for key in ("name", "family", "description"):
        about[key] = convert(str, about.get(key), f"{where}: profile.{key}")
    about["sources"] = tuple(about.get("sources", ()))
    return Profile(**about, **fields)
