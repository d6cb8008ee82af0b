"""Streams and buckets of the NATS server: what comes from them, and what is put there."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from gsmgw.bridges.fleet.failures import FAILURES, ConnectionLost, words_of
from gsmgw.cancellation import cancellable
from gsmgw.digits import is_digits

log = logging.getLogger(__name__)

#: Time for the server to acknowledge what was published, seconds.
ACK_S = 10.0
#: Time without a heartbeat after which a pull counts as dead, seconds.
SILENT_S = 15.0
#: How long a pull request waits at the server, seconds.
PULL_S = 30


@dataclass(frozen=True, slots=True)
class Published:
    """The place of a message in its stream. ``duplicate``: it was there already."""

    sequence: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message of a stream."""

    subject: str
    payload: bytes
    sequence: int
    message: Msg


async def acknowledge(portion: Sequence[Delivered]) -> None:
    """Tell the server that messages are on disk, and return when it knows. Raises :class:`ConnectionLost`.

    All come from one consumer. The server takes its acknowledgements in order, so the answer to the last one is
    enough; those that are lost with the connection are delivered again.
    """
    try:
        for each in portion[:-1]:
            await cancellable(each.message.ack())
        if portion:
            await cancellable(portion[-1].message.ack_sync(timeout=ACK_S))
    except FAILURES as exc:
        raise ConnectionLost(words_of(exc, "")) from None


async def put_off(delivered: Delivered, delay_s: float) -> None:
    """Have the server deliver a message again, but not so soon. Raises :class:`ConnectionLost`."""
    try:
        await cancellable(delivered.message.nak(delay=delay_s))
    except FAILURES as exc:
        raise ConnectionLost(words_of(exc, "")) from None


class Pull:
    """Fetches from a pull consumer as fast as it is read: a request is always waiting at the server."""

    BATCH = 200

    def __init__(self, client: Client, stream: str, consumer: str, lost: asyncio.Future[str]) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = client.new_inbox()
        self._lost = lost
        self._waiting: list[Msg] = []
        self._news = asyncio.Event()
        #: Messages that the server may still deliver for the requests so far.
        self._asked = 0
        self._heard_s = 0.0
        self._trouble: str | None = None
        #: The number of messages that there were at the beginning.
        self.found = 0

    @classmethod
    async def open(cls, client: Client, stream: str, consumer: str, lost: asyncio.Future[str]) -> Pull:
        """Begin to fetch."""
        pull = cls(client, stream, consumer, lost)
        await cancellable(client.subscribe(pull._inbox, cb=pull._take))
        await pull._request()
        return pull

    async def portion(self) -> list[Delivered]:
        """Return what has come, at least one message. Raises :class:`ConnectionLost`."""
        loop = asyncio.get_running_loop()
        while not self._waiting:
            if self._asked <= 0:
                await self._request()
            self._news.clear()
            try:
                async with asyncio.timeout(1):
                    await self._news.wait()
            except TimeoutError:
                if loop.time() - self._heard_s > SILENT_S:
                    raise ConnectionLost("the NATS server is silent") from None
            if self._trouble is not None:
                raise ConnectionLost(self._trouble)
            if self._lost.done():
                raise ConnectionLost(self._lost.result())
        found, self._waiting = self._waiting, []
        if self._asked <= self.BATCH // 2:
            await self._request()
        return [Delivered(each.subject, content_of(each), each.metadata.sequence.stream, each) for each in found]

    async def _request(self) -> None:
        body = {"batch": self.BATCH, "expires": PULL_S * 10**9, "idle_heartbeat": 5 * 10**9}
        self._heard_s = asyncio.get_running_loop().time()
        self._asked += self.BATCH
        try:
            await cancellable(self._client.publish(self._subject, json.dumps(body).encode(), self._inbox))
        except FAILURES as exc:
            raise ConnectionLost(words_of(exc, "")) from None

    async def _take(self, message: Msg) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        status = (message.headers or {}).get("Status")
        if status is None:
            self._asked -= 1
            self._waiting.append(message)
        elif status == "100":  # a heartbeat
            return
        elif status in ("404", "408"):  # a request has ended; the header says how much of it was left
            left = (message.headers or {}).get("Nats-Pending-Messages", "")
            self._asked -= int(left) if is_digits(left) else self._asked
        elif status == "409" and "exceed" in (message.headers or {}).get("Description", "").lower():
            self._asked = 0
        else:
            self._trouble = f"the consumer ended: {(message.headers or {}).get('Description', status)}"
        self._news.set()


class Bucket:
    """A bucket of keys and values."""

    def __init__(self, bucket: KeyValue, name: str) -> None:
        self._bucket = bucket
        self._name = name

    async def put(self, key: str, value: bytes) -> None:
        """Write a value. Raises :class:`ConnectionLost`."""
        try:
            await cancellable(self._bucket.put(key, value))
        except FAILURES as exc:
            raise ConnectionLost(f"{self._name}: {words_of(exc, '')}") from None

    async def claim(self, key: str, value: str) -> str:
        """Write a value that nobody has written yet. Return the value that is there. Raises :class:`ConnectionLost`."""
        try:
            await cancellable(self._bucket.create(key, value.encode()))
        except KeyWrongLastSequenceError:
            try:
                found = (await cancellable(self._bucket.get(key))).value
            except KeyNotFoundError:  # it has expired just now
                return value
            except FAILURES as exc:
                raise ConnectionLost(f"{self._name}: {words_of(exc, '')}") from None
            return (found or b"").decode("utf-8", "replace")
        except FAILURES as exc:
            raise ConnectionLost(f"{self._name}: {words_of(exc, '')}") from None
        return value


def content_of(message: Msg) -> bytes:
    """Return the content of a message; nothing, which nobody can read, of one that another client had sent here.

    The server answers a request for a stored message at any subject that the client names, also where the client itself
    may not publish. Such an answer has this header.
    """
    if "Nats-Stream" not in (message.headers or {}):
        return message.data
    log.error(
        "fleet: a node had content of its own sent to %s; it is not used. Change its credentials", message.subject
    )
    return b""
