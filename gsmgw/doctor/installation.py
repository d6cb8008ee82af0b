"""The installation: configuration, users, the database, its backups, the unit."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gsmgw.backup import list_backups
from gsmgw.config import SEARCH, Config, holds_secrets, parse_config, read_text
from gsmgw.doctor.findings import Finding, error, note, ok, warning
from gsmgw.doctor.machine import Machine
from gsmgw.errors import ConfigError, StoreError
from gsmgw.modem.profiles.overlay import profiles_of
from gsmgw.store.integrity import database_faults
from gsmgw.store.upgrade import rollback_copies

SERVICE = "gsmgw"
#: The nightly one, and a night without power.
_OLD = timedelta(days=2)
_SUDO = "run the doctor as root: sudo gsmgw doctor"


def load_whole(path: Path) -> Config:
    """The configuration, checked with the profiles that it names. Raises :class:`ConfigError`."""
    return parse_whole(read_text(path), str(path))


def parse_whole(text: str, source: str) -> Config:
    """The same for a text that is not in its place yet."""
    config = parse_config(text, source)
    profiles_of(config)
    return config


def check_config(path: Path | None) -> tuple[Config | None, list[Finding]]:
    """The configuration in effect, and what is wrong with it."""
    if path is None:
        places = ", ".join(SEARCH)
        return Config(), [note("configuration", f"there is none (looked for {places})", "gsmgw setup writes one")]
    try:
        config = load_whole(path)
    except ConfigError as exc:
        cure = f"correct the line; gsmgw config check --config {path} looks again"
        if os.access(path, os.F_OK) and not os.access(path, os.R_OK):
            cure = _SUDO
        return None, [error("configuration", f"{path}: {problem}", cure) for problem in exc.problems]
    found = [ok("configuration", f"{path} is fine")]
    for file in (path, *(modem.pin_file for modem in config.modem if modem.pin_file is not None)):
        with suppress(OSError):
            if file.stat().st_mode & 0o044 and (file != path or holds_secrets(config)):
                cure = f"sudo chown {SERVICE} {file}; sudo chmod 600 {file}   (your own gateway: chmod 600 {file})"
                found.append(warning("configuration", f"others may read {file}, which holds secrets", cure))
    return config, found


def check_users() -> Iterator[Finding]:
    """The service's user, and whether this person may use the gateway."""
    try:
        pwd.getpwnam(SERVICE)
    except KeyError:
        yield note(
            "users", "there is no user gsmgw: the gateway is not installed as a service", "sudo gsmgw setup system"
        )
        return
    with suppress(KeyError):
        if SERVICE not in grp.getgrnam("dialout").gr_mem:
            yield error("users", "gsmgw is not in the group dialout", "sudo adduser gsmgw dialout; restart the service")
    if os.geteuid() == 0:
        return
    name = pwd.getpwuid(os.geteuid()).pw_name
    with suppress(KeyError):
        group = grp.getgrnam(SERVICE)
        if group.gr_gid not in os.getgroups() and name != SERVICE:
            later = " (log in again: it was added after this login)" if name in group.gr_mem else ""
            yield warning(
                "users", f"you ({name}) are not in the group gsmgw{later}", f"sudo adduser {name} gsmgw; log in again"
            )


def check_database(config: Config, *, thorough: bool) -> Iterator[Finding]:
    """Whether the database is whole."""
    path = config.database
    with suppress(PermissionError):
        if not path.exists():
            yield note("database", f"there is none yet at {path}", "it is made when the gateway starts")
            return
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError
        if faults := database_faults(path, thorough=thorough):
            yield error(
                "database",
                f"{path} is damaged: {'; '.join(faults)}",
                "stop the gateway, keep a copy of the file, restore the last backup: gsmgw restore FILE --force",
            )
        else:
            size = path.stat().st_size >> 20
            how = "every page, index and reference" if thorough else "its structure"
            yield ok("database", f"{path} is whole ({how}; {size} MiB)")
        if copies := rollback_copies(path):
            names = ", ".join(copy.name for copy in copies)
            yield note("database", f"kept from before an upgrade: {names}", "they may be deleted once all is well")
        return
    yield note("database", f"{path} may not be read by this user", _SUDO)


def check_backup(config: Config) -> Iterator[Finding]:
    """Whether there is a backup, and how old the last one is."""
    cure = "gsmgw backup; every night: sudo systemctl enable --now gsmgw-backup.timer"
    try:
        kept = list_backups(config.backups)
    except (StoreError, PermissionError):
        yield note("backup", f"{config.backups} may not be read by this user", _SUDO)
        return
    if not kept:
        yield warning("backup", f"there is no backup in {config.backups}", cure)
        return
    age = datetime.now(UTC) - kept[0].made_at
    said = f"the last of {len(kept)} is {kept[0].path}, {_age(age)} old"
    if age > _OLD:
        yield warning("backup", said, cure)
    else:
        yield ok("backup", said)


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{max(0, hours)} h"


def check_unit(machine: Machine) -> Iterator[Finding]:
    """The unit, where systemd has it."""
    state = machine.ask(
        "systemctl", "show", "--property=LoadState,ActiveState,UnitFileState,NRestarts", "gsmgw.service"
    )
    about = dict(line.split("=", 1) for line in (state or "").splitlines() if "=" in line)
    if about.get("LoadState") != "loaded":
        return
    if about.get("UnitFileState") not in ("enabled", "enabled-runtime"):
        yield warning("service", "gsmgw.service is not started at boot", "sudo systemctl enable gsmgw")
    if about.get("ActiveState") == "failed":
        yield error("service", "gsmgw.service has failed", "journalctl -u gsmgw -n 50 says why")
    elif int(about.get("NRestarts") or 0) > 0:
        yield warning(
            "service", f"gsmgw.service was restarted {about['NRestarts']} times", "journalctl -u gsmgw says why"
        )
    else:
        yield ok("service", f"gsmgw.service is {about.get('ActiveState')}")
