"""A program at a terminal, and a person who answers its questions."""

from __future__ import annotations

import os
import pty
import re
import select
import time
from collections.abc import Sequence

_STEERING = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def converse(command: Sequence[str], answers: Sequence[tuple[str, str]], timeout_s: float = 120) -> tuple[int, str]:
    """Run a program, and type each answer after its question has appeared. Return its exit code and what it showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(command[0], list(command))
    shown, seen, left = "", 0, list(answers)
    deadline = time.monotonic() + timeout_s
    try:
        while (portion := _read(terminal, deadline)) is not None:
            shown += portion
            if left and (at := shown.find(left[0][0], seen)) >= 0:
                seen = at + len(left[0][0])
                os.write(terminal, f"{left.pop(0)[1]}\n".encode())
    finally:
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
    assert not left, f"never asked: {left[0][0]}\n{shown}"
    return os.waitstatus_to_exitcode(status), _STEERING.sub("", shown).replace("\r\n", "\n")


def _read(terminal: int, deadline: float) -> str | None:
    """Return what the program wrote; None once it has ended."""
    ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
    assert ready, "the program neither ended nor asked in time"
    try:
        data = os.read(terminal, 65536)
    except OSError:  # EIO: the other side is closed
        return None
    return data.decode(errors="replace") or None
