"""Profiles written by a user: TOML, checked as strictly as the configuration file.

[profile.my-stick]
base = "huawei"                # a built-in profile, or one defined above; generic when left out
matches = ["MyStick 9000"]
init = ["AT^CURC=0"]
[profile.my-stick.cms]
604 = { title = "asked too fast", disposition = "later" }
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from pathlib import Path
from typing import Any

from gsmgw.config import Config, read_text
from gsmgw.config.lines import Lines
from gsmgw.digits import is_digits
from gsmgw.errors import Cause, ConfigError, Disposition
from gsmgw.modem.profiles import PROFILES
from gsmgw.modem.profiles.base import GENERIC, Profile, Reading

#: Source of errors about profiles that modems name.
MODEM_PROFILE = "[[modem]] profile"
_FIELDS = {entry.name: entry for entry in dataclasses.fields(Profile)}


def profiles_of(config: Config, lines: Lines | None = None) -> tuple[Profile, ...]:
    """Return the profiles of a configuration: those of its own file, then the built-in ones. ``lines`` are its own.

    Raises :class:`ConfigError` for a file that is not valid, and for a modem with a profile that does not exist.
    """
    profiles = PROFILES if config.modems.profiles is None else load_overlay(config.modems.profiles)
    names = sorted({profile.name for profile in profiles})
    problems = []
    for number, modem in enumerate(config.modem):
        if modem.profile is not None and modem.profile not in names:
            near = difflib.get_close_matches(modem.profile, names, 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
            problem = f"modem {modem.name!r}: profile {modem.profile!r} does not exist; {hint}"
            problems.append(problem if lines is None else lines.located(("modem", number, "profile"), problem))
    if problems:
        raise ConfigError(MODEM_PROFILE, problems)
    return profiles


def load_overlay(path: Path) -> tuple[Profile, ...]:
    """Return the profiles of a file, then the built-in ones. Raises :class:`ConfigError` with all problems."""
    try:
        raw = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(str(path), [f"is not valid TOML: {exc}"]) from None
    return parse_overlay(raw, str(path))


def parse_overlay(raw: dict[str, Any], source: str = "profiles") -> tuple[Profile, ...]:
    """Check the tables of an overlay."""
    problems: list[str] = []
    known = {profile.name: profile for profile in PROFILES}
    found: list[Profile] = []
    for key in raw:
        if key != "profile":
            problems.append(f"unknown table {key!r}; profiles are written [profile.NAME]")
    for name, table in raw.get("profile", {}).items():
        if not isinstance(table, dict):
            problems.append(f"profile.{name} must be a table")
            continue
        base = known.get(str(table.get("base", "generic")))
        if base is None:
            problems.append(f"profile.{name}.base: profile {table['base']!r} does not exist; known: {', '.join(known)}")
            base = GENERIC
        changes: dict[str, Any] = {"name": name, "title": name, "matches": (), "source": source}
        for field, value in table.items():
            if field == "base":
                continue
            try:
                _refuse_control(value)
                changes[field] = _value(field, value)
            except (TypeError, ValueError) as exc:
                problems.append(f"profile.{name}.{field}: {exc}")
        profile = dataclasses.replace(base, **{key: value for key, value in changes.items() if key in _FIELDS})
        known[name] = profile
        found.append(profile)
    if problems:
        raise ConfigError(source, problems)
    return (*found, *PROFILES)


def _refuse_control(value: Any) -> None:
    """Refuse text that would reach the modem as more than one line. Raises ValueError."""
    if isinstance(value, str):
        if not value.isprintable():
            raise ValueError(f"{value!r} contains a control character; write each command as an item of its own")
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            _refuse_control(item)


def _value(field: str, value: Any) -> Any:
    """Return a TOML value as the type of a profile's field. Raises ValueError."""
    if field not in _FIELDS or field == "name":
        near = difflib.get_close_matches(field, _FIELDS, 1, 0.5)
        raise ValueError("unknown key" + (f"; did you mean {near[0]!r}?" if near else ""))
    if field in ("cms", "cme"):
        return _causes(value)
    if field in ("temperature", "voltage"):
        return _reading(value)
    if field == "init_for_interface":
        if not isinstance(value, dict) or not all(
            is_digits(key) and isinstance(line, str) for key, line in value.items()
        ):
            raise ValueError("must be a table of interface number = command")
        return {int(key): line for key, line in value.items()}
    sample = getattr(GENERIC, field)
    if isinstance(sample, tuple):
        kind = type(sample[0]) if sample else str
        if not isinstance(value, list) or not all(_is(item, kind) for item in value):
            raise ValueError(f"must be a list of {kind.__name__}")
        if field == "matches":
            for pattern in value:
                try:
                    re.compile(pattern)
                except re.error as exc:
                    raise ValueError(f"{pattern!r} is not a valid regular expression: {exc}") from None
        return tuple(kind(item) for item in value)
    if field == "probe_after_s" and value is False:
        return None
    kind = type(sample)
    if not _is(value, kind):
        raise ValueError(f"must be of type {kind.__name__}")
    return kind(value)


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is kind


def _reading(value: Any) -> Reading | None:
    if value is False:
        return None
    if not isinstance(value, dict) or "command" not in value or set(value) - {"command", "prefix", "field"}:
        raise ValueError("must be a table of command, and prefix and field where needed; or false")
    if (
        not all(type(value.get(key, "")) is str for key in ("command", "prefix"))
        or type(value.get("field", 0)) is not int
    ):
        raise ValueError("command and prefix must be of type str, field of type int")
    return Reading(**value)


def _causes(value: Any) -> dict[int, Cause]:
    if not isinstance(value, dict):
        raise TypeError("must be a table of code = { title, disposition }")
    causes = {}
    for code, row in value.items():
        if not is_digits(code) or not isinstance(row, dict) or set(row) != {"title", "disposition"}:
            raise ValueError(f"{code}: must be code = {{ title = ..., disposition = ... }}")
        try:
            causes[int(code)] = Cause(int(code), str(row["title"]), Disposition(row["disposition"]))
        except ValueError:
            raise ValueError(f"{code}: disposition must be one of {', '.join(Disposition)}") from None
    return causes
