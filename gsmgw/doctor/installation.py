"""Checks of the installation: configuration, users, database, backups, systemd unit."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gsmgw.backup import list_backups
from gsmgw.checking import load_checked
from gsmgw.config import Config, holds_secrets
from gsmgw.doctor.findings import Finding, error, note, ok, warning
from gsmgw.doctor.machine import Machine
from gsmgw.errors import ConfigError, StoreError
from gsmgw.places import SEARCH, closed_places
from gsmgw.store.integrity import database_faults
from gsmgw.store.upgrade import rollback_copies

SERVICE = "gsmgw"
#: Maximum age of the latest backup: backups are nightly, and one night without power is tolerated.
_OLD = timedelta(days=2)
_SUDO = "run as root: sudo gsmgw doctor"


def check_config(path: Path | None) -> tuple[Config | None, list[Finding]]:
    """Return the configuration in effect, and its findings."""
    if path is None and (closed := closed_places()):
        return None, [note("configuration", f"no permission to read {closed[0]}", _SUDO)]
    if path is None:
        places = ", ".join(SEARCH)
        return Config(), [note("configuration", f"no file found (looked for {places})", "create one: gsmgw setup")]
    try:
        checked = load_checked(path)
    except ConfigError as exc:
        cure = f"correct it, then check again: gsmgw config check --config {path}"
        if os.access(path, os.F_OK) and not os.access(path, os.R_OK):
            cure = _SUDO
        return None, [error("configuration", f"{path}: {problem}", cure) for problem in exc.problems]
    config = checked.config
    found = [ok("configuration", f"{path} is valid")]
    found += [
        warning("configuration", f"{path}: {problem}", f"then: gsmgw config check --config {path}")
        for problem in checked.missing
    ]
    with suppress(OSError):
        if path.stat().st_mode & 0o044 and holds_secrets(config):
            cure = f"sudo chown {SERVICE} {path}; sudo chmod 600 {path}   (your own gateway: chmod 600 {path})"
            found.append(warning("configuration", f"{path} contains secrets and is readable by other users", cure))
    return config, found


def check_users() -> Iterator[Finding]:
    """Check the service's user, and the access of the current user to the gateway."""
    try:
        pwd.getpwnam(SERVICE)
    except KeyError:
        yield note(
            "users",
            "user gsmgw does not exist: the gateway is not installed as a service",
            "install it: sudo gsmgw setup system",
        )
        return
    with suppress(KeyError):
        if SERVICE not in grp.getgrnam("dialout").gr_mem:
            cure = "sudo adduser gsmgw dialout; sudo systemctl restart gsmgw"
            yield error("users", "user gsmgw is not in the group dialout", cure)
    if os.geteuid() == 0:
        return
    name = pwd.getpwuid(os.geteuid()).pw_name
    with suppress(KeyError):
        group = grp.getgrnam(SERVICE)
        if group.gr_gid not in os.getgroups() and name != SERVICE:
            later = " in this login session" if name in group.gr_mem else ""
            yield warning(
                "users", f"user {name} is not in the group gsmgw{later}", f"sudo adduser {name} gsmgw; log in again"
            )


def check_database(config: Config, *, thorough: bool) -> Iterator[Finding]:
    """Check the integrity of the database."""
    path = config.database
    with suppress(PermissionError):
        if not path.exists():
            yield note("database", f"{path} does not exist yet", "the gateway creates it when it starts")
            return
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError
        if faults := database_faults(path, thorough=thorough):
            yield error(
                "database",
                f"{path} is damaged: {'; '.join(faults)}",
                "stop the gateway, copy the file, then restore the latest backup: gsmgw restore FILE --force",
            )
        else:
            size = path.stat().st_size >> 20
            scope = "every page, index and reference" if thorough else "structure"
            yield ok("database", f"{path} has no errors (checked: {scope}; {size} MiB)")
        if copies := rollback_copies(path):
            names = ", ".join(copy.name for copy in copies)
            yield note("database", f"copies from before an upgrade: {names}", "delete them when the upgrade works")
        return
    yield note("database", f"no permission to read {path}", _SUDO)


def check_backup(config: Config) -> Iterator[Finding]:
    """Check that a backup exists, and its age."""
    cure = "make one: gsmgw backup. For nightly backups: sudo systemctl enable --now gsmgw-backup.timer"
    try:
        kept = list_backups(config.backups)
    except (StoreError, PermissionError):
        yield note("backup", f"no permission to read {config.backups}", _SUDO)
        return
    if not kept:
        yield warning("backup", f"no backup in {config.backups}", cure)
        return
    age = datetime.now(UTC) - kept[0].made_at
    latest = f"latest backup is {kept[0].path}, {_age(age)} old ({len(kept)} kept)"
    if age > _OLD:
        yield warning("backup", latest, cure)
    else:
        yield ok("backup", latest)


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{hours // 24} days" if hours >= 48 else f"{max(0, hours)} h"


def check_unit(machine: Machine) -> Iterator[Finding]:
    """Check the systemd unit, if it is installed."""
    state = machine.ask(
        "systemctl", "show", "--property=LoadState,ActiveState,UnitFileState,NRestarts", "gsmgw.service"
    )
    about = dict(line.split("=", 1) for line in (state or "").splitlines() if "=" in line)
    if about.get("LoadState") != "loaded":
        return
    if about.get("UnitFileState") not in ("enabled", "enabled-runtime"):
        yield warning("service", "gsmgw.service does not start at boot", "enable it: sudo systemctl enable gsmgw")
    if about.get("ActiveState") == "failed":
        yield error("service", "gsmgw.service has failed", "see the log: journalctl -u gsmgw -n 50")
    elif int(about.get("NRestarts") or 0) > 0:
        yield warning(
            "service", f"gsmgw.service was restarted {about['NRestarts']} times", "see the log: journalctl -u gsmgw"
        )
    else:
        yield ok("service", f"gsmgw.service is {about.get('ActiveState')}")
