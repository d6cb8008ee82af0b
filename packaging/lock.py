"""Write packaging/constraints.txt: the versions that are installed and tested here, with the hashes of their wheels.

The hashes are those of the wheels that pip chooses for each suite and architecture of suites.toml, so that a package is
built from the very files that were locked: pip install --require-hashes.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).parent
TARGET = HERE / "constraints.txt"
HEAD = (
    "# The versions that the Debian package is built with, tested together, and the wheels that it may be built from.\n"
    "# make setup installs the same versions. Renewed by: make lock\n"
)
#: A dependency of sqlite-utils' own command line, which the package leaves out.
UNUSED = {"pip"}


def normal(name: str) -> str:
    """Return the name of a distribution in the one form that all its spellings have (PyPA, name normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def collect(name: str, found: dict[str, str], extra: str = "") -> None:
    """Add a distribution and all that it needs at run time, with an extra of it."""
    key = normal(name)
    if key in found:
        return
    about = importlib.metadata.distribution(name)
    found[key] = about.version
    for line in about.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            collect(requirement.name, found)


def installed() -> dict[str, str]:
    """Return the versions of everything that gsmgw needs at run time, as they are installed here."""
    versions: dict[str, str] = {}
    for extra in ("web", "mqtt", "mail", "fleet"):  # the Debian package has them all
        versions.pop("gsmgw", None)
        collect("gsmgw", versions, extra)
    return {name: version for name, version in sorted(versions.items()) if name not in UNUSED | {"gsmgw"}}


def locked(text: str) -> dict[str, str]:
    """Return the versions that a lock names."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ \\\n]+)", text, re.MULTILINE))


def platform_flags(python: str, platforms: list[str]) -> list[str]:
    """Return pip's options for the wheels of another machine."""
    abi = f"cp{python.replace('.', '')}"
    flags = ["--only-binary=:all:", "--python-version", python, "--implementation", "cp"]
    flags += [part for tag in (abi, "abi3", "none") for part in ("--abi", tag)]
    return flags + [part for platform in platforms for part in ("--platform", platform)]


def wheel_hashes(versions: dict[str, str]) -> dict[str, set[str]]:
    """Return the SHA-256 sums of the wheels of each distribution, for every suite and architecture."""
    suites = tomllib.loads((HERE / "suites.toml").read_text())
    hashes: dict[str, set[str]] = defaultdict(set)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps")
    for suite in suites["suite"].values():
        for architecture in suites["architecture"].values():
            with tempfile.TemporaryDirectory(prefix="gsmgw-lock-") as work:
                wanted = [f"{name}=={version}" for name, version in versions.items()]
                flags = platform_flags(suite["python"], architecture["platforms"])
                subprocess.run([*pip, *flags, "--dest", work, *wanted], check=True)
                for wheel in Path(work).iterdir():
                    hashes[normal(wheel.name.partition("-")[0])].add(hashlib.sha256(wheel.read_bytes()).hexdigest())
    return hashes


def main() -> None:
    """Write the lock."""
    versions = installed()
    hashes = wheel_hashes(versions)
    entries = []
    for name, version in versions.items():
        sums = "".join(f" \\\n    --hash=sha256:{digest}" for digest in sorted(hashes[name]))
        entries.append(f"{name}=={version}{sums}\n")
    TARGET.write_text(HEAD + "".join(entries), encoding="utf-8")


if __name__ == "__main__":
    main()
