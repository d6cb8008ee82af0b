"""The configuration file: TOML in, checked values out, or every problem at once with its line."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, time
from ipaddress import ip_network
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from gsmgw.errors import ConfigError

SEARCH = ("/etc/gsmgw/gsmgw.toml", "~/.config/gsmgw/gsmgw.toml")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _host_port(value: Any) -> Any:
    if isinstance(value, str):
        host, colon, port = value.rpartition(":")
        if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError('must be "host:port", for example "127.0.0.1:8775"')
    return value


HostPort = Annotated[str, BeforeValidator(_host_port)]


class GatewaySection(_Section):
    """[gateway]"""

    state_dir: Path = Path("/var/lib/gsmgw")
    socket: Path = Path("/run/gsmgw/gsmgw.sock")
    socket_mode: str = Field("0660", pattern=r"^0?[0-7]{3}$")
    #: The socket's group, where it is not the gateway's own.
    socket_group: str | None = None
    country: str | None = None
    unknown_grace_s: float = Field(120.0, ge=0)
    on_unknown: Literal["resend", "hold"] = "resend"
    #: How long a message may wait before it expires, unless it says otherwise; seconds.
    valid_for: int = Field(3 * 86400, ge=60, le=63 * 7 * 86400)
    delivery_report: bool = True
    #: A multi-part text with a missing part is shown as incomplete after that many seconds.
    incomplete_after_s: float = Field(600.0, ge=1)
    #: How long the message on the air may take to finish when the service stops; seconds.
    stop_timeout_s: float = Field(60.0, gt=0)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str | None) -> str | None:
        if value is None:
            return None
        code = value.upper()
        if code not in phonenumbers.SUPPORTED_REGIONS:
            near = difflib.get_close_matches(code, phonenumbers.SUPPORTED_REGIONS, 1, 0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f'must be a two-letter country code like "DE"{hint}')
        return code


class ApiSection(_Section):
    """[api]"""

    listen: HostPort | None = None
    #: TLS for the TCP listener: certificate chain and key, PEM.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: Who may use the socket, by user name, where its mode is not enough; root and the gateway's own user always may.
    users: list[str] = Field(default_factory=list)
    #: Requests a minute from one token or, without one, one address; not for the socket.
    requests_per_minute: int | None = Field(None, ge=1)
    #: Connections at once to a listener; more are answered 503.
    max_connections: int = Field(1024, ge=8, le=100_000)
    #: How long the head of a request may take to come.
    request_timeout_s: float = Field(15.0, gt=0, le=3600)
    #: A client that does not read what it asked for is cut off after that time.
    stall_timeout_s: float = Field(30.0, gt=0, le=3600)

    @model_validator(mode="after")
    def _whole_tls(self) -> ApiSection:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together: one of them is missing")
        if self.tls_cert is not None and self.listen is None:
            raise ValueError("tls_cert is for the TCP listener, and there is no listen")
        return self


class CompatSection(_Section):
    """[compat]: doors for clients of other gateways."""

    kannel: bool = False
    smsgate: bool = False
    twilio: bool = False
    #: What SMSGate's webhooks are signed with; unsigned, where there is none.
    smsgate_signing_key: str | None = Field(None, min_length=8, repr=False)
    #: The account of the Twilio door. Its token signs the callbacks, so it cannot be kept as a hash.
    twilio_account_sid: str | None = Field(None, pattern=r"^AC[0-9a-f]{32}$")
    twilio_auth_token: str | None = Field(None, min_length=16, repr=False)

    @model_validator(mode="after")
    def _account(self) -> CompatSection:
        if self.twilio and (self.twilio_account_sid is None or self.twilio_auth_token is None):
            raise ValueError("twilio needs twilio_account_sid and twilio_auth_token")
        return self


class BackupSection(_Section):
    """[backup]"""

    #: state_dir/backups, where left out.
    directory: Path | None = None
    keep: int = Field(7, ge=1, le=1000)


class WebSection(_Section):
    """[web], read by the dashboard."""

    listen: HostPort = "127.0.0.1:8776"


def _allowed_target(value: Any) -> Any:
    if isinstance(value, str) and value not in ("http", "loopback", "link-local", "private"):
        try:
            ip_network(value)
        except ValueError:
            raise ValueError(
                f'{value!r} is none of "http", "loopback", "link-local", "private" and no network like "192.168.1.0/24"'
            ) from None
    return value


class WebhooksSection(_Section):
    """[webhooks]: where events may be posted to, and within which bounds."""

    #: Besides public addresses over https.
    allow: list[Annotated[str, BeforeValidator(_allowed_target)]] = Field(default_factory=list)
    connect_timeout_s: float = Field(5.0, gt=0, le=60)
    timeout_s: float = Field(15.0, gt=0, le=120)
    #: A larger body goes without the text of its message; octets.
    max_payload: int = Field(262_144, ge=4096, le=4_194_304)
    #: Certificates of one's own authority, in addition to the public ones.
    ca_file: Path | None = None


class HookSection(_Section):
    """[[hook]]: a program that is run on events."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")
    events: list[str] = ["message.received"]
    #: The program with its arguments; there is no shell.
    command: list[str] = Field(min_length=1)
    timeout_s: float = Field(120.0, gt=0, le=3600)
    #: Runs at once at the most; with one they keep the order of the events.
    parallel: int = Field(1, ge=1, le=32)

    @field_validator("command")
    @classmethod
    def _absolute(cls, value: list[str]) -> list[str]:
        if not value[0].startswith("/"):
            raise ValueError("must begin with the whole path of a program, for example /usr/local/bin/on-receive")
        return value


