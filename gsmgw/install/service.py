"""The gateway as a systemd service: whether it is one, and how to restart it."""

from __future__ import annotations

import shutil
import subprocess

from gsmgw.errors import GsmgwError

UNIT = "gsmgw.service"
_LIMIT_S = 150  # longer than the unit's own time to stop


class ServiceError(GsmgwError):
    """The service could not be restarted."""


def is_installed() -> bool:
    """Return True if systemd runs and knows the unit."""
    return _systemctl("show", "--property=LoadState", "--value", UNIT)[:2] == (0, "loaded")


def restart() -> None:
    """Restart the service. Raises :class:`ServiceError`."""
    code, _, complaint = _systemctl("restart", UNIT)
    if code != 0:
        raise ServiceError(f"systemctl restart {UNIT}: {complaint or 'failed'}. See the log: journalctl -u gsmgw -n 50")


def _systemctl(*arguments: str) -> tuple[int, str, str]:
    """Return the exit code, the output and the errors of systemctl; exit code 127 without systemd."""
    if shutil.which("systemctl") is None:
        return 127, "", "systemctl is not installed"
    try:
        done = subprocess.run(("systemctl", *arguments), capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return 124, "", f"no end within {_LIMIT_S} s"
    return done.returncode, done.stdout.strip(), done.stderr.strip()
