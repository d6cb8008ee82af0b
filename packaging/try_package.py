"""Try the Debian package in a fresh Debian: python packaging/try_package.py --suite bookworm [--chroot]

Makes a root with mmdebstrap (or debootstrap), installs the previous version, sends a first text through hw-sim,
upgrades with data, backs up, removes, purges, and looks at files, users and units on the way. Where the root can be
booted with systemd-nspawn, its own systemd runs the units, with their sandbox; else the daemon is started in a chroot
from the unit's ExecStart with the unit's user, which is what --chroot asks for. Wants root and a Debian mirror; exit
code 77 and a reason when there is none of them.
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

from freshroot import CannotBoot, Fresh, boot, make_root, mounted, say, skip, until

HERE = Path(__file__).parent
ROOT = HERE.parent
#: Before the first release: a commit whose database has fewer migrations.
PREVIOUS = "507118a57d609b60f9450b4dd67bc803bb4d90d6"
#: The version of a previous package that is none.
SAME = "0.0.8"
CONFIG = """\
[gateway]
country = "DE"
[modems]
discover = false
[[modem]]
name = "office"
port = "/srv/sim/modem0"
"""
#: Path, owner, group, mode of what must be there.
PLACES = """\
/etc/gsmgw root gsmgw 710
/etc/gsmgw/gsmgw.toml gsmgw gsmgw 600
/var/lib/gsmgw gsmgw gsmgw 700
/run/gsmgw gsmgw gsmgw 755
/opt/gsmgw/bin/gsmgw root root 755
/usr/lib/systemd/system/gsmgw.service root root 644
/usr/lib/systemd/system/gsmgw.socket root root 644
/usr/lib/systemd/system/gsmgw-backup.service root root 644
/usr/lib/systemd/system/gsmgw-backup.timer root root 644
/usr/lib/systemd/system/gsmgw-web.service root root 644
/usr/lib/systemd/system/gsmgw-nats.service root root 644
/usr/lib/sysusers.d/gsmgw.conf root root 644
/usr/lib/tmpfiles.d/gsmgw.conf root root 644
/usr/lib/udev/rules.d/70-gsmgw.rules root root 644
/usr/share/man/man1/gsmgw.1.gz root root 644
/usr/share/bash-completion/completions/gsmgw root root 644
"""


def build(suite: str, out: Path, *more: str) -> Path:
    """Build a package; where it is."""
    command = [sys.executable, str(HERE / "build_deb.py"), "--suite", suite, "--out", str(out), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.strip().splitlines()[-1])


def build_previous(suite: str, out: Path, work: Path) -> Path:
    """The package before this one: of the commit PREVIOUS, or of the same sources where history is cut off."""
    source = work / "previous"
    source.mkdir()
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", PREVIOUS], capture_output=True, check=False)
    if archive.returncode:
        say(f"note: {PREVIOUS} is not in this clone; the previous version is made of the same sources")
        return build(suite, out, "--version", SAME)
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
    for name in ("systemd", "udev"):
        shutil.copytree(ROOT / name, source / name, dirs_exist_ok=True)
    return build(suite, out, "--version", "0.0.9", "--source", str(source))


def install(fresh: Fresh, package: Path) -> None:
    """Install a package with what it depends on."""
    shutil.copy(package, fresh.path(f"/var/tmp/{package.name}"))
    fresh.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", f"/var/tmp/{package.name}")


def check_places(fresh: Fresh) -> None:
    """Files, owners, modes, users."""
    for line in PLACES.splitlines():
        path, *expected = line.split()
        found = fresh.run("stat", "-c", "%U %G %a", path).split()
        assert found == expected, f"{path}: {found} instead of {expected}"
    groups = fresh.run("id", "-nG", "gsmgw").split()
    assert {"gsmgw", "dialout"} <= set(groups), groups
    pages = fresh.run("sh", "-c", "ls /usr/share/man/man1/gsmgw-*.1.gz | wc -l")
    assert int(pages) > 20, pages
    say(f"files, owners and modes are as they should be; gsmgw is in {', '.join(groups)}")


def check_units(fresh: Fresh) -> None:
    """Let systemd and udev check the installed units and rules."""
    # Not gsmgw-nats.service: there is no nats-server, which it would complain about.
    units = [f"/usr/lib/systemd/system/{name}" for name in
             ("gsmgw.service", "gsmgw.socket", "gsmgw-backup.service", "gsmgw-backup.timer",
              "gsmgw-web.service")]  # fmt: skip
    if not fresh.run("sh", "-c", "command -v systemd-analyze || true"):
        return
    complaints = fresh.run("systemd-analyze", "verify", "--man=no", *units, check=False)
    ours = [line for line in complaints.splitlines() if "gsmgw" in line]
    assert not ours, complaints
    for unit in units[0], units[2]:
        score = re.search(r"level for \S+: ([\d.]+)", fresh.run("systemd-analyze", "security", "--offline=yes", unit))
        assert score is not None, unit
        assert float(score[1]) < 2.0, f"{unit}: {score[1]}"
        say(f"systemd-analyze: {Path(unit).name} is clean, exposure {score[1]}")
    if "verify" in fresh.run("sh", "-c", "udevadm --help || true"):
        fresh.run("udevadm", "verify", "/usr/lib/udev/rules.d/70-gsmgw.rules")
        say("udevadm verify: clean")


def check_sandbox(fresh: Fresh) -> None:
    """Check the running service from the inside of its own namespaces."""
    pid = main_pid(fresh)
    places = {"/etc": False, "/usr": False, "/sys/kernel": False, "/sys/devices": True, "/var/lib/gsmgw": True}
    bare = ("systemd-run", "--quiet", "--wait", "--pipe", "-p", "ProtectKernelTunables=yes")
    if fresh.run(*bare, "sh", "-c", "test -w /sys/kernel && echo w || echo r") == "w":
        del places["/sys/kernel"]  # a manager in a container does not always get to remount its host's /sys
        say("note: this manager, here, leaves /sys writable whatever a unit says")
    for place, writable in places.items():  # access(2) of root fails on what is mounted read-only, and on nothing else
        seen = fresh.run("nsenter", f"--target={pid}", "--mount", "sh", "-c", f"test -w {place} && echo w || echo r")
        assert (seen == "w") is writable, f"{place} is {'' if seen == 'w' else 'not '}writable for the service"
    status = fresh.run("cat", f"/proc/{pid}/status")
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE), status
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE), status
    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE), status
    shut = ", ".join(place for place, writable in places.items() if not writable)
    say(f"the sandbox holds: {shut} read-only, /sys/devices (USB reset) not; no capabilities, seccomp")


def main_pid(fresh: Fresh) -> int:
    """The daemon's process, in the root's own numbering."""
    return int(fresh.run("systemctl", "show", "--value", "-p", "MainPID", "gsmgw.service"))


def start_simulator(fresh: Fresh) -> subprocess.Popen[bytes]:
    """A modem, run as the service's user, for the pseudo-terminal is its owner's."""
    fresh.run("install", "-d", "-o", "gsmgw", "-g", "gsmgw", "/srv/sim")
    inside = ["nsenter", "--target", str(fresh.leader), "--all", "--"] if fresh.leader else ["chroot", fresh.directory]
    script = "echo $$ >/srv/sim/pid; exec hw-sim run --modems 1 --dir /srv/sim --control /srv/sim/control"
    command = ["sh", "-c", script]
    child = subprocess.Popen([*inside, *fresh.as_service(*command)], stdout=subprocess.DEVNULL)
    until("the simulated modem is there", lambda: fresh.run("test", "-S", "/srv/sim/control") == "")
    return child


def send(fresh: Fresh, text: str) -> None:
    """Send a text and see that the phone got it."""

    def modem_is_ready() -> bool:
        modems = [json.loads(line) for line in fresh.run("gsmgw", "modems", "--json").splitlines()]
        return [modem["state"] for modem in modems] == ["ready"]

    until("the modem is ready", modem_is_ready)
    fresh.run("gsmgw", "send", "+4915112345678", text, "--wait")
    phone = fresh.run("hw-sim", "phone", "--control", "/srv/sim/control", "+4915112345678", "--json")
    assert text in phone, phone


def exercise_service(fresh: Fresh) -> None:
    """Only where systemd runs: activation, watchdog, restart after a crash."""
    fresh.run("systemctl", "stop", "gsmgw.service")
    assert fresh.status()["version"]
    assert fresh.run("systemctl", "is-active", "gsmgw.service") == "active"
    say("socket activation: a client started the stopped service")
    pid = main_pid(fresh)
    fresh.run("sh", "-c", f"kill -KILL {pid}")
    until("the service is back after a crash", lambda: main_pid(fresh) not in (0, pid) and fresh.status())
    say("restarted after kill -9")
    drop_in = fresh.path("/etc/systemd/system/gsmgw.service.d/watchdog.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nWatchdogSec=4\n")
    fresh.run("systemctl", "daemon-reload")
    fresh.run("systemctl", "restart", "gsmgw.service")
    pid = main_pid(fresh)
    time.sleep(6)
    assert main_pid(fresh) == pid, "the watchdog was not fed"
    fresh.run("sh", "-c", f"kill -STOP {pid}")
    until("the watchdog has replaced a daemon that hangs", lambda: main_pid(fresh) not in (0, pid))
    shutil.rmtree(drop_in.parent)
    fresh.run("systemctl", "daemon-reload")
    fresh.run("systemctl", "restart", "gsmgw.service")
    say("watchdog: fed while it works, and replaced the daemon when it hung")


def back_up(fresh: Fresh) -> None:
    """The nightly backup, as its unit does it."""
    if fresh.booted:
        fresh.run("systemctl", "start", "gsmgw-backup.service")
        assert fresh.run("systemctl", "is-active", "gsmgw-backup.timer") == "active"
    else:
        fresh.run(*fresh.as_service("gsmgw", "backup", "--config", "/etc/gsmgw/gsmgw.toml"))
    assert fresh.run("gsmgw", "backup")  # by the gateway itself
    newest = json.loads(fresh.run("gsmgw", "backup", "--list", "--json").splitlines()[0])["file"]
    assert "is good" in fresh.run("gsmgw", "backup", "--verify", newest)
    shutil.copy(fresh.path(newest), fresh.path("/var/tmp/carried-over.tar.gz"))
    say(f"backed up and verified: {newest}")


def restore(fresh: Fresh, package: Path) -> None:
    """On another machine, with the program freshly installed: one command."""
    install(fresh, package)
    fresh.stop()
    fresh.run("gsmgw", "restore", "/var/tmp/carried-over.tar.gz")
    fresh.start()
    until("the restored gateway answers", fresh.status)
    assert "first text" in fresh.run("gsmgw", "messages", "--json")
    assert fresh.path("/etc/gsmgw/gsmgw.toml").read_text() == CONFIG
    assert fresh.run("stat", "-c", "%U", "/var/lib/gsmgw/gsmgw.db") == "gsmgw"
    fresh.stop()
    say("restored on a freshly installed system, messages and configuration")


def try_all(fresh: Fresh, previous: Path, package: Path) -> None:
    """Install, use, upgrade, remove, purge."""
    before = set(fresh.run("find", "/", "-xdev", "-name", "*gsmgw*").split())
    fresh.run("apt-get", "update", "-qq")
    install(fresh, previous)
    say(f"installed {previous.name}")
    config = fresh.path("/etc/gsmgw/gsmgw.toml")
    config.write_text(CONFIG)
    simulator = start_simulator(fresh)
    try:
        fresh.start()
        send(fresh, "first text")
        say("first text sent and received, by the previous version")
        pid = main_pid(fresh) if fresh.booted else 0
        if not fresh.booted:
            fresh.stop()
        install(fresh, package)
        if fresh.booted:
            until("the upgrade has restarted the service", lambda: main_pid(fresh) not in (0, pid))
        else:
            fresh.start()
        until("the new version answers", fresh.status)
        assert config.read_text() == CONFIG, "the upgrade touched the configuration"
        assert "first text" in fresh.run("gsmgw", "messages", "--json")
        copies = [path.name for path in fresh.path("/var/lib/gsmgw").glob("gsmgw.db.before-upgrade-from-*")]
        assert copies or SAME in previous.name, "no copy of the previous database was kept"
        say(f"upgraded to {package.name}, with configuration and messages; kept: {', '.join(copies) or 'nothing'}")
        for _ in range(2):
            fresh.run("/var/lib/dpkg/info/gsmgw.postinst", "configure", "0.0.9")
        check_places(fresh)
        check_units(fresh)
        send(fresh, "second text")
        say("a text sent and received, by this version")
        if fresh.booted:
            check_sandbox(fresh)
            exercise_service(fresh)
        back_up(fresh)
        fresh.stop()
        fresh.run("apt-get", "remove", "-qq", "-y", "gsmgw")
        assert fresh.path("/var/lib/gsmgw/gsmgw.db").exists(), "remove took the messages"
        assert config.exists(), "remove took the configuration"
        assert not fresh.path("/opt/gsmgw").exists(), fresh.run("find", "/opt/gsmgw")
        say("removed; messages and configuration stay")
        install(fresh, package)
        if not fresh.booted:
            fresh.start()
        until("it is there again", fresh.status)
        assert "first text" in fresh.run("gsmgw", "messages", "--json")
        fresh.stop()
    finally:
        with contextlib.suppress(AssertionError):
            fresh.run("sh", "-c", "kill $(cat /srv/sim/pid)")  # nsenter would leave it behind
        try:
            simulator.wait(10)
        except subprocess.TimeoutExpired:
            simulator.kill()
            simulator.wait()
    shutil.rmtree(fresh.path("/srv/sim"), ignore_errors=True)
    fresh.run("apt-get", "purge", "-qq", "-y", "gsmgw")
    restore(fresh, package)
    for left in fresh.path("/var/tmp").glob("gsmgw_*.deb"):
        left.unlink()
    fresh.run("apt-get", "purge", "-qq", "-y", "gsmgw")
    after = {name for name in fresh.run("find", "/", "-xdev", "-name", "*gsmgw*").split() if "/var/log/" not in name}
    assert after == before, f"purge left {sorted(after - before)}"
    for kind in ("passwd", "group"):
        left = fresh.run("getent", kind, "gsmgw", check=False)
        assert not left, f"purge left the {kind} entry {left}"
    say("purged; nothing is left")


def try_setup_system(fresh: Fresh, package: Path) -> None:
    """The way of pipx: a program in a closed home directory, and `gsmgw setup system`."""
    fresh.run("apt-get", "install", "-qq", "-y", "--no-install-recommends", "python3", "libudev1")
    home, copy = "/home/pi", "/home/pi/.local/share/pipx/venvs/gsmgw"
    unpacked = fresh.path("/var/tmp/unpacked")
    subprocess.run(["dpkg-deb", "-x", str(package), str(unpacked)], check=True)
    fresh.path(copy).parent.mkdir(parents=True)
    shutil.copytree(unpacked / "opt/gsmgw", fresh.path(copy), symlinks=True)
    shutil.rmtree(unpacked)
    program = fresh.path(f"{copy}/bin/gsmgw")
    program.write_text(program.read_text().replace("/opt/gsmgw", copy))
    fresh.run("chmod", "700", home)
    shown = fresh.run(f"{copy}/bin/gsmgw", "setup", "system", "--dry-run")
    assert "would write /etc/systemd/system/gsmgw.service" in shown, shown
    for _ in range(2):
        fresh.run(f"{copy}/bin/gsmgw", "setup", "system")
    until("the service answers", fresh.status)
    assert fresh.run("stat", "-c", "%U %G %a", "/etc/gsmgw/gsmgw.toml") == "root gsmgw 640"
    fresh.run("systemctl", "start", "gsmgw-backup.service")
    fresh.run(f"{copy}/bin/gsmgw", "setup", "system", "--uninstall")
    left = fresh.run("sh", "-c", "ls -d /etc/systemd/system/gsmgw* /usr/local/bin/gsmgw 2>/dev/null || true")
    assert not left, left
    assert fresh.path("/var/lib/gsmgw/gsmgw.db").exists()
    say("gsmgw setup system: a program in a closed home runs as the service, and is uninstalled")


def main() -> None:
    """Try one suite."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--mirror", default="http://deb.debian.org/debian")
    parser.add_argument("--chroot", action="store_true", help="do not boot the root")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # a root that is up is taken down
    if os.geteuid() != 0:
        skip("making a root needs root")
    booted = not options.chroot and shutil.which("systemd-nspawn") is not None
    print(f"{options.suite}: {'booted by systemd-nspawn' if booted else 'in a chroot'}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gsmgw-root-") as name:
        work = Path(name)
        directory = work / "root"
        make_root(options.suite, options.mirror, directory, booted)
        package = build(options.suite, work)
        previous = build_previous(options.suite, work, work)
        fresh = Fresh(directory, booted)
        try:
            try:
                with boot(fresh) if booted else mounted(directory):
                    try_all(fresh, previous, package)
                    if booted:
                        try_setup_system(fresh, package)
            except CannotBoot as exc:
                print(f"  cannot be booted here, so in a chroot: {exc}")
                fresh.booted = False
                with mounted(directory):
                    try_all(fresh, previous, package)
        except AssertionError as exc:
            print(f"FAILED: {exc}")
            subprocess.run(
                ["journalctl", "--no-pager", "-u", "gsmgw", "-n", "40", "-D", str(fresh.path("/var/log/journal"))],
                check=False,
            )
            sys.exit(1)
        finally:
            if fresh.daemon is not None:
                fresh.daemon.kill()
                fresh.daemon.wait()
    print(f"{options.suite}: everything is as it should be")


if __name__ == "__main__":
    main()
