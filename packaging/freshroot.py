"""A fresh Debian to try a package in: made, booted by its own systemd in a container, or entered as a chroot."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

#: The exit code of a machine that cannot do it.
SKIPPED = 77
WAIT_S = 60.0


class CannotBoot(Exception):
    """This machine does not boot a root in a container."""


def say(text: str) -> None:
    """A step that was seen to be so."""
    print(f"  {text}", flush=True)


def skip(reason: str) -> None:
    """End without a verdict."""
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def until(what: str, condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline, last = time.monotonic() + WAIT_S, ""
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (AssertionError, ValueError) as exc:
            last = str(exc)
        time.sleep(0.2)
    raise AssertionError(f"in {WAIT_S:.0f} s it did not happen: {what}. {last}")


class Fresh:
    """A fresh Debian: booted by its own systemd, or a chroot."""

    def __init__(self, directory: Path, booted: bool) -> None:
        self.directory = directory
        self.booted = booted
        self.leader = 0
        self.daemon: subprocess.Popen[bytes] | None = None

    def run(self, *command: str, check: bool = True, text: str | None = None) -> str:
        """Run a command inside as root; what it printed."""
        inside = ["chroot", str(self.directory)]
        if self.leader:
            inside = ["nsenter", "--target", str(self.leader), "--all", "--"]
        environment = {
            "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
        }
        done = subprocess.run(
            [*inside, *command], capture_output=True, text=True, check=False, env=environment, input=text
        )
        if check and done.returncode:
            raise AssertionError(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout.strip() if check else f"{done.stdout}{done.stderr}".strip()

    def path(self, name: str) -> Path:
        """A path of the root as seen from outside."""
        return self.directory / name.lstrip("/")

    def as_service(self, *command: str) -> list[str]:
        """A command as the service's user with its groups and without privileges, as the unit has it."""
        return ["setpriv", "--reuid=gsmgw", "--regid=gsmgw", "--init-groups", "--no-new-privs", "--bounding-set=-all",
                "--inh-caps=-all", "env", "-i", "PATH=/usr/bin:/bin", *command]  # fmt: skip

    def start(self) -> None:
        """Start the service, or what its unit says."""
        if self.booted:
            self.run("systemctl", "restart", "gsmgw.service")
            return
        unit = self.path("/usr/lib/systemd/system/gsmgw.service").read_text()
        line = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)
        assert line is not None
        self.run("install", "-d", "-o", "gsmgw", "-g", "gsmgw", "/run/gsmgw")  # RuntimeDirectory=
        command = self.as_service(*shlex.split(line[1]))
        self.daemon = subprocess.Popen(["chroot", str(self.directory), *command])

    def stop(self) -> None:
        """Stop it, as systemd does: SIGTERM."""
        if self.booted:
            self.run("systemctl", "stop", "gsmgw.socket", "gsmgw.service")
        elif self.daemon is not None:
            self.daemon.send_signal(signal.SIGTERM)
            assert self.daemon.wait(30) == 0, "the daemon did not end cleanly on SIGTERM"
            self.daemon = None

    def status(self) -> dict[str, object]:
        """Return the answer of `gsmgw status --json`."""
        found: dict[str, object] = json.loads(self.run("gsmgw", "status", "--json"))
        return found


def make_root(suite: str, mirror: str, directory: Path, booted: bool) -> None:
    """A minimal Debian of that suite."""
    # It holds only what boots the root; what gsmgw needs must come by its own dependencies.
    include = "systemd,systemd-sysv,udev,dbus" if booted else "systemd-standalone-sysusers"
    if shutil.which("mmdebstrap"):
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={include}", suite, str(directory), mirror]
    elif shutil.which("debootstrap"):
        command = ["debootstrap", "--variant=minbase", f"--include={include}", suite, str(directory), mirror]
    else:
        skip("neither mmdebstrap nor debootstrap is installed")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        skip(f"no root of {suite} can be made from {mirror}: {done.stderr.strip().splitlines()[-1:]}")


@contextlib.contextmanager
def boot(fresh: Fresh) -> Iterator[None]:
    """Run the root's systemd while the block runs; its log when something fails."""
    with tempfile.NamedTemporaryFile(suffix=".log") as console:
        # Writable, because a real machine's /sys is: whether the unit's sandbox leaves the right part so is looked at.
        environment = {**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "yes"}
        machine = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe",
             f"--machine=gsmgw-{os.getpid()}", "--directory", str(fresh.directory)],
            stdin=subprocess.DEVNULL, stdout=console, stderr=console, env=environment,
        )  # fmt: skip
        try:
            children = Path(f"/proc/{machine.pid}/task/{machine.pid}/children")

            def is_up() -> bool:
                assert machine.poll() is None, Path(console.name).read_text(errors="replace")[-2000:]
                fresh.leader = int((children.read_text().split() or ["0"])[0])
                state = fresh.run("systemctl", "is-system-running", check=False) if fresh.leader else ""
                return state in ("running", "degraded")

            try:
                until("the root has booted", is_up)
            except AssertionError as exc:
                raise CannotBoot(str(exc)) from None
            yield
        finally:
            if fresh.leader:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(fresh.leader, signal.SIGRTMIN + 4)  # power off
            try:
                machine.wait(30)
            except subprocess.TimeoutExpired:
                machine.kill()
                machine.wait()
            fresh.leader = 0


@contextlib.contextmanager
def mounted(directory: Path) -> Iterator[None]:
    """Mount the file systems that programs in a chroot need."""
    shutil.copy("/etc/resolv.conf", directory / "etc" / "resolv.conf")
    mounts = [("proc", "proc"), ("sysfs", "sys"), ("devpts", "dev/pts")]
    for kind, place in mounts:
        subprocess.run(["mount", "-t", kind, kind, str(directory / place)], check=True)
    try:
        yield
    finally:
        for _, place in reversed(mounts):
            subprocess.run(["umount", "--lazy", str(directory / place)], check=True)
