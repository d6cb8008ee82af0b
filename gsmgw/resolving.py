"""Resolve host names in separate threads, so that a slow name server delays only its own names.

The event loop's own way shares six threads with everything else that blocks, and the end of the process waits for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

#: Maximum number of concurrent lookups, including hanging ones.
THREADS: Final = 16
#: Maximum number of names to wait for; further ones are refused.
WAITING: Final = 64
#: A lookup that takes longer is abandoned; its thread ends when the system's resolver does, after about 30 s.
LIMIT_S: Final = 5.0
#: Pause after a failed lookup of a name, and after one that took too long, seconds.
FAILED_S: Final = 10.0
SLOW_S: Final = 60.0
REMEMBERED: Final = 1000

Lookup = Callable[[str], list[str]]


def ask_system(host: str) -> list[str]:
    """Ask the system's resolver, which blocks. Raises OSError, and UnicodeError for an invalid name."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)))


class Names:
    """A resolver for one event loop."""

    def __init__(self, lookup: Lookup = ask_system, *, failed_s: float = FAILED_S, slow_s: float = SLOW_S) -> None:
        self._lookup = lookup
        self._failed_s, self._slow_s = failed_s, slow_s
        self._under_way: dict[str, asyncio.Task[list[str]]] = {}
        self._failed: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._free = asyncio.Semaphore(THREADS)

    async def resolve(self, host: str, port: int = 0) -> list[str]:
        """Return the addresses of a name, or a literal address itself. Raises OSError or UnicodeError."""
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        key = host.lower().rstrip(".")
        until_s, why = self._failed.get(key, (0.0, ""))
        if time.monotonic() < until_s:
            raise OSError(f"{host}: {why} (looked up a moment ago)")
        task = self._under_way.get(key)
        if task is None:
            if len(self._under_way) >= WAITING:
                raise OSError(f"{host}: too many names are being looked up")
            task = self._under_way[key] = asyncio.create_task(self._find(key, host), name=f"name {host}")
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel all lookups."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, key: str, host: str) -> list[str]:
        try:
            async with asyncio.timeout(LIMIT_S):
                return await self._in_thread(host)
        except TimeoutError:
            self._note(key, self._slow_s, "the name server does not answer")
            raise OSError(f"{host}: the name server does not answer") from None
        except OSError as exc:
            self._note(key, self._failed_s, exc.strerror or str(exc))
            raise
        finally:
            del self._under_way[key]

    def _note(self, key: str, pause_s: float, why: str) -> None:
        self._failed.pop(key, None)
        self._failed[key] = time.monotonic() + pause_s, why
        while len(self._failed) > REMEMBERED:
            self._failed.popitem(last=False)

    async def _in_thread(self, host: str) -> list[str]:
        await self._free.acquire()  # given back when the thread ends, also where nobody waits for it any more
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def tell(found: list[str] | Exception) -> None:
            self._free.release()
            if answer.done():
                return
            if isinstance(found, Exception):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def work() -> None:
            found: list[str] | Exception = OSError("the lookup failed")
            try:
                found = self._lookup(host)
            except (OSError, UnicodeError) as exc:  # UnicodeError: the name is not valid in DNS
                found = exc
            finally:
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(tell, found)

        # A daemon: the end of the process does not wait for it.
        threading.Thread(target=work, name=f"gsmgw-name-{host[:40]}", daemon=True).start()
        return await answer
