"""The bridge: keeps the connection, announces devices, publishes states, takes requests."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from gsmgw.audience.recipients import Recipients
from gsmgw.bridges.mqtt.connection import Broker, Connection, ConnectionLost, Incoming, Will
from gsmgw.bridges.mqtt.discovery import Payload, device_payloads
from gsmgw.bridges.mqtt.publisher import Publisher
from gsmgw.bridges.mqtt.requests import BadRequest, SendRequest, digest_of, notification, parse_request
from gsmgw.bridges.mqtt.states import gateway_state, modem_state
from gsmgw.bridges.mqtt.topics import OFF, OFFLINE, ON, ONLINE, Topics, slug
from gsmgw.config.mqtt import MqttSection
from gsmgw.dispatch import EventFeed
from gsmgw.errors import ModemError, StoreError
from gsmgw.model import MQTT, Event, ModemStatus, format_id
from gsmgw.outbound import Accepted, MessageService, Principal, Refusal, ServiceError
from gsmgw.ports import Clock
from gsmgw.store import Store, audit, messages, rollups
from gsmgw.wire import resources
from gsmgw.wire.encoding import dumped
from gsmgw.wire.problems import PROBLEMS, ProblemCode

log = logging.getLogger(__name__)

#: Pauses before the connection is opened again, in order; the last one repeats. Seconds.
PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)
#: Time between two looks at the states, while events come and while none come; seconds. Only changes are published.
BUSY_S, IDLE_S = 1.0, 15.0
#: Pause before the devices are announced to a Home Assistant that has started, seconds.
BIRTH_S = 1.0
#: Pause before a request is tried again that the database did not take, seconds.
STORE_S = 2.0
#: A request without a ref that is delivered again counts as the same for this long; milliseconds.
REPEATED_MS = 600_000
#: Time for the last message to a broker that is left; seconds.
FAREWELL_S = 2.0
#: Requests that wait here at most; the broker keeps more than its window.
MAX_WAITING = 1000

_CALLER = Principal("mqtt", "mqtt", token="mqtt", scopes=("send",), owner=MQTT)


class ControlledModem(Protocol):
    """A modem, as Home Assistant controls it."""

    @property
    def status(self) -> ModemStatus:
        """The current status."""

    async def reset(self) -> None:
        """Restart it. Raises :class:`gsmgw.errors.ModemError`."""

    def enable(self) -> None:
        """Use it."""

    def disable(self) -> None:
        """Do not use it."""


@dataclass(frozen=True, slots=True)
class MqttContext:
    """The parts of the gateway that the bridge works with."""

    settings: MqttSection
    version: str
    service: MessageService
    recipients: Recipients
    store: Store
    clock: Clock
    feed: EventFeed
    modems: Mapping[str, ControlledModem]
    usage: Callable[[str], Sequence[resources.LimitUse]]
    trouble: Callable[[], str | None]
    #: When the day began, UTC milliseconds.
    midnight_ms: Callable[[], int]


class MqttBridge:
    """The MQTT bridge of a gateway."""

    def __init__(self, ctx: MqttContext) -> None:
        self._ctx = ctx
        self._topics = Topics(ctx.settings.base, ctx.settings.discovery_prefix)
        self.publisher = Publisher(ctx.store, ctx.clock, ctx.feed, self._topics)
        self._incoming: asyncio.Queue[Incoming] = asyncio.Queue()
        self._announce = asyncio.Event()
        self._news = asyncio.Event()
        self._published: dict[str, bytes] = {}
        self._former: set[str] = set()
        self._notify = {slug(each.name): each.to for each in ctx.settings.notify}
        #: Why there is no connection; None while there is one.
        self.trouble: str | None = "not connected yet"

    def tasks(self) -> Sequence[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return what runs, by name."""
        return ("mqtt", self.run), ("mqtt events", self.publisher.run)

    @property
    def behind(self) -> int:
        """The number of events that it has not published."""
        return self.publisher.lag

    @property
    def dropped(self) -> int:
        """The number of events that it gave up: none, it tries for ever."""
        return 0

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        self._ctx.feed.listen(self._take_news)
        try:
            failures = 0
            while True:
                try:
                    await self._stay_connected()
                except ConnectionLost as exc:
                    failures = 0 if self.trouble is None else failures
                    if failures == 0:
                        log.warning("mqtt: no connection to %s, trying again: %s", self._ctx.settings.url, exc)
                    self.trouble = str(exc)
                await self._ctx.clock.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
                failures += 1
        finally:
            self._ctx.feed.forget(self._take_news)

    def _take_news(self, _: Sequence[Event]) -> None:
        self._news.set()

    async def _stay_connected(self) -> None:
        settings = self._ctx.settings
        host, port, tls = settings.address
        name = hashlib.sha256(settings.base.encode()).hexdigest()[:16]
        broker = Broker(
            host,
            port,
            tls,
            f"gsmgw-{name}",
            settings.version,
            settings.username,
            settings.password_file,
            settings.ca_file,
        )
        # Before the connection: what was not acknowledged comes with it.
        self._incoming = asyncio.Queue(MAX_WAITING)
        self._published.clear()
        self._former.clear()
        self._announce.set()
        connection = Connection(broker, Will(self._topics.status, OFFLINE), self._take)
        try:
            await connection.open()
            self.trouble = None
            log.info("mqtt: connected to %s as %s", settings.url, broker.client_id)
            try:
                await self._serve(connection)
            finally:
                self.publisher.connection = None
                if not connection.lost.done():
                    with suppress(ConnectionLost, TimeoutError):
                        async with asyncio.timeout(FAREWELL_S):
                            await connection.publish(self._topics.status, OFFLINE, retain=True)
        finally:
            await connection.close()

    async def _serve(self, connection: Connection) -> None:
        await connection.publish(self._topics.status, ONLINE, retain=True)
        await connection.subscribe(self._topics.subscriptions())
        self.publisher.connection = connection
        self.publisher.wake()
        tasks = [
            asyncio.create_task(part, name=name)
            for name, part in (
                ("mqtt requests", self._handle_requests(connection)),
                ("mqtt states", self._publish_states(connection)),
                ("mqtt discovery", self._publish_devices(connection)),
            )
        ]
        try:
            waiting: list[asyncio.Future[None] | asyncio.Future[str]] = [*tasks, connection.lost]
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task in done:
                    task.result()
            raise ConnectionLost(connection.lost.result())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # -- devices and states -----------------------------------------------------------------------------------------

    def _statuses(self) -> list[ModemStatus]:
        return [modem.status for _, modem in sorted(self._ctx.modems.items())]

    async def _publish_devices(self, connection: Connection) -> None:
        """Announce the devices, and remove those of former runs that are gone."""
        known: set[str] = set()
        while True:
            await self._announce.wait()
            self._announce.clear()
            wanted: dict[str, Payload] = {}
            if self._topics.discovery:
                names = [each.name for each in self._ctx.settings.notify]
                wanted = device_payloads(self._topics, self._ctx.version, self._statuses(), names)
            for topic, payload in wanted.items():
                await connection.publish(topic, dumped(payload), retain=True)
            for topic in sorted((known | self._former) - set(wanted)):
                await connection.publish(topic, b"", retain=True)
            known, self._former = set(wanted), set()
            await connection.publish(self._topics.devices, dumped(sorted(known)), retain=True)

    async def _publish_states(self, connection: Connection) -> None:
        """Publish the states that have changed."""
        identities: set[tuple[str, str | None, str | None]] = set()
        while True:
            statuses = self._statuses()
            states = {self._topics.state: await self._gateway_state(statuses)}
            for status in statuses:
                states[self._topics.modem_state(status.name)] = modem_state(status, self._ctx.usage(status.name))
            for topic, state in states.items():
                payload = dumped(state)
                if self._published.get(topic) != payload:
                    self._published[topic] = payload
                    await connection.publish(topic, payload, retain=True)
            found = {(status.name, status.model, status.imei) for status in statuses}
            if identities and found != identities:
                self._announce.set()
            identities = found
            await self._ctx.clock.sleep(BUSY_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_S):
                    await self._news.wait()
            self._news.clear()

    async def _gateway_state(self, statuses: Sequence[ModemStatus]) -> Payload:
        store, since_ms = self._ctx.store, self._ctx.midnight_ms()
        until_ms = self._ctx.clock.wall_ms() + 3_600_000
        waiting = await store.read(messages.counts)
        oldest_ms = await store.read(messages.oldest_queued_ms)
        sums = await store.read(lambda db: rollups.sums(db, rollups.ALL, since_ms, until_ms, hourly=True))
        sent = sum(each.counts["sent"] for each in sums.values())
        return gateway_state(waiting, oldest_ms, sent, self._ctx.trouble(), statuses)

    # -- requests ---------------------------------------------------------------------------------------------------

    def _take(self, message: Incoming) -> None:
        topics = self._topics
        if message.topic == topics.devices:
            if message.retained:
                self._former = _topics_in(message.payload, topics.discovery)
                self._announce.set()
            message.acknowledge()
        elif topics.discovery and message.topic == topics.birth:
            message.acknowledge()
            if message.payload.decode("utf-8", "replace") == ONLINE:
                self._published.clear()
                self._ctx.clock.call_later(BIRTH_S, self._announce.set)
        else:
            try:
                self._incoming.put_nowait(message)
            except asyncio.QueueFull:  # only without QoS: the broker keeps the others until they are acknowledged
                log.warning("mqtt: a request was dropped: too many are waiting topic=%s", message.topic)
                message.acknowledge()

    async def _handle_requests(self, connection: Connection) -> None:
        while True:
            message = await self._incoming.get()
            try:
                await self._handle(connection, message)
            except ConnectionLost:
                raise
            except Exception:
                log.exception("mqtt: a request failed topic=%s", message.topic)
            message.acknowledge()

    async def _handle(self, connection: Connection, message: Incoming) -> None:
        kind, _, rest = message.topic.removeprefix(f"{self._topics.base}/").partition("/")
        if kind == "modem":
            await self._control(message, *rest.rpartition("/")[::2])
            return
        try:
            if message.retained:
                raise BadRequest("a retained request is refused: it would be sent again at each start")
            if kind == "notify" and rest not in self._notify:
                raise BadRequest(f"there is no [[mqtt.notify]] for {rest!r}")
            request = notification(self._notify[rest], message.payload) if rest else parse_request(message.payload)
        except BadRequest as exc:
            log.warning("mqtt: request refused topic=%s reason=%r", message.topic, exc.detail)
            ref = _ref_in(message.payload)
            await self._answer(connection, message, [{"ref": ref, "error": {"code": exc.code, "detail": exc.detail}}])
            return
        await self._answer(connection, message, await self._submit(message, request))

    async def _submit(self, message: Incoming, request: SendRequest) -> list[Payload]:
        """Submit the messages of a request and return the answers, once they are on disk."""
        while True:
            try:
                return await self._submit_once(message, request)
            except StoreError as exc:
                log.log(exc.level, "mqtt: a request waits for the database: %s", exc)
                await self._ctx.clock.sleep(STORE_S)

    async def _submit_once(self, message: Incoming, request: SendRequest) -> list[Payload]:
        ref = request.ref
        try:
            numbers = await self._ctx.recipients.numbers_of(request.to)
            await self._check_allowed(message.topic, numbers)
            submissions = request.submissions(numbers)
            key = None if ref is not None else await self._key_of(message)
            results = await self._ctx.service.submit_batch(_CALLER, submissions, key)
        except ServiceError as exc:
            return [{"ref": ref, "to": list(request.to), "error": {"code": exc.code.value, "detail": str(exc)}}]
        return [
            {"ref": ref, "to": number, "id": format_id(result.message_id), "replayed": result.replayed}
            if isinstance(result, Accepted)
            else {"ref": ref, "to": number, "error": {"code": result.code.value, "detail": str(result)}}
            for number, result in zip(numbers, results, strict=True)
        ]

    async def _check_allowed(self, topic: str, numbers: Sequence[str]) -> None:
        allowed = self._ctx.settings.recipients
        if not allowed or topic != self._topics.send:  # those of [[mqtt.notify]] stand in the configuration
            return
        known = set(await self._ctx.recipients.numbers_of(allowed))
        if strangers := [number for number in numbers if number not in known]:
            raise Refusal(ProblemCode.FORBIDDEN, "to", f"{strangers[0]} is not one of [mqtt] recipients")

    async def _key_of(self, message: Incoming) -> str:
        """Return the Idempotency-Key of a request without a ref: one that is delivered again has its former key."""
        now_ms = self._ctx.clock.wall_ms()
        prefix = f"mqtt:{digest_of(message.topic, message.payload)}:"
        if message.repeated:
            since_ms = now_ms - REPEATED_MS
            former = await self._ctx.service.latest_key(_CALLER, prefix, since_ms)
            if former is not None:
                return former
        return f"{prefix}{now_ms:015d}"

    async def _answer(self, connection: Connection, message: Incoming, answers: Sequence[Payload]) -> None:
        for answer in answers:
            await connection.publish(self._topics.result, dumped(answer))
            topic = message.response_topic
            if topic and not topic.startswith(f"{self._topics.base}/"):
                await connection.publish(topic, dumped(answer), correlation=message.correlation)

    async def _control(self, message: Incoming, modem: str, action: str) -> None:
        found = self._ctx.modems.get(modem)
        if found is None:
            log.warning("mqtt: command refused: the modem does not exist modem=%s action=%s", modem, action)
            return
        payload = message.payload.decode("utf-8", "replace").strip()[:20]
        try:
            await self._command(found, action, payload, retained=message.retained)
        except BadRequest as exc:
            log.warning("mqtt: command refused: %s modem=%s action=%s", exc.detail, modem, action)
            await self._audit(message.topic, payload, PROBLEMS[ProblemCode.INVALID_REQUEST].status)
        except ModemError as exc:
            log.warning("mqtt: %s: %s failed: %s", modem, action, exc.title)
            await self._audit(message.topic, payload, PROBLEMS[ProblemCode.MODEM_FAILED].status)
        else:
            log.info("mqtt: command modem=%s action=%s payload=%s", modem, action, payload)
            await self._audit(message.topic, payload, 200)

    async def _command(self, modem: ControlledModem, action: str, payload: str, *, retained: bool) -> None:
        """Do what a command says. Raises :class:`BadRequest` or :class:`gsmgw.errors.ModemError`."""
        if retained:
            raise BadRequest("a retained command would be repeated at each start")
        if action == "reset":
            await modem.reset()
        elif payload in (ON, OFF):
            (modem.enable if payload == ON else modem.disable)()
        else:
            raise BadRequest(f"{payload!r} is not ON or OFF")

    async def _audit(self, topic: str, payload: str, status: int) -> None:
        """Save a command with its outcome, as the API does for its calls. ``status`` is that of the same call."""
        # Minor: whoever may publish can cause as many entries as it likes.
        now_ms, who, origin = self._ctx.clock.wall_ms(), _CALLER.who, _CALLER.origin
        entry = audit.Entry(now_ms, who, origin, "PUBLISH", topic, status, {"payload": payload}, minor=True)
        try:
            await self._ctx.store.write(lambda tx: audit.note(tx, entry))
        except StoreError as exc:
            log.log(exc.level, "mqtt: audit entry not saved error=%s", exc)


def _topics_in(payload: bytes, discovery: str) -> set[str]:
    """Return the discovery topics that a former run has noted."""
    try:
        found = json.loads(payload)
    except ValueError:
        return set()
    begin = f"{discovery or 'homeassistant'}/device/"
    return (
        {each for each in found if isinstance(each, str) and each.startswith(begin)}
        if isinstance(found, list)
        else set()
    )


def _ref_in(payload: bytes) -> object:
    """Return the ref of a request that is not valid, so that its publisher recognises the answer."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    ref = found.get("ref") if isinstance(found, dict) else None
    return ref if isinstance(ref, str) else None