class RetentionSection(_Section):
    """[retention]: how long what has ended is kept; none of these for ever."""

    #: Messages and what was received. Limits look back up to a month.
    messages_days: int | None = Field(None, ge=31)
    #: Events: how far back a reader may resume, and how long a message's history is whole.
    events_days: int | None = Field(90, ge=7)


class ClientSection(_Section):
    """[[client]]: what holds for messages of one client unless they say otherwise."""

    #: The name of its token; empty for the local socket.
    name: str = Field(max_length=64)
    on_unknown: Literal["resend", "hold"]


class ModemsSection(_Section):
    """[modems]"""

    discover: bool = True
    #: Profiles of the field, in TOML (docs/modems.md).
    profiles: Path | None = None


class MatchSection(_Section):
    """match = { imei = "..." } or { usb = "1-1.3" }"""

    imei: str | None = Field(None, pattern=r"^\d{14,16}$")
    usb: str | None = Field(None, pattern=r"^\d+-\d+(\.\d+)*$")

    @model_validator(mode="after")
    def _one(self) -> MatchSection:
        if (self.imei is None) == (self.usb is None):
            raise ValueError("needs exactly one of imei and usb")
        return self


class LimitsSection(_Section):
    """[modem.limits] and [pool.limits]: what may leave in a rolling window."""

    per_minute: int | None = Field(None, ge=1)
    per_hour: int | None = Field(None, ge=1)
    per_day: int | None = Field(None, ge=1)
    per_month: int | None = Field(None, ge=1)
    #: What the windows count.
    count: Literal["segments", "messages"] = "segments"
    #: How much of each window is kept for urgent messages.
    urgent_reserve: int = Field(0, ge=0)
    #: Different recipients in 24 hours.
    recipients_per_day: int | None = Field(None, ge=1)
    #: Between two segments, with a random part on top.
    min_gap_s: float = Field(0.0, ge=0, le=3600)
    gap_jitter_s: float = Field(0.0, ge=0, le=3600)

    def windows(self) -> dict[int, int]:
        """Window length in seconds -> segments allowed in it."""
        named = {60: self.per_minute, 3600: self.per_hour, 86400: self.per_day, 30 * 86400: self.per_month}
        return {seconds: limit for seconds, limit in named.items() if limit is not None}


