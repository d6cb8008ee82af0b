"""Reads the configuration again while the gateway runs: what changed, what can change now, what needs a restart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gsmgw.checking import load_checked
from gsmgw.config import Config, ModemSection

log = logging.getLogger(__name__)

#: Settings that change without a restart. All others need one.
LIVE = (
    "gateway.log_*", "gateway.country", "gateway.valid_for", "gateway.delivery_report", "gateway.on_unknown",
    "gateway.stop_timeout_s", "api.users", "api.session_users", "api.requests_per_minute", "api.trusted_proxies",
    "compat.callback_allow", "backup.*", "webhooks.*", "retention.*", "times.*", "hook.*", "client.*", "route",
    "price", "keep", "gateway.currency",
    "modem.*.limits", "modem.*.weight",
)  # fmt: skip

Apply = Callable[[Config, Collection[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reloaded:
    """Settings that have changed, by key, and what is missing on this machine."""

    applied: list[str]
    needs_restart: list[str]
    missing: list[str]


class Reloader:
    """Compares the file with what the gateway runs with. ``apply`` makes settings effective."""

    def __init__(self, config: Config, apply: Apply) -> None:
        self._running = config
        self._apply = apply
        self._one = asyncio.Lock()

    async def reload(self, file: Path) -> Reloaded:
        """Read the file again and apply what can change.

        Raises :class:`gsmgw.errors.ConfigError` for a file that is not valid, and changes nothing then.
        """
        async with self._one:
            checked = await asyncio.to_thread(load_checked, file)
            keys = list(changes(self._running, checked.config))
            added = addable(self._running, checked.config)
            live = [key for key in keys if is_live(key) or key in added]
            config = _merged(self._running, checked.config, live)
            await self._apply(config, live)
            self._running = config
        found = Reloaded(live, [key for key in keys if key not in live], checked.missing)
        _tell(found)
        return found


def _tell(found: Reloaded) -> None:
    log.info("configuration: reloaded applied=%s", ",".join(found.applied) or "nothing")
    if found.needs_restart:
        log.warning("configuration: these settings need a restart: %s", ", ".join(found.needs_restart))
    for problem in found.missing:
        log.warning("configuration: %s", problem)


def is_live(key: str) -> bool:
    """Return True for a setting that changes without a restart."""
    return any(fnmatchcase(key, pattern) for pattern in LIVE)


def changes(old: Config, new: Config) -> Iterator[str]:
    """Yield the keys of settings that differ: ``api.listen``, ``hook.NAME``, ``modem.NAME.pin``, ``route``."""
    for section in Config.model_fields:
        before, after = getattr(old, section), getattr(new, section)
        if before == after:
            continue
        if not isinstance(before, list):
            yield from _differing(section, before, after)
        elif not any(hasattr(each, "name") for each in (*before, *after)):
            yield section
        else:
            yield from _named(section, {each.name: each for each in before}, {each.name: each for each in after})


def _differing(prefix: str, before: BaseModel, after: BaseModel) -> Iterator[str]:
    for key in type(before).model_fields:
        if getattr(before, key) != getattr(after, key):
            yield f"{prefix}.{key}"


def _named(section: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            yield f"{section}.{name}"
        elif section == "modem":
            yield from _differing(f"modem.{name}", before[name], after[name])
        elif before[name] != after[name]:
            yield f"{section}.{name}"


def addable(old: Config, new: Config) -> dict[str, ModemSection]:
    """Return the sections of modems that can be added now, by key: those with a port that no other modem has.

    A stick that is matched by IMEI or USB path, or that may have been discovered, already has a modem.
    """
    known = {modem.name for modem in old.modem}
    if old.modems.discover:
        return {}
    return {f"modem.{modem.name}": modem for modem in new.modem if modem.name not in known and modem.port is not None}


def _merged(running: Config, new: Config, live: Collection[str]) -> Config:
    """Return what runs after a reload: the new values of live settings, and the old ones of all others."""
    updates: dict[str, Any] = {}
    for section in Config.model_fields:
        before, after = getattr(running, section), getattr(new, section)
        if section == "modem":
            updates[section] = _merged_modems(before, after, live)
        elif isinstance(before, list):
            if section in ("hook", "client", "route"):
                updates[section] = after
        else:
            keys = [key for key in type(before).model_fields if f"{section}.{key}" in live]
            updates[section] = before.model_copy(update={key: getattr(after, key) for key in keys})
    return running.model_copy(update=updates)


def _merged_modems(before: list[ModemSection], after: list[ModemSection], live: Collection[str]) -> list[ModemSection]:
    fresh = {modem.name: modem for modem in after}
    merged = []
    for modem in before:
        keys = [key for key in ("limits", "weight") if f"modem.{modem.name}.{key}" in live]
        merged.append(modem.model_copy(update={key: getattr(fresh[modem.name], key) for key in keys}))
    return [*merged, *(modem for modem in after if f"modem.{modem.name}" in live)]
