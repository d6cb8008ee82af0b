"""Run all checks, in the order in which a person would look."""

from __future__ import annotations

import platform
import sqlite3  # its version only
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gsmgw import __version__
from gsmgw.client import ApiError, Client, NoDaemon
from gsmgw.config import Config
from gsmgw.doctor import installation, machine, modems
from gsmgw.doctor.findings import Finding, Level, error, note, ok, warning
from gsmgw.doctor.machine import Machine
from gsmgw.owners import acting_as_owner
from gsmgw.wire import resources


@dataclass(slots=True)
class Examination:
    """The findings, and the data for the support bundle."""

    findings: list[Finding] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    config: Config | None = None
    config_file: Path | None = None
    stats: resources.Stats | None = None
    modems: list[resources.Modem] | None = None

    @property
    def is_healthy(self) -> bool:
        """True if no finding is an error."""
        return not any(finding.level is Level.ERROR for finding in self.findings)


def examine(
    client: Client, config_file: Path | None, *, thorough: bool = False, where: Machine | None = None
) -> Examination:
    """Run all checks. Changes nothing."""
    here = where or Machine()
    found = Examination(versions=_versions(here), config_file=config_file)
    found.config, found.findings = installation.check_config(config_file)
    found.findings += _check_daemon(client, found)
    found.findings += installation.check_unit(here)
    found.findings += installation.check_users()
    found.findings += modems.check_modems(found.modems) if found.modems is not None else ()
    found.findings += _check_ports(here, found.config)
    found.findings += _check_state(here, found.config, thorough=thorough)
    found.findings += machine.check_rivals(here)
    found.findings += machine.check_power(here)
    found.findings += machine.check_clock(here)
    return found


def _check_ports(here: Machine, config: Config | None) -> Iterator[Finding]:
    """Check the ports of the modems that are plugged in, and those in the configuration."""
    yield from machine.check_ports(here)
    for section in config.modem if config is not None else ():
        if section.port is not None and section.port.startswith("/"):
            yield from machine.check_port(here, section.port)


def _check_state(here: Machine, config: Config | None, *, thorough: bool) -> Iterator[Finding]:
    """Check the database, the backups and their disk."""
    if config is None:
        return
    with acting_as_owner(config.database):
        yield from installation.check_database(config, thorough=thorough)
        yield from installation.check_backup(config)
    yield from machine.check_disk(here, config.gateway.state_dir)


def _check_daemon(client: Client, found: Examination) -> Iterator[Finding]:
    try:
        found.stats, found.modems = client.stats(), client.modems()
    except NoDaemon as exc:
        cure = "start it: sudo systemctl start gsmgw (or gsmgw run). If it stops again: journalctl -u gsmgw -n 50"
        if exc.forbidden:
            cure = "add yourself to the group gsmgw: sudo adduser $USER gsmgw, then log in again"
        yield error("gateway", f"not reachable at {exc.where}: {exc.reason}", cure)
        return
    except ApiError as exc:
        yield error("gateway", f"answered with an error: {exc.detail}", "see the log: journalctl -u gsmgw -n 50")
        return
    running = str(found.stats["version"])
    if running != __version__:
        yield warning(
            "gateway",
            f"version {running} is running, but {__version__} is installed",
            "restart it: sudo systemctl restart gsmgw",
        )
    else:
        yield ok("gateway", f"version {running} is running at {client.where}")
    if loss := found.stats.get("database_loss"):
        yield error(
            "database", loss, "stop gsmgw.service and gsmgw.socket, then restore a backup: sudo gsmgw restore FILE"
        )
    yield from _check_bridges(client, found.config)
    waiting = found.stats["messages"]
    if any(waiting.get(state) for state in ("queued", "unknown")):
        counts = ", ".join(f"{count} {state}" for state, count in sorted(waiting.items()))
        yield note("queue", counts, "to see why a message is waiting: gsmgw show ID")


def _check_bridges(client: Client, config: Config | None) -> Iterator[Finding]:
    """Check the bridges that are on."""
    for each in client.integrations()["bridges"]:
        if not each["enabled"]:
            continue
        if each["trouble"] is not None:
            cure = f"check [{each['name']}] in the configuration, and the other side. It is tried again all the time"
            yield error(f"bridge {each['name']}", each["trouble"], cure)
        elif each["dropped"]:
            cure = f"to see which and why: journalctl -u gsmgw -p warning -g {each['name']}:"
            yield warning(f"bridge {each['name']}", f"works; gave up {each['dropped']} events since the start", cure)
        else:
            yield ok(f"bridge {each['name']}", "works")
            if each["name"] == "fleet":
                yield from _check_fleet(client, config)


def _check_fleet(client: Client, config: Config | None) -> Iterator[Finding]:
    """Check the nodes of a hub, and the names of their modems in the configuration."""
    found = client.fleet()
    if not found["hub"]:
        return
    if not found["nodes"]:
        yield note("fleet", "no nodes yet", "add one: sudo gsmgw fleet add NAME --url URL")
    for node in found["nodes"]:
        if node["silent"]:
            heard = f"silent since {node['heard_at']}" if node["heard_at"] else "not heard of since the start"
            yield warning(
                f"node {node['name']}",
                f"{heard}; messages that wait for it: {node['waiting']}",
                f"check its connection, there: sudo gsmgw doctor. To let others send: gsmgw fleet move {node['name']}",
            )
        elif not node["modems"]:
            yield warning(f"node {node['name']}", "it has no modems", "add one there: sudo gsmgw setup")
        else:
            yield ok(f"node {node['name']}", f"connected, {len(node['modems'])} modems")
    known = {modem["name"] for node in found["nodes"] for modem in node["modems"]}
    for name in sorted(_modems_of_nodes(config) - known):
        cure = "compare the names with those of: gsmgw fleet status"
        yield warning("fleet", f"the configuration names the modem {name!r}, which no node has", cure)


def _modems_of_nodes(config: Config | None) -> set[str]:
    """Return the modems of nodes that the configuration names."""
    if config is None:
        return set()
    named = {name for pool in config.pool for name in pool.modems}
    named |= {route.modem for route in config.route if route.modem is not None}
    return {name for name in named if "/" in name}


def _versions(here: Machine) -> dict[str, str]:
    release = dict(
        line.split("=", 1) for line in machine.read(here.root / "etc/os-release").splitlines() if "=" in line
    )
    return {
        "gsmgw": __version__,
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "system": release.get("PRETTY_NAME", "unknown").strip('"'),
        "kernel": platform.release(),
        "machine": machine.read(here.proc / "device-tree/model").strip("\0") or platform.machine(),
    }
