"""Build the Debian package: python packaging/build_deb.py --suite bookworm [--architecture arm64]

The package holds a virtual environment in /opt/gsmgw over the suite's own Python. It is put together from wheels, none
of which is run, so any machine builds for any suite and architecture; neither root nor a chroot is needed. It runs
this checkout's own environment (for man pages and completion), pip and dpkg-deb.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from email.utils import formatdate
from pathlib import Path

import lock
from lock import platform_flags

HERE = Path(__file__).parent
ROOT = HERE.parent
ENVIRONMENT = "opt/gsmgw"
SCRIPTS = {"gsmgw": "gsmgw.cli", "hw-sim": "hw_sim.cli"}
MAINTAINER = f"{os.environ.get('DEBFULLNAME', 'gsmgw project')} <{os.environ.get('DEBEMAIL', 'gsmgw@localhost')}>"

#: Besides the suite's Python: what compiled wheels and pyudev are linked to, and what makes the user.
DEPENDS = ("libc6 (>= 2.34)", "libudev1", "systemd | systemd-standalone-sysusers", "init-system-helpers (>= 1.54~)")

CONTROL = """\
Package: gsmgw
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size_kib}
Depends: {depends}
Recommends: udev, usb-modeswitch, ca-certificates
Suggests: uhubctl
Section: comm
Priority: optional
Description: SMS gateway for USB GSM and LTE modems
 A daemon that sends and receives text messages through the modems that are
 plugged in, keeps all of them in one SQLite database, and serves an HTTP API on
 a local socket. What it has accepted it does not lose, and what may have been
 sent it does not blindly send again.
 .
 The package brings its Python dependencies along in /opt/gsmgw. It also has
 hw-sim, a simulator of modems to try it and to develop with.
