"""Why a port cannot be opened, and what helps."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from contextlib import suppress

from gsmgw.errors import PortError, PortUnavailable
from gsmgw.transport.discovery import rivals
from gsmgw.transport.port_users import program, users_of

_ABSENT = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO})
_IN_USE = frozenset({errno.EAGAIN, errno.EBUSY, errno.EWOULDBLOCK})
_NOT_A_TTY = frozenset({errno.ENOTTY, errno.EINVAL, errno.EISDIR, errno.ENOTDIR})
_GROUP_MAY = stat.S_IRGRP | stat.S_IWGRP
_OTHER_PORT = "Correct port in the [[modem]] section; gsmgw doctor lists the ports of modems."


def opening_error(path: str, exc: OSError) -> PortError:
    """Return the error for a tty that could not be opened: reason and cure. Reads /proc; may take a moment."""
    if exc.errno in _ABSENT:
        return PortError(f"{path} does not exist")
    if exc.errno in _IN_USE:
        return _in_use(path)
    if exc.errno in (errno.EACCES, errno.EPERM):
        return _not_permitted(path, exc)
    if exc.errno in _NOT_A_TTY:
        return PortUnavailable(f"{path} is not a serial port", _OTHER_PORT)
    if exc.errno == errno.EIO:
        return PortUnavailable(f"{path} is a serial port without a device", _OTHER_PORT)
    return PortUnavailable(f"{path} cannot be opened: {exc.strerror or exc}", "For details, run: gsmgw doctor")


def _in_use(path: str) -> PortUnavailable:
    users = users_of(path)
    if others := sorted(users - {os.getpid()}):
        title = f"{path} is in use by another program: {', '.join(map(program, others))}"
        return PortUnavailable(title, "Stop that program, or set another port in the [[modem]] section.")
    if users:
        return PortUnavailable(f"{path} is in use by another modem of this gateway", _OTHER_PORT)
    cure = ". ".join(rivals()) or "To find that program, run: sudo gsmgw doctor"
    return PortUnavailable(f"{path} is in use by another program", f"{cure}.")


def _not_permitted(path: str, exc: OSError) -> PortUnavailable:
    title = f"no permission to open {path}"
    try:
        about = os.stat(path)
    except OSError:
        return PortUnavailable(title, "Allow the service to enter the directories of that path.")
    if exc.errno == errno.EPERM:
        return PortUnavailable(title, "Allow the device in the container or service (DeviceAllow=, --device).")
    if about.st_mode & _GROUP_MAY != _GROUP_MAY:
        return PortUnavailable(title, f"Run: sudo chmod g+rw {path}. To keep it, install udev/70-gsmgw.rules.")
    user, group = str(os.geteuid()), str(about.st_gid)
    with suppress(KeyError):
        user = pwd.getpwuid(os.geteuid()).pw_name
    with suppress(KeyError):
        group = grp.getgrgid(about.st_gid).gr_name
    return PortUnavailable(title, f"Run: sudo adduser {user} {group}, then restart gsmgw.")
