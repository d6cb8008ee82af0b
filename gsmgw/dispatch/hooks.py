"""Exec hooks: programs that run on events.

Each hook has its own cursor, which advances when the program ends, with or without success. After a crash of the
gateway, the program runs again for the same event.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gsmgw.config import HookSection
from gsmgw.dispatch.child_sessions import end_session
from gsmgw.dispatch.cursor_runner import REST_S, CursorRunner
from gsmgw.dispatch.event_filter import Types
from gsmgw.dispatch.feed import PAGE, EventFeed
from gsmgw.dispatch.hook_environment import environment
from gsmgw.errors import StoreError
from gsmgw.model import Event
from gsmgw.model.events import HookFailed
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, cursors, webhooks
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.events import envelope, packed

log = logging.getLogger(__name__)

#: Maximum bytes to keep from the end of a program's standard error.
STDERR_OCTETS = 2000
#: Of those, characters in the log; the event has all.
STDERR_LOG_CHARS = 300
#: Events about hooks are never passed to a hook: a failing hook would trigger itself forever.
_OWN = "hook."
#: Large enough for the largest message; bytes.
_BODY_OCTETS = 1 << 24


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason of a failed run."""

    reason: str
    exit_code: int | None = None
    stderr: str | None = None


class Hooks:
    """All hooks of the configuration."""

    def __init__(
        self, store: Store, clock: Clock, feed: EventFeed, sections: Sequence[HookSection], socket: Path
    ) -> None:
        self._store, self._clock, self._feed, self._socket = store, clock, feed, str(socket)
        self.reconfigure(sections)

    def reconfigure(self, sections: Sequence[HookSection]) -> None:
        """Use other hooks. Call it while :meth:`run` does not run; each hook continues at its cursor."""
        self._hooks = [_Hook(self._store, self._clock, self._feed, section, self._socket) for section in sections]

    async def run(self) -> None:
        """Run programs until cancelled. Running programs are then ended, and run again after the next start."""
        while True:
            try:
                positions = await self._store.write(self._open_cursors)
                break
            except StoreError as exc:
                log.log(exc.level, "hooks: paused, retrying in %.0f s: %s", REST_S, exc)
                await self._clock.sleep(REST_S)
        async with asyncio.TaskGroup() as group:
            for hook in self._hooks:
                hook.begin(positions[hook.name])
                group.create_task(hook.run(), name=hook.title)

    def _open_cursors(self, tx: Tx) -> dict[str, int]:
        names = {hook.name: _cursor_name(hook.name) for hook in self._hooks}
        cursors.keep_only(tx, _CURSOR_PREFIX, names.values())
        return {hook: cursors.open_cursor(tx, name) for hook, name in names.items()}

    def states(self) -> list[resources.Hook]:
        """Return the hooks with their states."""
        return [hook.state() for hook in self._hooks]

    def lags(self) -> dict[str, int]:
        """Return the number of unfinished events by hook."""
        return {hook.name: hook.lag for hook in self._hooks}


#: Prefix of the hooks' cursor names.
_CURSOR_PREFIX = "hook:"


def _cursor_name(hook: str) -> str:
    return _CURSOR_PREFIX + hook


