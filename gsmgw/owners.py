"""File ownership: root works as the owner of a directory, because it must not follow other users' links.

The service's user owns the database's directory and may put links in it. A command that root runs there becomes that
user first, so that it can reach nothing that the user could not reach.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: ELOOP comes from the kernel long before that.
_MOST_LINKS = 40
#: Names in a state directory. If others exist, too, the mode of the directory itself is left alone.
_OURS = ("gsmgw.", ".gsmgw-")
_ALSO = ("backups", "lost+found")


@contextmanager
def acting_as_owner(path: Path) -> Iterator[bool]:
    """Work as the user who may change the meaning of ``path``. Yields True if that is another user than before.

    That is the first user other than root who owns ``path``, a directory above it or a link on the way. Only root
    can change users; for others nothing happens. Needs a process with one thread.
    """
    owner = owner_of(path) if os.geteuid() == 0 else None
    if owner is None:
        yield False
        return
    uid, gid = owner
    groups, group = os.getgroups(), os.getegid()
    try:
        os.initgroups(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        os.setgroups([gid])
    try:
        os.setegid(gid)
        os.seteuid(uid)
        yield True
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


def owner_of(path: Path) -> tuple[int, int] | None:
    """Return user and group of the first part of a path that is not root's; None where all of them are root's.

    The group is the user's own one, or that of the part where the user has no entry in the system's list.
    """
    waiting = list(reversed((Path.cwd() / path).parts[1:]))  # not resolved: the links themselves are looked at
    place, links = Path("/"), 0
    while waiting:
        place = place / waiting.pop()
        if place.name == "..":
            place = place.parent.parent
            continue
        try:
            found = place.lstat()
        except OSError:
            return None
        if found.st_uid != 0:
            try:
                return found.st_uid, pwd.getpwuid(found.st_uid).pw_gid
            except KeyError:
                return found.st_uid, found.st_gid
        if stat.S_ISLNK(found.st_mode):
            links += 1
            if links > _MOST_LINKS:
                return None
            target = place.readlink()
            waiting += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            place = Path("/") if target.is_absolute() else place.parent
    return None


@contextmanager
def hold(directory: Path) -> Iterator[None]:
    """Lock a state directory for this process. Raises BlockingIOError if another process has it.

    The lock is on the directory itself: a lock file could be deleted, and a second process would lock its successor.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def make_private(directory: Path) -> list[str]:
    """Take the permissions of group and others from a state directory and our files in it; return what was changed.

    Files that are not ours stay as they are, and with such files in it, the directory, too.
    """
    changed: list[str] = []
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        names = os.listdir(descriptor)
        if all(name.startswith(_OURS) or name in _ALSO for name in names) and _close(descriptor):
            changed.append(str(directory))
        for name in names:
            if (name.startswith(_OURS) or name == "backups") and _close_entry(descriptor, name):
                changed.append(name)
    finally:
        os.close(descriptor)
    return changed


def _close_entry(directory: int, name: str) -> bool:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=directory)
    except OSError:  # a link, a socket, or gone by now
        return False
    try:
        return _close(descriptor)
    finally:
        os.close(descriptor)


def _close(descriptor: int) -> bool:
    about = os.fstat(descriptor)
    open_to_others = about.st_mode & 0o077 and (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode))
    if not open_to_others or about.st_uid != os.geteuid():
        return False
    os.fchmod(descriptor, about.st_mode & 0o700)
    return True
