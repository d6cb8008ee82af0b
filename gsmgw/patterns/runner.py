"""Runs the process that searches with users' regular expressions, and starts it again after it was stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path

from gsmgw.errors import GsmgwError

#: Processor time of one search, seconds.
BUDGET_S = 0.05
#: Elapsed time of one search, seconds, in which a busy machine gives it that much processor time.
PATIENCE_S = 10.0
#: Maximum length of a pattern.
PATTERN_CHARS = 500

_CHILD = Path(__file__).with_name("child.py")


class PatternError(GsmgwError):
    """The regular expression is not valid."""


class PatternTooSlow(PatternError):
    """The search took more than its share of processor time and was stopped."""


class PatternRunner:
    """Searches texts with regular expressions, one at a time. Needs :meth:`close` at the end."""

    def __init__(self, budget_s: float = BUDGET_S) -> None:
        self._budget_s = budget_s
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def search(self, pattern: str, text: str) -> bool:
        """Return True if the pattern is found in the text, in upper or lower case.

        Raises :class:`PatternError` if it is not valid, :class:`PatternTooSlow` if it used up its processor time.
        """
        async with self._turn:
            answer = await self._ask({"pattern": pattern, "text": text, "budget_s": self._budget_s})
        if "error" in answer:
            raise PatternError(f"is not a valid regular expression: {answer['error']}")
        return bool(answer["found"])

    async def check(self, pattern: str) -> None:
        """Raise :class:`PatternError` for a pattern that is not valid."""
        if len(pattern) > PATTERN_CHARS:
            raise PatternError(f"has {len(pattern)} characters; at most {PATTERN_CHARS} are allowed")
        await self.search(pattern, "")

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _ask(self, request: dict[str, object]) -> dict[str, object]:
        finished = False
        try:
            child = await self._started()
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(request).encode() + b"\n")
            async with asyncio.timeout(PATIENCE_S):
                line = await child.stdout.readline()
            finished = line.endswith(b"\n")
        except (TimeoutError, ConnectionError):
            pass
        finally:
            if not finished:  # also where the caller was cancelled: a late answer must not become the next one
                await self._end()
        if not finished:
            raise PatternTooSlow(f"needs more than {self._budget_s * 1000:.0f} ms of processor time for a text")
        answer: dict[str, object] = json.loads(line)
        return answer

    async def _started(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(_CHILD),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                limit=2**20,
            )  # fmt: skip
        return self._child

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