class _Hook(CursorRunner):
    """Runs one hook's program for each matching event. The cursor stays before the first unfinished event."""

    _group: asyncio.TaskGroup

    def __init__(self, store: Store, clock: Clock, feed: EventFeed, section: HookSection, socket: str) -> None:
        super().__init__(f"hook {section.name}", clock, feed)
        self.name = section.name
        self._store = store
        self._section, self._socket = section, socket
        self._types = Types(section.events)
        self._room = asyncio.Semaphore(section.parallel)
        self._running: set[int] = set()
        self._saved = self.position
        self._last_run: resources.HookRun | None = None

    def state(self) -> resources.Hook:
        """Return the hook with its state."""
        section = self._section
        return {
            "name": self.name,
            "events": list(section.events),
            "command": list(section.command),
            "timeout_s": section.timeout_s,
            "parallel": section.parallel,
            "behind": self.lag,
            "last_run": self._last_run,
        }

    @property
    def done(self) -> int:
        """The last event up to which all events are finished."""
        return min(self._running) - 1 if self._running else self.position

    def begin(self, position: int) -> None:
        """Continue after an event."""
        self.position = self._saved = position
        self._running.clear()

    @contextlib.asynccontextmanager
    async def resources(self) -> AsyncIterator[None]:
        """The task group of the running programs."""
        self._room = asyncio.Semaphore(self._section.parallel)
        async with asyncio.TaskGroup() as self._group:
            yield

    async def turn(self) -> float | None:
        """Start the program for all available events."""
        while page := await self.page():
            for event in page:
                if event.type in self._types and not event.type.startswith(_OWN):
                    await self._room.acquire()
                    self._running.add(event.id)
                    self._group.create_task(self._handle(event), name=f"hook {self.name} {event.id}")
                self.position = event.id
            if self.done - self._saved >= PAGE:
                await self._save()
        return None

    async def _save(self) -> None:
        done, name = self.done, _cursor_name(self.name)
        await self._store.write(lambda tx: cursors.move(tx, name, done))
        self._saved = max(self._saved, done)

    async def _handle(self, event: Event) -> None:
        try:
            failure = await self._execute(event)
            reason = None if failure is None else failure.reason
            self._last_run = {"at": stamp(self._clock.wall_ms()), "event": event.id, "problem": reason}
            if failure is not None:
                log.warning("hook %s: %s event=%d%s", self.name, failure.reason, event.id, _said(failure))
                now_ms = self._clock.wall_ms()
                failed = HookFailed(self.name, event.id, failure.reason, failure.exit_code, failure.stderr or None)
                await self._store.write(lambda tx: tx.event(now_ms, failed, event.message_id, event.modem))
            self._running.discard(event.id)
            await self._save()
        except StoreError as exc:
            log.log(exc.level, "hook %s, event %s: outcome not recorded: %s", self.name, event.id, exc)
            await self._clock.sleep(REST_S)
        except Exception:
            log.exception("hook %s, event %s: failed", self.name, event.id)
            await self._clock.sleep(REST_S)
        finally:
            self._running.discard(event.id)
            self._room.release()

    async def _execute(self, event: Event) -> Failure | None:
        content = await self._store.read(lambda db: webhooks.content(db, event.id))
        if content is None:
            return Failure("the event has been deleted (retention)")
        body = packed(envelope(*content), _BODY_OCTETS)
        return await execute(
            self._section.command, body, environment(os.environ, *content, self._socket), self._section.timeout_s
        )


def _said(failure: Failure) -> str:
    """Return the end of what a program wrote to standard error, for the log."""
    return f" stderr={failure.stderr[-STDERR_LOG_CHARS:]!r}" if failure.stderr else ""


async def execute(command: Sequence[str], body: bytes, env: Mapping[str, str], timeout_s: float) -> Failure | None:
    """Run a program with ``body`` on its standard input. Return None if it exits with 0 in time.

    It runs in its own session, which is ended after the timeout or when the caller is cancelled.
    """
    errors = _Tail()
    stdin = os.memfd_create("gsmgw-hook")
    try:
        os.write(stdin, body)
        os.lseek(stdin, 0, os.SEEK_SET)
        try:
            child = await asyncio.create_subprocess_exec(
                *command,
                stdin=stdin,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors.write_end,
                env=dict(env),
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
            return Failure(f"{command[0]} cannot be started: {reason}")
        errors.listen()
        try:
            async with asyncio.timeout(timeout_s):
                code = await child.wait()
        except TimeoutError:
            await _end(child)
            return Failure(f"timed out after {timeout_s:g} s", child.returncode, errors.text())
        except asyncio.CancelledError:
            await _end(child)
            raise
        if code == 0:
            return None
        reason = f"exit code {code}" if code > 0 else f"killed by {signal.Signals(-code).name}"
        return Failure(reason, code, errors.text())
    finally:
        os.close(stdin)
        errors.close()


async def _end(child: asyncio.subprocess.Process) -> None:
    """End the program and all its descendants, also when the gateway stops."""
    await end_session(child.pid)
    with suppress(ProcessLookupError):
        child.kill()  # for systems without a readable /proc
    await child.wait()


class _Tail:
    """Keeps the end of a pipe's output. Does not wait for writers that outlive the program."""

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(self.write_end, True)
        self._kept = b""
        self._writing, self._reading = True, False

    def listen(self) -> None:
        """Close the write end, which the program now owns."""
        os.close(self.write_end)
        self._writing = False
        self._reading = True
        asyncio.get_running_loop().add_reader(self._read_end, self._take)

    def _take(self) -> None:
        try:
            chunk = os.read(self._read_end, 65_536)
        except BlockingIOError:
            return
        self._kept = (self._kept + chunk)[-STDERR_OCTETS:]
        if not chunk:
            self._stop()

    def _stop(self) -> None:
        if self._reading:
            asyncio.get_running_loop().remove_reader(self._read_end)
            self._reading = False

    def text(self) -> str:
        """Return the output so far."""
        while self._reading:
            before = self._kept
            self._take()
            if self._kept == before:
                break
        return self._kept.decode("utf-8", "replace").strip()

    def close(self) -> None:
        """Close the pipe."""
        self._stop()
        os.close(self._read_end)
        if self._writing:
            os.close(self.write_end)