class ModemSection(_Section):
    """[[modem]]"""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")
    port: str | None = None
    match: MatchSection | None = None
    #: A second port of the same stick that is listened to; found by itself where it is known, unless "none" is said.
    urc_port: str | None = None
    #: Whether received messages may be read by the second port while one is being sent; the profile knows by default.
    reads_while_sending: bool | None = None
    pin: str | None = Field(None, pattern=r"^\d{4,8}$", repr=False)
    pin_file: Path | None = None
    number: str | None = Field(None, pattern=r"^\+?\d{3,15}$")
    smsc: str | None = Field(None, pattern=r"^\+?\d{3,20}$")
    #: Offer the recipient's phone to answer through the same service centre (TP-RP).
    reply_path: bool = False
    profile: str | None = None
    #: Received messages are stored by the modem and indicated, or routed directly and acknowledged when they are kept.
    reception: Literal["stored", "direct"] = "stored"
    #: Write each text to the modem's storage first, and have it sent from there: its copy tells whether it went.
    store_before_sending: bool = False
    #: Hang up incoming calls, which are noted in any case.
    hang_up_calls: bool = False
    #: Run, without a shell, to cut the modem's power for a moment when nothing else helps.
    power_command: list[str] = Field(default_factory=list)
    baudrate: int = Field(115200, ge=300, le=4_000_000)
    enabled: bool = True
    #: Of several idle modems the one that sent least for its weight goes first.
    weight: float = Field(1.0, gt=0, le=1000)
    limits: LimitsSection = LimitsSection.model_construct()

    @model_validator(mode="after")
    def _complete(self) -> ModemSection:
        if (self.port is None) == (self.match is None):
            raise ValueError('needs either port = "/dev/..." or match = { imei = "..." } or { usb = "..." }')
        if self.pin is not None and self.pin_file is not None:
            raise ValueError("pin and pin_file exclude each other")
        return self


class PoolSection(_Section):
    """[[pool]]: modems under one name."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")
    modems: list[str] = Field(min_length=1)
    limits: LimitsSection = LimitsSection.model_construct()


def _compiled(value: Any) -> Any:
    if isinstance(value, str):
        try:
            re.compile(value)
        except re.error as exc:
            raise ValueError(f"is no regular expression: {exc}") from None
    return value


def _country(value: Any) -> Any:
    if isinstance(value, str) and value.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError('must be a two-letter country code like "DE"')
    return value.upper() if isinstance(value, str) else value


class RouteSection(_Section):
    """[[route]]: messages that meet every condition given go through a modem or a pool; the first one counts."""

    prefix: str | None = Field(None, pattern=r"^\+?\d{1,15}$")
    country: Annotated[str | None, BeforeValidator(_country)] = None
    tag: str | None = None
    client: str | None = None
    pattern: Annotated[str | None, BeforeValidator(_compiled)] = None
    modem: str | None = None
    pool: str | None = None

    @model_validator(mode="after")
    def _one_target(self) -> RouteSection:
        if (self.modem is None) == (self.pool is None):
            raise ValueError("needs exactly one of modem and pool")
        return self


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"


class TimesSection(_Section):
    """[times]: when people may be texted, in the time of their country. Urgent messages always may."""

    hours: str | None = Field(None, pattern=_HOURS)
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(default_factory=list)
    holidays: list[date] = Field(default_factory=list)
    classes: list[Literal["normal", "bulk"]] = ["normal", "bulk"]

    def window(self) -> tuple[time, time] | None:
        """From when until when."""
        if self.hours is None:
            return None
        since, _, until = self.hours.partition("-")
        return time.fromisoformat(since), time.fromisoformat(until)

    def weekdays(self) -> frozenset[int]:
        """Monday is 0."""
        return frozenset(_DAYS.index(day) for day in self.days)


class Config(_Section):
    """The whole file."""

    gateway: GatewaySection = GatewaySection.model_construct()
    api: ApiSection = ApiSection.model_construct()
    compat: CompatSection = CompatSection.model_construct()
    web: WebSection = WebSection.model_construct()
    backup: BackupSection = BackupSection.model_construct()
    webhooks: WebhooksSection = WebhooksSection.model_construct()
    modems: ModemsSection = ModemsSection.model_construct()
    modem: list[ModemSection] = Field(default_factory=list)
    pool: list[PoolSection] = Field(default_factory=list)
    route: list[RouteSection] = Field(default_factory=list)
    hook: list[HookSection] = Field(default_factory=list)
    client: list[ClientSection] = Field(default_factory=list)
    times: TimesSection = TimesSection.model_construct()
    retention: RetentionSection = RetentionSection.model_construct()

    @property
    def database(self) -> Path:
        """Where the messages are."""
        return self.gateway.state_dir / "gsmgw.db"

    @property
    def backups(self) -> Path:
        """Where scheduled backups are kept."""
        return self.backup.directory or self.gateway.state_dir / "backups"

    @model_validator(mode="after")
    def _distinct(self) -> Config:
        seen: set[str] = set()
        ports: dict[str, str] = {}
        for modem in self.modem:
            if modem.name in seen:
                raise ValueError(f"two modems are named {modem.name!r}")
            seen.add(modem.name)
            if modem.port is not None:
                if modem.port in ports:
                    raise ValueError(f"modems {ports[modem.port]!r} and {modem.name!r} have the same port {modem.port}")
                ports[modem.port] = modem.name
        pools = {pool.name for pool in self.pool}
        if len(pools) < len(self.pool):
            raise ValueError("two pools have the same name")
        if len({hook.name for hook in self.hook}) < len(self.hook):
            raise ValueError("two hooks have the same name")
        if not self.modems.discover:  # a discovered modem is named when it is found
            for pool in self.pool:
                if strangers := sorted(set(pool.modems) - seen):
                    raise ValueError(f"pool {pool.name!r} names a modem that is not there: {', '.join(strangers)}")
            for route in self.route:
                if route.modem is not None and route.modem not in seen:
                    raise ValueError(f"a route leads to a modem that is not there: {route.modem}")
        if len({client.name for client in self.client}) < len(self.client):
            raise ValueError("two clients have the same name")
        for route in self.route:
            if route.pool is not None and route.pool not in pools:
                raise ValueError(f"a route leads to a pool that is not there: {route.pool}")
        return self


# -- finding and reading ----------------------------------------------------------------------------------------


def find_config(explicit: str | None = None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file to use: ``explicit``, $GSMGW_CONFIG, then the usual places. None when there is none of the latter."""
    named = explicit or environ.get("GSMGW_CONFIG")
    if named:
        return Path(named).expanduser()
    for place in SEARCH:
        path = Path(place).expanduser()
        if path.is_file():
            return path
    return None


