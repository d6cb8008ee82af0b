"""Loads profiles: TOML files that say how a modem family differs from the standards.

A profile names its base; each table is merged over the base's table of the same name. Each table has a ``source``:
the manual, capture or report that it is taken from.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from ..validation import OptionError, convert, nearest
from .sections import (
    Boot,
    Chatter,
    Framing,
    Identity,
    Messages,
    Profile,
    RadioProfile,
    Sensors,
    SimProfile,
    StorageProfile,
    Timing,
    Ussd,
)

Table = Mapping[str, Any]


class ProfileError(ValueError):
    """A profile that is not valid. The text names the file and what is wrong."""


def _section(kind: type[Any], table: Table, where: str) -> Any:
    if not isinstance(table, Mapping):
        raise ProfileError(f"{where}: {table!r} is not valid; use a table")
    hints = get_type_hints(kind)
    for key in table:
        if key not in hints:
            raise ProfileError(f"{where}.{key}: unknown key{nearest(key, hints)}")
    return kind(**{key: convert(hints[key], value, f"{where}.{key}") for key, value in table.items()})


SECTIONS: dict[str, type[Any]] = {
    "identity": Identity,
    "framing": Framing,
    "boot": Boot,
    "storage": StorageProfile,
    "messages": Messages,
    "sim": SimProfile,
    "radio": RadioProfile,
    "sensors": Sensors,
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
            reason = error.strerror if isinstance(error, OSError) else "it is not a UTF-8 text file"
            raise ProfileError(f"profile {path} cannot be read: {reason}") from None
    else:
        known = profile_names()
        if name not in known:
            raise ProfileError(f"profile '{name}' does not exist{nearest(name, known)}")
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
    """Return the names of the profiles that come with the simulator."""
    folder = resources.files("hw_sim") / "profiles"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_profile(name: str) -> Profile:
    """Return a profile by name, or from a file when ``name`` ends in ``.toml``. Raises ProfileError."""
    return build(_tables(name), name)


@cache
def cached_profile(name: str) -> Profile:
    """Return a profile as ``load_profile`` does; each is read once."""
    return load_profile(name)


def build(data: Table, where: str) -> Profile:
    """Return a profile from its tables, with those of its base merged in. Raises ProfileError."""
    try:
        return _build(data, where)
    except OptionError as error:
        raise ProfileError(str(error)) from None


def _build(data: Table, where: str) -> Profile:
    about = dict(data.get("profile", {}))
    fields: dict[str, Any] = {
        name: _section(kind, data[name], f"{where}: {name}") for name, kind in SECTIONS.items() if name in data
    }
    for name in ("answers", "settings"):
        lists = {key: value for key, value in data.get(name, {}).items() if key != "source"}
        fields[name] = convert(Mapping[str, tuple[str, ...]], lists, f"{where}: {name}")
    for key, values in fields["settings"].items():
        if not values:
            raise ProfileError(f"{where}: settings.{key} needs at least one value, its default")
    fields["absent"] = tuple(data.get("absent", {}).get("commands", ()))
    fields["ports"] = int(data.get("ports", {}).get("count", 1))
    fields["urc_ports"] = tuple(data.get("ports", {}).get("urc", (0,)))
    fields["chatter"] = tuple(_section(Chatter, entry, f"{where}: chatter") for entry in data.get("chatter", ()))
    known = {*SECTIONS, "profile", "answers", "settings", "absent", "ports", "chatter"}
    for key in data:
        if key not in known:
            raise ProfileError(f"{where}: unknown table {key}{nearest(key, known)}")
    names = {f.name for f in dataclasses.fields(Profile)} - {*fields}
    for key in about:
        if key not in names:
            raise ProfileError(f"{where}: profile.{key}: unknown key{nearest(key, names)}")
    for key in ("name", "family", "description"):
        about[key] = convert(str, about.get(key), f"{where}: profile.{key}")
    about["sources"] = tuple(about.get("sources", ()))
    return Profile(**about, **fields)
