"""The process that searches: one JSON request a line on standard input, one JSON answer a line on standard output.

A request has ``pattern``, ``text`` and ``budget_s``. The kernel ends the process when compiling and searching have
taken that much processor time (ITIMER_PROF, whose signal is left at its default), so a busy machine does not shorten
the budget. Only the standard library is used: the process starts in some tens of milliseconds.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys

#: Maximum address space in bytes: a search must not take the memory that the gateway needs.
_MEMORY = 256 * 2**20


def _search(pattern: str, text: str) -> dict[str, object]:
    try:
        return {"found": re.search(pattern, text, re.IGNORECASE) is not None}
    except re.error as exc:
        return {"error": str(exc)}
    except (RecursionError, MemoryError, OverflowError) as exc:
        return {"error": f"is too large ({type(exc).__name__})"}


def main() -> None:
    """Answer requests until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal is for the gateway
    for line in sys.stdin.buffer:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, request["budget_s"])
        answer = _search(request["pattern"], request["text"])
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.write(1, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    main()
