"""A stranger's first hour, in a fresh Debian: python packaging/first_hour.py --suite bookworm [--write]

Installs the package in a root booted with systemd, and does what a newcomer does: uses it as a user outside of the
group, sets it up with a locked SIM, sends a first text, gets an answer, breaks the configuration, and finds the port in
use. Every step is a command that is typed, and what it prints is checked. --write puts the transcript into the page
docs/get-started/first-hour.md. Wants root and a Debian mirror; exit code 77 and a reason when there is none of them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from freshroot import CannotBoot, Fresh, boot, make_root, say, skip, until
from try_package import build, install

PAGE = Path(__file__).parent.parent / "docs" / "get-started" / "first-hour.md"
BEGIN, END = "<!-- made by packaging/first_hour.py: begin -->\n", "<!-- end -->\n"
USER = "pi"
PHONE = "+4915112345678"
CONFIG = "/etc/gsmgw/gsmgw.toml"
#: Holds a port as another program does, until it is killed.
HOLD = "import fcntl, os, termios, time; fd = os.open('/srv/sim/modem0', os.O_RDWR | os.O_NOCTTY); \
fcntl.flock(fd, fcntl.LOCK_EX); fcntl.ioctl(fd, termios.TIOCEXCL); time.sleep(600)"


class Hour:
    """The commands and their output, as a page shows them."""

    def __init__(self, fresh: Fresh) -> None:
        self._fresh = fresh
        self.lines: list[str] = []

    def title(self, text: str) -> None:
        """Begin a part."""
        say(text)
        self.lines += ["", f"## {text}", ""]

    def remark(self, text: str) -> None:
        """Say something between two commands."""
        self.lines += [text, ""]

    def type(self, command: str, *wanted: str, code: int = 0, root: bool = False, shown: int = 30) -> str:
        """Type a command as the user, or with sudo, and check its exit code and what it prints."""
        script = (
            f"echo begin=; {{ {command}; }} 2>&1; echo exit=$?"  # the output is stripped, a first line may be indented
        )
        whole = ["sh", "-c", script] if root else ["runuser", "-u", USER, "--", "sh", "-c", script]
        said, _, ended = self._fresh.run(*whole, check=False).rpartition("exit=")
        said = said.partition("begin=\n")[2].rstrip("\n")
        assert int(ended) == code, f"$ {command}\n{said}\nended with {ended} instead of {code}"
        for text in wanted:
            assert re.search(text, said), f"$ {command}\n{said}\nlacks {text!r}"
        assert "Traceback" not in said, f"$ {command}\n{said}"
        lines = said.splitlines()
        more = [f"... ({len(lines) - shown} more lines)"] if len(lines) > shown else []
        prompt = "$ sudo " if root else "$ "
        self.lines += ["```console", prompt + command, *lines[:shown], *more, "```", ""]
        return said


def start_simulator(fresh: Fresh) -> subprocess.Popen[bytes]:
    """A modem with a locked SIM, where a real one would be plugged in."""
    fresh.run("install", "-d", "-o", "gsmgw", "-g", "gsmgw", "/srv/sim")
    script = "echo $$ >/srv/sim/pid; exec hw-sim run --modems 1 --pin 1234 --dir /srv/sim --control /srv/sim/control"
    inside = ["nsenter", "--target", str(fresh.leader), "--all", "--"]
    child = subprocess.Popen([*inside, *fresh.as_service("sh", "-c", script)], stdout=subprocess.DEVNULL)
    until("the simulated modem is there", lambda: fresh.run("test", "-S", "/srv/sim/control") == "")
    return child


def modem_state(fresh: Fresh) -> str:
    """The state of the only modem."""
    lines = fresh.run("gsmgw", "modems", "--json").splitlines()
    return str(json.loads(lines[0])["state"]) if lines else ""


def first_commands(hour: Hour, package: Path) -> None:
    """Install, and be no member of the group yet."""
    hour.title("Install")
    hour.lines += ["```console", f"$ sudo apt install ./{package.name}", "```", ""]
    hour.remark("The service runs already, but this user may not use it yet. The error says how to change that:")
    hour.type("gsmgw status", "adduser", code=3)
    hour.type(f"adduser {USER} gsmgw", root=True)
    hour.remark("Log out and in again. Then:")
    hour.type("gsmgw status", "no modem|modems")


def set_up(hour: Hour, fresh: Fresh) -> None:
    """Set up a modem whose SIM is locked, and text."""
    hour.title("Set up, with a locked SIM")
    options = f"--country DE --port office=/srv/sim/modem0 --pin 1234 --test-to {PHONE}"
    hour.type(f"gsmgw setup --yes --force {options}", "office", root=True)
    until("the modem is ready", lambda: modem_state(fresh) == "ready")
    hour.type("gsmgw modems", "office +ready")
    phone = fresh.run("hw-sim", "phone", "--control", "/srv/sim/control", PHONE, "--json")
    assert json.loads(phone.splitlines()[0]), phone
    hour.title("The first text, and an answer")
    hour.type(f'gsmgw send {PHONE} "Your table is ready." --wait', "delivered")
    answer = ["--from", PHONE, "--to", "modem0", "Thank you, we are coming"]
    fresh.run("hw-sim", "send", "--control", "/srv/sim/control", *answer)
    until("the answer is there", lambda: "coming" in fresh.run("gsmgw", "inbox"))
    hour.type("gsmgw inbox", "Thank you, we are coming")
    hour.remark("Without quotes, and without a text:")
    hour.type(f"gsmgw send {PHONE} Your table", "quotes", code=2)
    hour.type(f"gsmgw send {PHONE}", "text", code=2)


def break_configuration(hour: Hour, fresh: Fresh) -> None:
    """Write errors into the configuration; the gateway goes on."""
    hour.title("A configuration with errors")
    good = fresh.path(CONFIG).read_text()
    fresh.path(CONFIG).write_text(
        good.replace('country = "DE"', 'contry = "DE"') + '\n[[modem]]\nname = "shop"\nport = "COM3"\n'
    )
    hour.remark("A misspelt key, and a port of another system. Every error has its line and its remedy:")
    hour.type("gsmgw config check", "contry", "country", "COM3", code=2, root=True)
    hour.type("gsmgw reload", code=1, root=True)
    hour.remark("The running gateway keeps its former settings:")
    hour.type("gsmgw modems", "office +ready")
    fresh.path(CONFIG).write_text(good)
    hour.type("gsmgw config check", "is valid", root=True)


def hold_port(hour: Hour, fresh: Fresh) -> None:
    """Let another program take the port while the gateway is stopped."""
    hour.title("Another program has the port")
    fresh.run("systemctl", "stop", "gsmgw.service", "gsmgw.socket")
    inside = ["nsenter", "--target", str(fresh.leader), "--all", "--"]
    holder = subprocess.Popen([*inside, *fresh.as_service("/opt/gsmgw/bin/python3", "-c", HOLD)])
    try:
        time.sleep(2)
        fresh.run("systemctl", "start", "gsmgw.socket", "gsmgw.service")
        until(
            "the modem is known to be unavailable", lambda: modem_state(fresh) not in ("", "absent", "probing", "ready")
        )
        hour.type("gsmgw modems", "office")
        hour.type("journalctl -u gsmgw -p warning -o cat --since -1min", root=True, shown=10)
    finally:
        fresh.run("pkill", "-f", "TIOCEXCL", check=False)
        holder.wait(10)
    hour.remark("When the other program has ended, the modem comes back by itself, within a minute:")
    until("the modem is ready again", lambda: modem_state(fresh) == "ready")
    hour.type("gsmgw modems", "office +ready")


def live(hour: Hour, fresh: Fresh, package: Path) -> None:
    """The whole hour."""
    fresh.run("apt-get", "update", "-qq")
    fresh.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "adduser", "procps")
    fresh.run("useradd", "--create-home", USER)
    install(fresh, package)
    until("the service answers", fresh.status)
    first_commands(hour, package)
    simulator = start_simulator(fresh)
    try:
        set_up(hour, fresh)
        break_configuration(hour, fresh)
        hold_port(hour, fresh)
        hour.title("The doctor")
        hour.type("gsmgw doctor", root=True)
    finally:
        with contextlib.suppress(AssertionError):
            fresh.run("sh", "-c", "kill $(cat /srv/sim/pid)")
        simulator.wait(10)


def write(hour: Hour) -> None:
    """Put the transcript into its page."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(before + BEGIN + "\n".join(hour.lines) + "\n" + END + after, encoding="utf-8")
    print(f"written: {PAGE}")


def main() -> None:
    """Live through it once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--mirror", default="http://deb.debian.org/debian")
    parser.add_argument("--write", action="store_true", help="write the transcript into its page")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if os.geteuid() != 0:
        skip("making a root needs root")
    if shutil.which("systemd-nspawn") is None:
        skip("systemd-nspawn is not installed: apt install systemd-container")
    with tempfile.TemporaryDirectory(prefix="gsmgw-hour-") as name:
        work = Path(name)
        directory = work / "root"
        make_root(options.suite, options.mirror, directory, booted=True)
        package = build(options.suite, work)
        fresh = Fresh(directory, booted=True)
        hour = Hour(fresh)
        try:
            with boot(fresh):
                live(hour, fresh, package)
        except CannotBoot as exc:
            skip(f"this machine does not boot a root: {exc}")
        except AssertionError as exc:
            print(f"FAILED: {exc}")
            sys.exit(1)
        if options.write:
            write(hour)
    print(f"{options.suite}: the first hour went as it should")


if __name__ == "__main__":
    main()
