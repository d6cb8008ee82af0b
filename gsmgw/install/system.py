"""`gsmgw setup system`: install a service for a program installed with pipx or pip.

An installation is a list of steps. Carrying them out a second time changes nothing.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from gsmgw import documentation
from gsmgw.errors import GsmgwError
from gsmgw.install.assets import asset, unit_for
from gsmgw.install.manpages import COMPLETION_PLACES, completion, man_pages

#: The dashboard and the NATS server of a fleet are enabled by the administrator.
UNITS = (
    "gsmgw.service",
    "gsmgw.socket",
    "gsmgw-backup.service",
    "gsmgw-backup.timer",
    "gsmgw-web.service",
    "gsmgw-nats.service",
)
#: Stopped and disabled in this order; otherwise the socket would start the service again.
_ENABLED = ("gsmgw.socket", "gsmgw.service", "gsmgw-backup.timer")
CONFIG = "etc/gsmgw/gsmgw.toml"
_COMMAND_LIMIT_S = 120


class SetupError(GsmgwError):
    """A step failed."""


@dataclass(frozen=True, slots=True)
class PutFile:
    """Write a file; ``keep`` leaves an existing one unchanged."""

    path: Path
    content: str
    mode: int = 0o644
    owner: str | None = None
    keep: bool = False

    def needed(self) -> bool:
        """Return True if the step would change anything."""
        if not self.path.exists():
            return True
        return not self.keep and self.path.read_text(encoding="utf-8", errors="replace") != self.content

    def describe(self) -> str:
        """Return the step in one line."""
        return f"write {self.path}"

    def run(self) -> None:
        """Carry out the step."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.touch(0o600)
        fresh.write_text(self.content, encoding="utf-8")
        if self.owner is not None:
            shutil.chown(fresh, self.owner, self.owner)
        fresh.chmod(self.mode)
        fresh.replace(self.path)


@dataclass(frozen=True, slots=True)
class Run:
    """Run a system command; fails if it is not installed."""

    argv: tuple[str, ...]

    def needed(self) -> bool:
        """Return True: these commands do nothing if there is nothing to do."""
        return True

    def describe(self) -> str:
        """Return the step in one line."""
        return " ".join(self.argv)

    def run(self) -> None:
        """Carry out the step."""
        if shutil.which(self.argv[0]) is None:
            raise SetupError(f"{self.argv[0]} is not installed")
        done = subprocess.run(self.argv, capture_output=True, text=True, timeout=_COMMAND_LIMIT_S, check=False)
        if done.returncode != 0:
            raise SetupError(f"{self.describe()}: {(done.stderr or done.stdout).strip()}")


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a file."""

    path: Path

    def needed(self) -> bool:
        """Return True if the file exists."""
        return self.path.exists()

    def describe(self) -> str:
        """Return the step in one line."""
        return f"remove {self.path}"

    def run(self) -> None:
        """Carry out the step."""
        self.path.unlink(missing_ok=True)


Step = PutFile | Run | Remove


def installed_files(command: Path, group: click.Group, root: Path = Path("/")) -> list[PutFile]:
    """Return the files of a service for the program at ``command``, below ``root``."""
    prefix = root / "usr" / "local"
    files = [PutFile(root / "etc" / "systemd" / "system" / name, unit_for(name, command)) for name in UNITS]
    files += [
        PutFile(root / "etc" / "sysusers.d" / "gsmgw.conf", asset("systemd/gsmgw.sysusers")),
        PutFile(root / "etc" / "tmpfiles.d" / "gsmgw.conf", asset("systemd/gsmgw.tmpfiles")),
        PutFile(root / "etc" / "udev" / "rules.d" / "70-gsmgw.rules", asset("udev/70-gsmgw.rules")),
    ]
    files += [
        PutFile(prefix / place.format(name="gsmgw"), completion(group, shell))
        for shell, place in COMPLETION_PLACES.items()
    ]
    pages = man_pages(group)
    return files + [PutFile(prefix / "share" / "man" / "man1" / name, page) for name, page in pages.items()]


def _first_config() -> str:
    """Return the first configuration; it points to the documentation where that is on this machine."""
    packaged, name = asset("systemd/gsmgw.toml"), "reference/configuration.md"
    return packaged.replace(f"{documentation.PLACES[0]}/{name}", documentation.page(name))


def install_steps(command: Path, group: click.Group, root: Path = Path("/")) -> list[Step]:
    """Return the steps of an installation; below another root, only files are written."""
    config = PutFile(root / CONFIG, _first_config(), 0o600, keep=True)
    files: list[Step] = [*installed_files(command, group, root)]
    if root != Path("/"):
        return [*files, config]
    link = Path("/usr/local/bin/gsmgw")
    shortcut: list[Step] = (
        [] if shutil.which("gsmgw", path="/usr/local/bin:/usr/bin") else [Run(("ln", "-sf", str(command), str(link)))]
    )
    return [
        *files,
        *shortcut,
        Run(("systemd-sysusers", "gsmgw.conf")),
        Run(("systemd-tmpfiles", "--create", "gsmgw.conf")),
        PutFile(config.path, config.content, config.mode, "gsmgw", keep=True),
        Run(("udevadm", "control", "--reload")),
        Run(("udevadm", "trigger", "--subsystem-match=tty", "--subsystem-match=usb")),
        Run(("systemctl", "daemon-reload")),
        Run(("systemctl", "enable", "--now", *_ENABLED)),
        Run(("systemctl", "try-restart", "gsmgw.service")),
    ]


def uninstall_steps(command: Path, group: click.Group, root: Path = Path("/")) -> list[Step]:
    """Return the steps that undo :func:`install_steps`; messages, configuration and user stay."""
    removals: list[Step] = [Remove(file.path) for file in installed_files(command, group, root)]
    if root != Path("/"):
        return removals
    link = Path("/usr/local/bin/gsmgw")
    if link.is_symlink() and link.resolve() == command.resolve():
        removals.append(Remove(link))
    return [
        Run(("systemctl", "disable", "--now", *_ENABLED)),
        *removals,
        Run(("systemctl", "daemon-reload")),
        Run(("udevadm", "control", "--reload")),
    ]


def carry_out(steps: Sequence[Step], dry_run: bool, say: Callable[[str], None]) -> list[str]:
    """Carry out the steps, or only print them. Return an error for each failed step; the others are still done."""
    failures = []
    for step in steps:
        if not step.needed():
            continue
        say(("would " if dry_run else "") + step.describe())
        if dry_run:
            continue
        try:
            step.run()
        except (OSError, LookupError, SetupError, subprocess.TimeoutExpired) as exc:
            failures.append(str(exc))
            say(f"  failed: {exc}")
    return failures
