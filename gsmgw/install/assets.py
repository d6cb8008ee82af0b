"""The files that come with the program: units, udev rules, a first configuration."""

from __future__ import annotations

import os.path
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]

#: Where the Debian package has the program, and so what the units that come with it name.
PACKAGED_COMMAND = "/opt/gsmgw/bin/gsmgw"


def asset(name: str) -> str:
    """The text of such a file, ``systemd/gsmgw.service``: from the wheel's data, or from a checkout."""
    for root in (_PACKAGE / "share", _PACKAGE.parent):
        if (root / name).is_file():
            return (root / name).read_text(encoding="utf-8")
    raise FileNotFoundError(f"{name} is not part of this installation of gsmgw")


#: What ProtectHome= hides (systemd.exec(5)), as far as programs live there.
HOMES = ("/home/", os.path.expanduser("~root/"))


def unit_for(name: str, command: Path, homes: tuple[str, ...] = HOMES) -> str:
    """A unit for a program at ``command`` instead of the Debian package's.

    The sandbox hides home directories. A program in one, as pipx installs it, is let into it alone, read-only, by
    the manager: that works where the home itself is closed to others.
    """
    text = asset(f"systemd/{name}").replace(PACKAGED_COMMAND, str(command))
    environment = command.parent.parent
    if str(command).startswith(homes):
        text = text.replace("ProtectHome=yes", f"ProtectHome=tmpfs\nBindReadOnlyPaths={environment}")
    return text