"""


def main() -> None:
    """Build one package and print its path."""
    suites = tomllib.loads((HERE / "suites.toml").read_text())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", choices=suites["suite"], required=True)
    parser.add_argument("--architecture", choices=suites["architecture"], default=_own_architecture())
    parser.add_argument("--source", type=Path, default=ROOT, help="the sources, where not this checkout's")
    parser.add_argument("--version", help="instead of the sources' own")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    options = parser.parse_args()
    suite, platforms = suites["suite"][options.suite], suites["architecture"][options.architecture]["platforms"]
    version = (options.version or _version(options.source)) + suite["suffix"]
    with tempfile.TemporaryDirectory(prefix="gsmgw-deb-") as work:
        tree = Path(work) / "tree"
        _environment(tree, Path(work), options.source, suite["python"], platforms)
        _files(tree)
        _documents(tree, version)
        _control(tree, version, options.architecture, suite["python"])
        options.out.mkdir(parents=True, exist_ok=True)
        package = options.out / f"gsmgw_{version}_{options.architecture}.deb"
        _normalise(tree)
        _run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(tree), str(package))
    print(package)


def _own_architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def _version(source: Path) -> str:
    return str(tomllib.loads((source / "pyproject.toml").read_text())["project"]["version"])


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def _environment(tree: Path, work: Path, source: Path, python: str, platforms: list[str]) -> None:
    """A virtual environment as `python -m venv` and pip would have made it on the machine itself."""
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    _run(*pip, "wheel", "--no-deps", "--wheel-dir", str(work), str(source))
    wheel = next(work.glob("gsmgw-*.whl"))
    home = tree / ENVIRONMENT
    packages = home / "lib" / f"python{python}" / "site-packages"
    install = (*pip, "install", "--no-compile", "--target", str(packages), *platform_flags(python, platforms))
    _run(*install, "--no-deps", "--require-hashes", "--requirement", str(lock.TARGET))
    _run(*install, "--no-deps", str(wheel))
    for unused in packages.glob("pip*"):  # a dependency of sqlite-utils' own command line
        shutil.rmtree(unused)
    shutil.rmtree(packages / "bin", ignore_errors=True)  # they name the interpreter that ran pip
    binaries = home / "bin"
    binaries.mkdir()
    (binaries / "python").symlink_to(f"/usr/bin/python{python}")
    (binaries / "python3").symlink_to("python")
    for name, module in SCRIPTS.items():
        script = binaries / name
        script.write_text(f"#!/{ENVIRONMENT}/bin/python -I\nimport sys\nfrom {module} import main\nsys.exit(main())\n")
        script.chmod(0o755)
    (home / "pyvenv.cfg").write_text(f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n")


def _files(tree: Path) -> None:
    """Units, rules, users, man pages and completion."""
    sys.path.insert(0, str(ROOT))
    from gsmgw.cli import main as command
    from gsmgw.install.manpages import COMPLETION_PLACES, completion, man_pages
    from gsmgw.install.system import UNITS
    from hw_sim.cli import main as simulator

    systemd = ROOT / "systemd"
    copies = {f"usr/lib/systemd/system/{name}": systemd / name for name in UNITS}
    copies["usr/lib/sysusers.d/gsmgw.conf"] = systemd / "gsmgw.sysusers"
    copies["usr/lib/tmpfiles.d/gsmgw.conf"] = systemd / "gsmgw.tmpfiles"
    copies["usr/lib/udev/rules.d/70-gsmgw.rules"] = ROOT / "udev" / "70-gsmgw.rules"
    copies["usr/share/gsmgw/gsmgw.toml"] = systemd / "gsmgw.toml"
    copies["usr/share/lintian/overrides/gsmgw"] = HERE / "debian" / "lintian-overrides"
    for target, origin in copies.items():
        _write(tree / target, origin.read_bytes())
    for name, group in (("gsmgw", command), ("hw-sim", simulator)):
        for page, text in man_pages(group, name).items():
            _write(tree / "usr/share/man/man1" / f"{page}.gz", gzip.compress(text.encode(), 9, mtime=0))
        for shell, place in COMPLETION_PLACES.items():
            _write(tree / "usr" / place.format(name=name), completion(group, shell, name).encode())
        (tree / "usr/bin").mkdir(parents=True, exist_ok=True)
        (tree / "usr/bin" / name).symlink_to(f"/{ENVIRONMENT}/bin/{name}")


def _documents(tree: Path, version: str) -> None:
    place = tree / "usr/share/doc/gsmgw"
    _write(place / "copyright", (HERE / "debian" / "copyright").read_bytes())
    _write(place / "README.md", (ROOT / "README.md").read_text(encoding="utf-8").replace("(docs/", "(").encode())
    for path in sorted((ROOT / "docs").rglob("*")):
        if path.is_file():
            _write(place / path.relative_to(ROOT / "docs"), path.read_bytes())
    entry = (
        f"gsmgw ({version}) unstable; urgency=medium\n\n"
        "  * See /usr/share/doc/gsmgw/changelog.md.\n\n"
        f" -- {MAINTAINER}  {formatdate(_epoch())}\n"
    )
    _write(place / "changelog.gz", gzip.compress(entry.encode(), 9, mtime=0))


def _control(tree: Path, version: str, architecture: str, python: str) -> None:
    control = tree / "DEBIAN"
    control.mkdir()
    files = sorted(path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    sums = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in files]
    size_kib = sum((path.stat().st_size + 1023) // 1024 for path in files)
    text = CONTROL.format(
        version=version,
        architecture=architecture,
        maintainer=MAINTAINER,
        size_kib=size_kib,
        depends=", ".join([f"python{python}", *DEPENDS]),
    )
    (control / "control").write_text(text)
    (control / "md5sums").write_text("".join(sums))
    for name in ("preinst", "postinst", "prerm", "postrm"):
        script = HERE / "debian" / name
        if script.exists():
            shutil.copy(script, control / name)
            (control / name).chmod(0o755)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _normalise(tree: Path) -> None:
    """The same permissions and times whoever builds it."""
    moment = _epoch()
    for path in sorted(tree.rglob("*"), reverse=True):
        if not path.is_symlink():
            runs = path.is_dir() or (path.parent.name in ("bin", "DEBIAN") and os.access(path, os.X_OK))
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (moment, moment), follow_symlinks=False)
    tree.chmod(0o755)


def _epoch() -> int:
    """When the sources were committed, so that the same sources make the same package."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    done = subprocess.run(
        ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False
    )
    return int(done.stdout) if done.returncode == 0 else int((ROOT / "pyproject.toml").stat().st_mtime)


if __name__ == "__main__":
    main()
