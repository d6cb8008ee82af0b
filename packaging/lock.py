"""Write packaging/constraints.txt: the versions of what gsmgw needs, as they are installed and tested here."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

from packaging.requirements import Requirement

TARGET = Path(__file__).parent / "constraints.txt"
HEAD = "# The versions that the Debian package is built with; tested together. Renewed by: make lock\n"
#: A dependency of sqlite-utils' own command line, which the package leaves out.
UNUSED = {"pip"}


def collect(name: str, found: dict[str, str]) -> None:
    """Add a distribution and all that it needs at run time."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in found:
        return
    about = importlib.metadata.distribution(name)
    found[key] = about.version
    for line in about.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            collect(requirement.name, found)


if __name__ == "__main__":
    versions: dict[str, str] = {}
    collect("gsmgw", versions)
    del versions["gsmgw"]
    lines = [f"{name}=={version}\n" for name, version in sorted(versions.items()) if name not in UNUSED]
    TARGET.write_text(HEAD + "".join(lines), encoding="utf-8")
