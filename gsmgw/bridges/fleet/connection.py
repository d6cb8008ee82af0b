"""The connection to the NATS server. Only this module, ``streams`` and ``failures`` import nats-py.

Each connection has a client of its own that does not reconnect by itself: what was under way when it was lost is begun
again from the database, so nothing is published by a client that nobody waits for.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    KeyValueConfig,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.failures import FAILURES, ConnectionLost, words_of
from gsmgw.bridges.fleet.streams import ACK_S, Bucket, Published, Pull, content_of
from gsmgw.cancellation import cancellable

log = logging.getLogger(__name__)

#: The oldest server whose JetStream is known to keep what it has acknowledged.
OLDEST_SERVER = (2, 10, 23)
CONNECT_S = 10
#: Time for the server to answer a question about its streams, seconds. A cluster that elects a leader does not answer.
REQUEST_S = 5.0
#: A job that was delivered and is not acknowledged in that time is delivered again, seconds: so long waits a job that a
#: node was taking when its line went.
AGAIN_S = 10
PING_S = 5
#: Size of all payloads that the server has delivered and nobody has taken yet.
MOST_PENDING_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Server:
    """Where the servers are, and how to sign in."""

    urls: Sequence[str]
    #: The name of the client, which its inboxes begin with.
    name: str
    credentials: Path | None = None
    ca_file: Path | None = None
    replicas: int = 1


def read_credentials(path: Path | None) -> tuple[str | None, str | None]:
    """Read a file of credentials: the user and the password. Raises :class:`ConnectionLost`."""
    if path is None:
        return None, None
    try:
        found = json.loads(path.read_text("utf-8"))
        return str(found["user"]), str(found["password"])
    except OSError as exc:
        raise ConnectionLost(f"credentials: {path}: {exc.strerror or exc}") from None
    except (ValueError, KeyError, TypeError):
        raise ConnectionLost(f"credentials: {path} is not a file that `gsmgw fleet add` has printed") from None


class Connection:
    """One connection, from :meth:`open` to :meth:`close`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client = Client()
        #: Ends when the connection is lost; its result says why.
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._last_error = "closed"
        #: The client was told to connect; one that was not cannot be closed.
        self._begun = False
        self._js: JetStreamContext | None = None

    async def open(self) -> None:
        """Connect. Raises :class:`ConnectionLost`."""
        server = self._server
        user, password = read_credentials(server.credentials)
        is_tls = any(url.startswith(("tls://", "wss://")) for url in server.urls)
        if any(url.startswith(("ws://", "wss://")) for url in server.urls) and find_spec("aiohttp") is None:
            raise ConnectionLost('WebSocket needs one more package: pip install "gsmgw[fleet-websocket]"')
        context = self._context() if is_tls else None
        self._begun = True
        try:
            async with asyncio.timeout(CONNECT_S * max(1, len(server.urls))):
                await self._client.connect(
                    servers=list(server.urls),
                    name=f"gsmgw {server.name}",
                    user=user,
                    password=password,
                    inbox_prefix=subjects.inbox_of(server.name).encode(),
                    allow_reconnect=False,
                    connect_timeout=CONNECT_S,
                    ping_interval=PING_S,
                    max_outstanding_pings=2,
                    max_reconnect_attempts=1,
                    pending_size=MOST_PENDING_BYTES,
                    error_cb=self._note_error,
                    closed_cb=self._closed,
                    disconnected_cb=self._closed,
                    tls=context,
                )
        except FAILURES as exc:
            raise ConnectionLost(words_of(exc, self._last_error)) from None
        version = self._client.connected_server_version
        found = (version.major, version.minor, version.patch)
        if found < OLDEST_SERVER:
            await self.close()
            words = [".".join(map(str, each)) for each in (found, OLDEST_SERVER)]
            raise ConnectionLost(f"the NATS server is {words[0]}; at least {words[1]} is needed")
        self._js = self._client.jetstream(timeout=REQUEST_S)

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._server.ca_file)
        except OSError as exc:
            raise ConnectionLost(f"ca_file: {self._server.ca_file}: {exc.strerror or exc}") from None

    async def close(self) -> None:
        """Disconnect."""
        if self._begun:
            with suppress(*FAILURES):
                async with asyncio.timeout(2):
                    await self._client.close()
        self._end("closed")

    async def _note_error(self, exc: Exception) -> None:
        self._last_error = words_of(exc, "")
        log.debug("fleet: %s", self._last_error)
        if "permissions violation" in self._last_error.lower():
            log.warning("fleet: the NATS server refuses: %s", self._last_error)

    async def _closed(self) -> None:
        self._end(self._last_error)

    def _end(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)

    @property
    def _jetstream(self) -> JetStreamContext:
        assert self._js is not None
        return self._js

    # -- what there is at the server --------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Make the streams and buckets of a fleet, or bring them up to date. Raises :class:`ConnectionLost`."""
        replicas = self._server.replicas
        jobs = StreamConfig(
            name=subjects.JOBS,
            subjects=[subjects.jobs_of("*")],
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE,
            duplicate_window=subjects.DUPLICATES_S,
            num_replicas=replicas,
            allow_direct=True,
        )
        events = StreamConfig(
            name=subjects.EVENTS,
            subjects=[subjects.events_of("*")],
            storage=StorageType.FILE,
            max_age=subjects.EVENT_DAYS * 86_400,
            duplicate_window=subjects.DUPLICATES_S,
            num_replicas=replicas,
        )
        try:
            for stream in (jobs, events):
                try:
                    await cancellable(self._jetstream.update_stream(stream))
                except NotFoundError:
                    await cancellable(self._jetstream.add_stream(stream))
            for bucket in (
                KeyValueConfig(bucket=subjects.NODES, ttl=86_400, replicas=replicas),
                KeyValueConfig(
                    bucket=subjects.CLAIMS, ttl=subjects.CLAIM_DAYS * 86_400, replicas=replicas, direct=True
                ),
                KeyValueConfig(bucket=subjects.CONSENT, replicas=replicas),
                KeyValueConfig(bucket=subjects.ERASED, ttl=subjects.ERASED_DAYS * 86_400, replicas=replicas),
            ):
                try:
                    await cancellable(self._jetstream.key_value(bucket.bucket))
                except NotFoundError:
                    await cancellable(self._jetstream.create_key_value(bucket))
        except FAILURES as exc:
            raise ConnectionLost(words_of(exc, "")) from None

    async def bucket(self, name: str) -> Bucket:
        """Return a bucket. Raises :class:`ConnectionLost`."""
        try:
            return Bucket(await cancellable(self._jetstream.key_value(name)), name)
        except NotFoundError:
            raise ConnectionLost("the hub has not been here yet: start it first") from None
        except FAILURES as exc:
            raise ConnectionLost(words_of(exc, "")) from None

    async def publish(self, subject: str, payload: bytes, message_id: str) -> Published:
        """Publish to a stream, and return when the server has it on disk. Raises :class:`ConnectionLost`."""
        try:
            found = await cancellable(
                self._jetstream.publish(subject, payload, timeout=ACK_S, headers={"Nats-Msg-Id": message_id})
            )
        except FAILURES as exc:
            raise ConnectionLost(f"{subject}: {words_of(exc, '')}") from None
        return Published(found.seq, bool(found.duplicate))

    async def subject_of(self, stream: str, sequence: int) -> str | None:
        """Return the subject of a message in a stream; None if it is there no more. Raises :class:`ConnectionLost`."""
        try:
            return (await cancellable(self._jetstream.get_msg(stream, seq=sequence))).subject
        except NotFoundError:
            return None
        except FAILURES as exc:
            raise ConnectionLost(words_of(exc, "")) from None

    async def last_of(self, stream: str) -> int:
        """Return the number of the last message of a stream. Raises :class:`ConnectionLost`."""
        try:
            return int((await cancellable(self._jetstream.stream_info(stream))).state.last_seq)
        except FAILURES as exc:
            raise ConnectionLost(words_of(exc, "")) from None

    async def pull_jobs(self, node: str) -> Pull:
        """Return the jobs of a node, each until it is acknowledged. Raises :class:`ConnectionLost`."""
        config = ConsumerConfig(
            name=node,
            durable_name=node,
            filter_subject=subjects.jobs_of(node),
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=AGAIN_S,
            max_ack_pending=2000,
        )
        return await self._pull(subjects.JOBS, config)

    async def purge(self, bucket: str, key: str) -> None:
        """Delete all keys below one, so that nothing of them is left. Raises :class:`ConnectionLost`."""
        try:
            await cancellable(self._jetstream.purge_stream(subjects.stream_of(bucket), subject=f"$KV.{bucket}.{key}.>"))
        except FAILURES as exc:
            raise ConnectionLost(words_of(exc, "")) from None

    async def pull_behind(self, stream: str, after: int) -> Pull:
        """Return what a stream has behind a message. Raises :class:`ConnectionLost`."""
        config = ConsumerConfig(
            name=secrets.token_hex(8),
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=120,
            mem_storage=True,
            num_replicas=1,
        )
        return await self._pull(stream, config)

    async def values(self, bucket: str) -> AsyncIterator[tuple[str, bytes] | None]:
        """Yield what a bucket holds, then None, and then each change. Raises :class:`ConnectionLost`."""
        stream, prefix = subjects.stream_of(bucket), f"$KV.{bucket}."
        config = ConsumerConfig(
            name=secrets.token_hex(8),
            deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
            filter_subject=f"{prefix}>",
            ack_policy=AckPolicy.NONE,
            inactive_threshold=120,
            mem_storage=True,
            num_replicas=1,
        )
        pull = await self._pull(stream, config)
        is_live = pull.found == 0
        if is_live:
            yield None
        while True:
            for each in await pull.portion():
                if "KV-Operation" not in (each.message.headers or {}):  # not deleted
                    yield each.subject.removeprefix(prefix), each.payload
                if not is_live and each.message.metadata.num_pending == 0:
                    is_live = True
                    yield None

    async def _pull(self, stream: str, config: ConsumerConfig) -> Pull:
        try:
            info = await cancellable(self._jetstream.add_consumer(stream, config))
            pull = await Pull.open(self._client, stream, str(config.name), self.lost)
            pull.found = info.num_pending or 0
            return pull
        except NotFoundError:
            raise ConnectionLost("the hub has not been here yet: start it first") from None
        except FAILURES as exc:
            raise ConnectionLost(words_of(exc, "")) from None

    # -- requests ---------------------------------------------------------------------------------------------------

    async def ask(self, subject: str, payload: bytes, timeout_s: float) -> bytes | None:
        """Send a request, and return its answer; None if nobody answers in time. Raises :class:`ConnectionLost`."""
        try:
            return (await cancellable(self._client.request(subject, payload, timeout=timeout_s))).data
        except (TimeoutError, nats.errors.NoRespondersError, nats.errors.TimeoutError):
            return None
        except FAILURES as exc:
            raise ConnectionLost(words_of(exc, "")) from None

    async def answer(self, subject: str, handle: Callable[[bytes], Awaitable[bytes]]) -> None:
        """Answer requests until the connection ends. Raises :class:`ConnectionLost`."""

        async def on_request(message: Msg) -> None:
            try:
                await message.respond(await handle(content_of(message)))
            except FAILURES as exc:
                log.debug("fleet: an answer did not go: %s", exc)

        try:
            await cancellable(self._client.subscribe(subject, cb=on_request))
        except FAILURES as exc:
            raise ConnectionLost(words_of(exc, "")) from None
