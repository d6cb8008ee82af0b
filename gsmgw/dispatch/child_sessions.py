"""End a program and all its descendants: every process of its session, in any process group."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

#: Time between SIGTERM and SIGKILL, seconds.
GRACE_S = 2.0
_LOOK_S = 0.05
#: Maximum wait after SIGKILL: only the kernel can delay the end, for a process that waits for a device; seconds.
_KILL_WAIT_S = 1.0


async def end_session(leader: int) -> None:
    """Terminate every process of a session, then kill the remaining ones. The session leader may have ended."""
    for number, wait_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, _KILL_WAIT_S)):
        deadline = asyncio.get_running_loop().time() + wait_s
        left = await asyncio.to_thread(_signal, leader, number)
        while left and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(_LOOK_S)
            # This also kills processes that started during the first pass.
            left = await asyncio.to_thread(_signal, leader, signal.SIGKILL if number == signal.SIGKILL else None)
        if not left:
            return


def _signal(leader: int, number: signal.Signals | None) -> bool:
    """Signal every live process of a session; return whether there is one."""
    found = members(leader)
    if number is not None:
        for process in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)
    return bool(found)


def members(leader: int) -> list[int]:
    """Return the live processes of a session (proc(5), stat: state and session follow the name in parentheses)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            state, _, _, session = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:4]
            if int(session) == leader and state not in "ZX":
                found.append(int(entry.name))
    return found
