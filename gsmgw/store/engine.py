"""The database's engine: one writer thread with group commit, a few readers, and one more reader for the queue.

All that wants to be written queues up; the writer takes what is there, runs it in one transaction, commits once (one
fsync), and only then tells each caller. Under load a commit carries hundreds of operations; when idle, one.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from gsmgw.errors import StoreFault, StoreUnavailable
from gsmgw.model import Event
from gsmgw.store.tx import Tx, is_passing
from gsmgw.store.unreadable import Connection, Unreadable, is_odd_text

log = logging.getLogger(__name__)

T = TypeVar("T")
Operation = Callable[[Tx], T]

#: Maximum number of operations in one transaction: limits how long a caller waits under load.
BATCH = 512
#: A transaction of several operations is followed by others: they are given that time to come together, which spares
#: commits. One that comes alone does not wait.
GATHER_S = 0.0003
#: Maximum number of waiting operations; further callers get an error, because the database is overloaded.
BACKLOG = 50_000
READERS = 2
#: A checkpoint after that many 4 KiB pages of write-ahead log bounds its size and the time of a recovery.
CHECKPOINT_PAGES = 2000
#: Time between two log lines about the same trouble, seconds.
REPEAT_S = 60.0

#: Values that SQLite cannot store: integers beyond 64 bits, halves of surrogate pairs.
_UNSTORABLE = (sqlite3.Error, OverflowError, UnicodeError)

# The module sqlite3 looks for adapters of every value that is not exactly an int, float or str, and raises and drops an
# exception where there are none: ten times for the row of a message. These return the value that it binds anyway.
sqlite3.register_adapter(type(None), cast(Callable[[None], None], {}.get))
sqlite3.register_adapter(bool, int)
sqlite3.register_adapter(bytes, bytes.__bytes__)


@dataclass(slots=True)
class _Job(Generic[T]):
    operation: Operation[T]
    future: asyncio.Future[T]
    then: Callable[[T], object] | None
    result: T | None = None
    error: BaseException | None = None


def connect(path: Path, *, read_only: bool = False) -> Connection:
    """Open a connection with the required settings: WAL, an fsync at each commit, foreign keys."""
    db = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=10, factory=Connection
    )
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    db.execute("PRAGMA journal_size_limit = 16777216")
    if read_only:
        db.execute("PRAGMA query_only = ON")
    return db


class _Readers:
    """Reader threads, each with a connection from ``opened``."""

    def __init__(self, opened: Callable[[], Connection], count: int, name: str) -> None:
        self._connections: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        for _ in range(count):
            self._connections.put(opened())
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, query)

    def close(self) -> None:
        """Finish what runs, then close the connections."""
        self._pool.shutdown(wait=True)
        while not self._connections.empty():
            self._connections.get().close()

    def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        db = self._connections.get()
        try:
            try:
                return query(db)
            except sqlite3.OperationalError as exc:
                if not _take_any_text(db, exc):
                    raise
                return query(db)
        except sqlite3.Error as exc:
            kind = StoreUnavailable if is_passing(exc) else StoreFault
            raise kind(f"the database could not be read: {exc}") from exc
        finally:
            self._connections.put(db)


def _take_any_text(db: sqlite3.Connection, exc: sqlite3.Error) -> bool:
    """Return True if a statement failed at a text that is not UTF-8; from then on, the connection reads such texts."""
    if db.text_factory is not str or not is_odd_text(exc):
        return False
    log.error("store: a text in the database is not UTF-8 and is read with replacement characters error=%s", exc)
    db.text_factory = _decoded
    return True


def _decoded(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


class Engine:
    """Runs operations on one database. Create and close it on the event loop that uses it."""

    def __init__(self, path: Path, on_events: Callable[[Sequence[Event]], None] | None = None) -> None:
        self.path = path
        self._on_events = on_events
        self._queue: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._writer = threading.Thread(target=self._write_loop, name="gsmgw-writer", daemon=True)
        #: Rows that could not be decoded.
        self.unreadable = Unreadable(self._note_unreadable)
        self._db = self._connect(path)
        opened = partial(self._connect, path, read_only=True)
        self._readers = _Readers(opened, READERS, "gsmgw-reader")
        self._queue_reader = _Readers(opened, 1, "gsmgw-queue-reader")
        self._closed = False
        self._crowded = False
        #: Recent time of a transaction, seconds: mostly the fsync of the commit.
        self.commit_s = 0.001
        #: Why the last transaction failed; None while the database takes writes.
        self.trouble: str | None = None
        #: Number of operations that the database refused for good, since the start.
        self.faults = 0
        self.failed_transactions = 0
        self._reported: dict[str, float] = {}
        self._writer.start()

    def _connect(self, path: Path, *, read_only: bool = False) -> Connection:
        db = connect(path, read_only=read_only)
        db.unreadable = self.unreadable
        return db

    def _note_unreadable(self, table: str, key: Any, why: str) -> None:
        with suppress(RuntimeError):  # the loop is gone
            self._loop.call_soon_threadsafe(self.report_unreadable, table, key, why)

    def report_unreadable(self, table: str, key: Any, why: str) -> None:
        """Handle the first failure to decode a row in this process. Called on the event loop."""

    def write(self, operation: Operation[T], then: Callable[[T], object] | None = None) -> asyncio.Future[T]:
        """Queue an operation; the future is done once its transaction is on disk.

        ``then`` is called on the event loop with the result once it is on disk, before the future is done, and also
        when nobody waits for the future any more: for what must follow a commit even if the caller was cancelled.
        It must not raise.

        Operations are run in the order of these calls. One may be run twice, when another of its transaction
        failed, so it must have no effect outside the transaction. Its exception fails it alone. Errors of SQLite
        come out as :class:`StoreUnavailable` (a full disk) or :class:`StoreFault` (a constraint).
        """
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            future.set_exception(StoreUnavailable("the database is closed"))
        elif self._queue.qsize() >= BACKLOG:
            future.set_exception(StoreUnavailable("the database does not keep up: too many writes are waiting"))
        else:
            self._queue.put(_Job(operation, future, then))
        return future

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query on a reader. It sees everything committed before the call."""
        if self._closed:
            raise StoreUnavailable("the database is closed")
        return await self._readers.run(query)

    async def read_for_queue(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query that sending waits for, on its own reader: listings, exports and searches do not delay it."""
        if self._closed:
            raise StoreUnavailable("the database is closed")
        return await self._queue_reader.run(query)

    async def close(self) -> None:
        """Finish what is queued, then close every connection."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._writer.join)
        self._readers.close()
        self._queue_reader.close()
        self._db.close()
        await asyncio.sleep(0)  # the last outcomes were handed to the loop: let their callers have them

    # -- in the threads -----------------------------------------------------------------------------------------

    def _write_loop(self) -> None:
        while self._write_what_waits():
            pass

    def _write_what_waits(self) -> bool:
        """Run one transaction. Return False after the last one. Keeps no references while waiting for the next."""
        job = self._queue.get()
        if self._crowded:
            time.sleep(GATHER_S)
        jobs: list[_Job[Any]] = []
        while job is not None:
            jobs.append(job)
            if len(jobs) == BATCH:
                break
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
        self._crowded = len(jobs) > 1
        if jobs:
            events = self._transaction(jobs)
            with suppress(RuntimeError):  # the loop is gone: the process is ending, and the commit stands
                self._loop.call_soon_threadsafe(self._tell, jobs, events)
        return job is not None

    def _transaction(self, jobs: list[_Job[Any]]) -> list[Event]:
        """Run the jobs in one transaction. If one raises, remove it and run the others again."""
        run = jobs
        while run:
            try:
                tx = Tx(self._db)
                self._db.execute("BEGIN IMMEDIATE")
                failed = self._run(tx, run)
                if failed is None:
                    began = time.perf_counter()
                    self._db.execute("COMMIT")
                    self.commit_s += (time.perf_counter() - began - self.commit_s) * 0.1
                    self._works()
                    return tx.events
                self._rollback()
                run = [job for job in run if job is not failed]
            except sqlite3.Error as exc:
                self._rollback()
                if _take_any_text(self._db, exc):
                    continue
                self._fails(exc)
                for job in run:
                    job.error = StoreUnavailable(f"database write failed: {exc}")
                return []
            except Exception as exc:
                # Whatever it is, the memory is full for example: the writer lives on, and nobody waits for ever.
                self._rollback()
                log.exception("database: internal error of the writer")
                for job in run:
                    job.error = StoreUnavailable(f"internal error of the database writer: {exc!r}")
                return []
        return []

    def _works(self) -> None:
        if self.trouble is not None:
            log.warning("database: writes are succeeding again failed_transactions=%d", self.failed_transactions)
            self.trouble, self.failed_transactions = None, 0

    def _fails(self, exc: sqlite3.Error) -> None:
        """Note that no transaction succeeds; the log has a line when that begins, and one each minute."""
        self.trouble = str(exc)
        self.failed_transactions += 1
        if self._is_new(self.trouble):
            log.error(
                "database: writes fail, they are tried again: %s failed_transactions=%d", exc, self.failed_transactions
            )

    def _is_new(self, trouble: str) -> bool:
        """Return True if this was not logged in the last minute."""
        now = time.monotonic()
        self._reported = {text: at for text, at in self._reported.items() if now - at < REPEAT_S}
        return self._reported.setdefault(trouble, now) == now

    def _run(self, tx: Tx, jobs: list[_Job[Any]]) -> _Job[Any] | None:
        for job in jobs:
            try:
                job.result = job.operation(tx)
            except _UNSTORABLE as exc:
                if is_passing(exc) or is_odd_text(exc):
                    raise
                self.faults += 1
                if self._is_new(str(exc)):
                    log.error("database: operation refused, not retrying error=%s", exc, exc_info=exc)
                job.error = StoreFault(f"the database refused the operation: {exc}")
                return job
            except Exception as exc:
                # An operation is a caller's code: whatever it raises has to reach that caller's future, or the caller
                # would wait for ever.
                log.debug("database: operation raised, its caller is told", exc_info=True)
                job.error = exc
                return job
        return None

    def _rollback(self) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error:
            log.exception("database: rollback failed")

    def _tell(self, jobs: list[_Job[Any]], events: list[Event]) -> None:
        for job in jobs:
            if job.error is None and job.then is not None:
                try:
                    job.then(job.result)
                except Exception:  # a fault of the program: the commit stands, and the others have to be told
                    log.exception("database: what follows a commit failed")
            if job.future.cancelled():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
        if events and self._on_events is not None:
            self._on_events(events)