def load_config(path: Path) -> Config:
    """Read and check a configuration file; :class:`ConfigError` names every problem with its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise ConfigError(str(path), [f"cannot be read: {reason}"]) from None
    return parse_config(text, str(path))


def parse_config(text: str, source: str = "configuration") -> Config:
    """Check the text of a configuration file."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(source, [f"is no valid TOML: {exc}"]) from None
    try:
        return Config.model_validate(raw)
    except ValidationError as exc:
        lines = _key_lines(text)
        problems = []
        for error in exc.errors():
            where = tuple(part for part in error["loc"] if isinstance(part, int | str))
            line = _line_of(lines, where)
            problems.append((line or 0, f"line {line}: {_explain(error, where)}" if line else _explain(error, where)))
        raise ConfigError(source, [text for _, text in sorted(problems)]) from None


def _explain(error: Mapping[str, Any], where: tuple[int | str, ...]) -> str:
    name = ".".join(str(part) for part in where if isinstance(part, str))
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(where[-1]), _keys_at(where[:-1]), 1, 0.5)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known here: {', '.join(_keys_at(where[:-1]))}"
        return f"unknown key {name!r}{hint}"
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        message = "is missing"
    elif error["type"] == "string_pattern_mismatch":
        message = f"{error['input']!r} has the wrong form (expected {error['ctx']['pattern']})"
        if where[-1] == "pin":
            message = "must be 4 to 8 digits in quotes"
    return f"{name}: {message}" if name else message


def _keys_at(where: Iterable[int | str]) -> list[str]:
    model: type[BaseModel] = Config
    for part in where:
        if isinstance(part, str):
            found = _section_of(model.model_fields[part].annotation)
            if found is None:
                return []
            model = found
    return list(model.model_fields)


def _section_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, list):
        for argument in get_args(annotation):
            found = _section_of(argument)
            if found is not None:
                return found
    return None


_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r'^\s*("[^"]+"|[A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=')


def _key_lines(text: str) -> dict[tuple[int | str, ...], int]:
    """Where each table and key of a TOML text stands. Enough for messages: inline tables count as their key."""
    lines: dict[tuple[int | str, ...], int] = {}
    counts: dict[str, int] = {}
    table: tuple[int | str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            parts = [part.strip().strip('"') for part in header[2].split(".")]
            table = ()
            for depth, part in enumerate(parts):
                last = depth == len(parts) - 1
                table += (part,)
                if last and header[1] == "[[":
                    counts[part] = counts.get(part, -1) + 1
                if part in counts:
                    table += (counts[part],)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            path = table + tuple(part.strip().strip('"') for part in key[1].split("."))
            lines.setdefault(path, number)
    return lines


def _line_of(lines: Mapping[tuple[int | str, ...], int], where: tuple[int | str, ...]) -> int | None:
    while where:
        if where in lines:
            return lines[where]
        where = where[:-1]
    return None
