"""The connection to the broker. The only module that imports paho-mqtt, whose callbacks run in a thread of its own.

Each connection has a client of its own, so that nothing is published by a client that nobody waits for: what was not
acknowledged is published again by the durable cursor. The session at the broker lasts, so that requests that were
published while the gateway was away are delivered.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gsmgw.errors import GsmgwError

T = TypeVar("T")
log = logging.getLogger(__name__)

KEEPALIVE_S = 30
CONNECT_S = 20.0
#: Requests that the broker hands over before the first is acknowledged.
WINDOW = 50
#: How long the broker keeps the session of a gateway that is away; seconds.
SESSION_S = 86_400
#: Time for the broker to acknowledge what was published; seconds.
ACK_S = 30.0


class ConnectionLost(GsmgwError):
    """The broker cannot be reached, refuses, or went away. The message says why."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from the broker."""

    topic: str
    payload: bytes
    retained: bool
    #: Delivered before, without an acknowledgement that arrived.
    repeated: bool
    acknowledge: Callable[[], None]
    #: Where the publisher wants the answer, and what it wants to find in it (MQTT 5).
    response_topic: str | None = None
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Will:
    """The message that the broker publishes when the gateway goes (MQTT will)."""

    topic: str
    payload: str


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and how to sign in."""

    host: str
    port: int
    tls: bool
    client_id: str
    version: str
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None


class Connection:
    """One connection, from :meth:`open` to :meth:`close`."""

    def __init__(self, broker: Broker, will: Will, on_message: Callable[[Incoming], None]) -> None:
        self._broker = broker
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        #: Ends when the connection is lost; its result says why.
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._is_v5 = broker.version == "5"
        self._client = self._make_client()
        self._client.will_set(will.topic, will.payload, qos=1, retain=True)

    def _make_client(self) -> paho.Client:
        broker = self._broker
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            protocol=paho.MQTTv5 if self._is_v5 else paho.MQTTv311,
            clean_session=None if self._is_v5 else False,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(WINDOW)
        client.on_connect = self._connected
        client.on_connect_fail = lambda *_: self._tell(self._end, "the broker does not answer")
        client.on_disconnect = lambda _c, _u, _f, code, _p: self._tell(self._end, f"disconnected: {code}")
        client.on_message = lambda _c, _u, message: self._tell(self._message, message)
        client.on_publish = lambda _c, _u, mid, _r, _p: self._tell(self._published, mid)
        return client

    async def open(self) -> None:
        """Connect. Raises :class:`ConnectionLost`."""
        broker = self._broker
        try:
            if broker.username is not None:
                password = None if broker.password_file is None else broker.password_file.read_text("utf-8").strip()
                self._client.username_pw_set(broker.username, password)
            if broker.tls:
                self._client.tls_set_context(ssl.create_default_context(cafile=broker.ca_file))
            properties = None
            if self._is_v5:
                properties = _properties(PacketTypes.CONNECT, SessionExpiryInterval=SESSION_S, ReceiveMaximum=WINDOW)
            await asyncio.to_thread(
                partial(
                    self._client.connect,
                    broker.host,
                    broker.port,
                    KEEPALIVE_S,
                    clean_start=False if self._is_v5 else paho.MQTT_CLEAN_START_FIRST_ONLY,
                    properties=properties,
                )
            )
        except (OSError, ValueError) as exc:
            raise ConnectionLost(getattr(exc, "strerror", None) or str(exc)) from None
        self._client.loop_start()
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._opened
        except TimeoutError:
            raise ConnectionLost("the broker did not answer in time") from None

    async def close(self) -> None:
        """Disconnect. Everything that waits for an acknowledgement ends with :class:`ConnectionLost`."""
        with suppress(ValueError, OSError):
            self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        self._end("closed")
        client = self._client
        client.on_connect = client.on_connect_fail = client.on_disconnect = client.on_message = client.on_publish = None
        del self._client  # its sockets close with its last reference, not with a garbage collection half an hour later

    async def subscribe(self, topics: list[str]) -> None:
        """Subscribe to topics; messages come at least once."""
        self._client.subscribe([(topic, 1) for topic in topics])

    async def publish(
        self, topic: str, payload: bytes | str, *, retain: bool = False, correlation: bytes | None = None
    ) -> None:
        """Publish, and return when the broker has acknowledged it. Raises :class:`ConnectionLost`."""
        await self.begin(topic, payload, retain=retain, correlation=correlation)

    def begin(
        self, topic: str, payload: bytes | str, *, retain: bool = False, correlation: bytes | None = None
    ) -> asyncio.Future[None]:
        """Publish, and return what ends with the acknowledgement: several may be on their way, in order."""
        done: asyncio.Future[None] = self._loop.create_future()
        if self.lost.done():
            done.set_exception(ConnectionLost(self.lost.result()))
            return done
        properties = None
        if self._is_v5 and correlation is not None:
            properties = _properties(PacketTypes.PUBLISH, CorrelationData=correlation)
        try:
            info = self._client.publish(topic, payload, 1, retain, properties)
        except ValueError as exc:  # a topic with a wildcard, a payload that is too large
            done.set_exception(ConnectionLost(f"{topic}: {exc}"))
            return done
        self._waiting[info.mid] = done
        timer = self._loop.call_later(ACK_S, self._end, "the broker does not acknowledge")
        done.add_done_callback(lambda _: timer.cancel())
        return done

    # -- called by the thread of the client -------------------------------------------------------------------------

    def _tell(self, function: Callable[[T], None], value: T) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function, value)

    def _connected(self, _client: object, _data: object, _flags: object, code: ReasonCode, _properties: object) -> None:
        if code.is_failure:
            self._tell(self._end, f"refused: {code}")
        else:
            self._tell(self._open, None)

    # -- in the event loop ------------------------------------------------------------------------------------------

    def _open(self, _: None) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def _end(self, reason: str) -> None:
        if not self._opened.done():
            self._opened.set_exception(ConnectionLost(reason))
        if not self.lost.done():
            self.lost.set_result(reason)
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(ConnectionLost(reason))

    def _published(self, mid: int) -> None:
        future = self._waiting.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(None)

    def _message(self, message: paho.MQTTMessage) -> None:
        properties = message.properties if self._is_v5 else None
        self._on_message(
            Incoming(
                message.topic,
                bytes(message.payload),
                message.retain,
                message.dup,
                lambda: self._acknowledge(message),
                getattr(properties, "ResponseTopic", None),
                getattr(properties, "CorrelationData", None),
            )
        )

    def _acknowledge(self, message: paho.MQTTMessage) -> None:
        if message.qos and not self.lost.done():
            self._client.ack(message.mid, message.qos)


def _properties(packet: int, **values: int | bytes) -> Properties:
    found = Properties(packet)
    for name, value in values.items():
        setattr(found, name, value)
    return found
