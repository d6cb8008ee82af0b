"""Files that ship with the program: units, udev rules, a first configuration."""

from __future__ import annotations

import os.path
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]

#: Path of the program in the Debian package, which the shipped units name.
PACKAGED_COMMAND = "/opt/gsmgw/bin/gsmgw"


def asset(name: str) -> str:
    """Return the text of a file, for example ``systemd/gsmgw.service``, from the wheel's data or a checkout."""
    for root in (_PACKAGE / "share", _PACKAGE.parent):
        if (root / name).is_file():
            return (root / name).read_text(encoding="utf-8")
    raise FileNotFoundError(f"{name} is not part of this installation of gsmgw")


#: Directories that ProtectHome= hides (systemd.exec(5)) and that may contain programs.
HOMES = ("/home/", os.path.expanduser("~root/"))


def unit_for(name: str, command: Path, homes: tuple[str, ...] = HOMES) -> str:
    """Return a unit for the program at ``command`` instead of the Debian package's.

    The sandbox hides home directories. If the program is in one (pipx), systemd mounts only its environment,
    read-only; this works even if the home directory is closed to other users.
    """
    text = asset(f"systemd/{name}").replace(PACKAGED_COMMAND, str(command))
    environment = command.parent.parent
    if str(command).startswith(homes):
        text = text.replace("ProtectHome=yes", f"ProtectHome=tmpfs\nBindReadOnlyPaths={environment}")
    return text
