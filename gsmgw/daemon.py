"""The composition root: the only place that knows the concrete classes of all layers."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import re
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gsmgw import __version__, sdnotify
from gsmgw.api import Access, Context, Streams, create_apps
from gsmgw.api.protocol import Bounds
from gsmgw.api.server import bind_tcp, bind_unix, close_all, make_server
from gsmgw.api.tls import Certificates
from gsmgw.backup import as_resource, list_backups, make_scheduled
from gsmgw.clock import SystemClock
from gsmgw.config import Config, LimitsSection, ModemSection
from gsmgw.dispatch import EventFeed, Hooks, Indexer, Keys, Retention, Webhooks
from gsmgw.errors import ConfigError, StoreError
from gsmgw.imeilinks import ImeiLinks
from gsmgw.inbound import Collector
from gsmgw.model import CopyFate, ModemState, ModemStatus, OnUnknown, Outgoing, Priority
from gsmgw.modem import Finder, Modem, format_piece, mask
from gsmgw.outbound import Intake, Limits, RouteTable, Rule, Scheduler, SendingTimes, Window, to_modem, to_pool
from gsmgw.ports import RawPdu
from gsmgw.store import Store, Tx, copies, evidence, requests
from gsmgw.supervisor import Supervisor

log = logging.getLogger(__name__)

#: Descriptors that the process may have open, where the system lets it.
DESCRIPTORS = 65_536


class _Sink:
    """What the modems report to: hands on to the inbox, the queue and the event log."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._states: dict[str, ModemState] = {}

    async def take_pdu(self, raw: RawPdu) -> None:
        """A PDU was received; it is on disk when this returns."""
        await self._gateway.collector.take(raw)

    async def take_copies(self, raws: list[RawPdu]) -> list[CopyFate]:
        """Submissions lie in a modem's storage: what they say about texts in doubt is on disk when this returns."""
        gateway = self._gateway
        now_ms, found = gateway.clock.wall_ms(), [_copy(raw) for raw in raws]
        judged = await gateway.store.write(lambda tx: copies.judge(tx, now_ms, [copy for copy in found if copy]))
        gateway.scheduler.offer(judged.queued)
        fates = iter(judged.fates)
        return [next(fates) if copy else CopyFate.FOREIGN for copy in found]

    def pdu_released(self, raw: RawPdu) -> None:
        """The modem forgot it."""
        self._gateway.collector.released(raw)

    def reference_read(self, modem: str, sim: str, reference: int, *, serving: bool) -> None:
        """A SIM says which reference it gave last."""
        now_ms = self._gateway.clock.wall_ms()
        self._settle(lambda tx: evidence.recorded(tx, now_ms, sim, reference, learn=serving))

    def modem_changed(self, status: ModemStatus) -> None:
        """A modem's state or what is known about it changed."""
        previous = self._states.get(status.name)
        if status.state is not previous:
            self._states[status.name] = status.state
            log.info("%s is %s: %s", status.name, status.state, status.detail)
            self._note(
                "modem.state_changed",
                status.name,
                {"state": status.state.value, "previous": previous and previous.value, "detail": status.detail},
            )
        self._gateway.links.show(status)
        self._gateway.scheduler.modem_changed(status)

    def modem_event(self, modem: str, type: str, data: dict[str, object]) -> None:
        """Something worth an event happened."""
        if type == "submit.late":
            self._late_answer(modem, data.get("reference"))
        self._note(type, modem, data)

    def _late_answer(self, modem: str, reference: object) -> None:
        """The modem confirmed a segment after it had been given up: that is evidence."""
        gateway, handle = self._gateway, self._gateway.modems.get(modem)
        if handle is None or not isinstance(reference, int):
            return
        now_ms, sim = gateway.clock.wall_ms(), handle.status.sim
        self._settle(lambda tx: evidence.late_answer(tx, now_ms, sim, reference))

    def _settle(self, operation: Callable[[Tx], list[Outgoing]]) -> None:
        """Record evidence, and offer the messages that are queued again by it."""

        def settled(written: asyncio.Future[list[Outgoing]]) -> None:
            if not written.cancelled() and written.exception() is None:
                self._gateway.scheduler.offer(written.result())

        self._gateway.store.write(operation).add_done_callback(settled)

    def _note(self, type: str, modem: str, data: dict[str, object]) -> None:
        now_ms = self._gateway.clock.wall_ms()
        written = self._gateway.store.write(lambda tx: tx.event(now_ms, type, None, modem, **data))
        written.add_done_callback(_log_failure)


class _Pins:
    """PINs that a SIM refused, remembered across restarts."""

    def __init__(self, store: Store, clock: SystemClock) -> None:
        self._store = store
        self._clock = clock

    async def failed(self, sim: str, fingerprint: str) -> None:
        """It is about to be tried: until it is accepted it counts as refused."""
        now_ms = self._clock.wall_ms()
        await self._store.write(lambda tx: requests.refuse_pin(tx, now_ms, sim, fingerprint))

    async def accepted(self, sim: str, fingerprint: str) -> None:
        """The SIM took it after all."""
        await self._store.write(lambda tx: requests.forgive_pin(tx, sim, fingerprint))

    async def is_refused(self, sim: str, fingerprint: str) -> bool:
        """Whether the SIM refused it before."""
        return await self._store.write(lambda tx: requests.is_refused_pin(tx, sim, fingerprint))


class Gateway:
    """All parts of a running gateway."""

    store: Store
    collector: Collector
    scheduler: Scheduler
    intake: Intake
    webhooks: Webhooks
    hooks: Hooks
    indexer: Indexer
    access: Access
    retention: Retention

    def __init__(self, config: Config, config_file: Path | None = None) -> None:
        self.config = config
        self.config_file = config_file
        self.clock = SystemClock()
        self.feed = EventFeed()
        self.modems: dict[str, Modem] = {}
        self.limits: dict[str, dict[str, Any]] = {}
        self.links = ImeiLinks(config.gateway.socket.parent / "by-imei")
        self._supervisor: Supervisor | None = None
        self._sink = _Sink(self)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Open the database and put the parts together; nothing runs yet."""
        settings = self.config.gateway
        self.store = await Store.open(self.config.database, self.feed.publish)
        try:
            await self.feed.attach(self.store)
            table = _route_table(self.config)
            self.scheduler = Scheduler(
                self.store,
                self.clock,
                unknown_grace_s=settings.unknown_grace_s,
                table=table,
                times=_sending_times(self.config),
                pool_limits={pool.name: _limits(pool.limits) for pool in self.config.pool},
            )
            self.collector = Collector(
                self.store,
                self.clock,
                incomplete_after_s=settings.incomplete_after_s,
                own_number=self._own_number,
                on_unmatched_report=self.scheduler.report_unmatched,
                on_queued=self.scheduler.offer,
            )
            self.intake = Intake(
                self.store,
                self.clock,
                self.scheduler.offer,
                lambda: self.modems.keys(),
                table=table,
                country=settings.country,
                valid_for_s=settings.valid_for,
                report=settings.delivery_report,
                on_unknown=OnUnknown(settings.on_unknown),
                on_unknown_of={client.name: OnUnknown(client.on_unknown) for client in self.config.client},
            )
            self.webhooks = Webhooks(
                self.store, self.clock, self.feed, self.config.webhooks, f"gsmgw/{__version__}", keys=_keys(self.config)
            )
            self.access = Access(self.store, self.clock, self.config.api.requests_per_minute)
            self.indexer = Indexer(self.store, self.clock, self.feed)
            self.retention = Retention(self.store, self.clock, self.config.retention)
            self.hooks = Hooks(self.store, self.clock, self.feed, self.config.hook, settings.socket)
            self._finder = Finder(self.config, self.clock, self._add_modem)
            for section in self.config.modem:
                self._add_modem(section)
            yield
        finally:
            self.links.close()
            self.feed.close()
            await self.store.close()

    def _add_modem(self, section: ModemSection) -> None:
        pins = _Pins(self.store, self.clock)
        modem = Modem(
            section,
            self._sink,
            self.clock,
            pin_guard=pins,
            locate=self._finder.locate,
            second_of=self._finder.second_of,
        )
        self.modems[section.name] = modem
        self.limits[section.name] = section.limits.model_dump(exclude_defaults=True)
        self.scheduler.attach(modem, _limits(section.limits), section.weight)
        if self._supervisor is not None:
            self._supervisor.start(f"modem {section.name}", modem.run)

    def _own_number(self, name: str) -> str | None:
        modem = self.modems.get(name)
        return modem.status.number if modem is not None else None

    async def run(
        self,
        sockets: list[socket.socket],
        stop: asyncio.Event,
        on_ready: Callable[[], None],
        tcp_sockets: Sequence[socket.socket] = (),
        certificates: Certificates | None = None,
    ) -> None:
        """Serve until ``stop``; then let the segments that are on the air finish.

        Who may open ``sockets`` is trusted; who comes through ``tcp_sockets`` needs a token, and speaks TLS where
        there are ``certificates``.
        """
        streams = Streams(self.feed, self.store)
        context = Context(
            store=self.store,
            clock=self.clock,
            intake=self.intake,
            collector=self.collector,
            scheduler=self.scheduler,
            feed=self.feed,
            streams=streams,
            webhooks=self.webhooks,
            hooks=self.hooks,
            indexer=self.indexer,
            access=self.access,
            compat=self.config.compat,
            modems=self.modems,
            pools={pool.name: frozenset(pool.modems) for pool in self.config.pool},
            limits=self.limits,
            version=__version__,
            valid_for_s=self.config.gateway.valid_for,
            country=self.config.gateway.country,
            started_ms=self.clock.wall_ms(),
            is_ready=lambda: self.store.trouble,
            make_backup=self._make_backup,
            list_backups=self._list_backups,
            transcript_line=_transcript_line,
        )
        api = self.config.api
        apps = create_apps(context, api.users)
        bounds = Bounds(
            api.max_connections,
            api.request_timeout_s,
            body_s=min(Bounds().body_s, api.request_timeout_s),
            stall_s=api.stall_timeout_s,
        )
        servers = {make_server(apps.socket, bounds): sockets}
        if tcp_sockets:
            servers[make_server(apps.tcp, bounds, certificates)] = list(tcp_sockets)
        await self.scheduler.begin()
        async with asyncio.TaskGroup() as group:
            for server, listeners in servers.items():
                group.create_task(server.serve(listeners), name="api")
            queue = group.create_task(self.scheduler.run(), name="queue")
            helpers = [
                group.create_task(self.collector.run(), name="inbox upkeep"),
                group.create_task(self.webhooks.run(), name="webhooks"),
                group.create_task(self.hooks.run(), name="hooks"),
                group.create_task(self.indexer.run(), name="search index"),
                group.create_task(self.retention.run(), name="retention"),
                group.create_task(streams.run(), name="event streams"),
                group.create_task(self._watchdog(), name="watchdog"),
                group.create_task(self._run_modems(), name="modems"),
            ]
            for server in servers:
                await server.listening.wait()
            on_ready()
            await stop.wait()
            log.info("stopping: the messages on the air are finished, the rest stays queued")
            self.scheduler.stop()
            _, late = await asyncio.wait({queue}, timeout=self.config.gateway.stop_timeout_s)
            if late:
                log.warning("a message is still on the air after %s s", self.config.gateway.stop_timeout_s)
                queue.cancel()
            for helper in helpers:
                helper.cancel()
            self.feed.close()
            for server in servers:
                server.should_exit = True

    def _make_backup(self) -> dict[str, Any]:
        config = self.config
        path, manifest = make_scheduled(config.database, self.config_file, config.backups, config.backup.keep)
        return as_resource(manifest, path)

    def _list_backups(self) -> list[dict[str, Any]]:
        return [entry.as_resource() for entry in list_backups(self.config.backups)]

    async def _run_modems(self) -> None:
        """Run the modems that are configured, and those that are found. A fault in one is that one's alone."""
        async with Supervisor(self.clock) as self._supervisor:
            for modem in self.modems.values():
                self._supervisor.start(f"modem {modem.name}", modem.run)
            if self.config.modems.discover or any(section.match is not None for section in self.config.modem):
                self._supervisor.start("finder", self._finder.run)
            await asyncio.Event().wait()

    async def _watchdog(self) -> None:
        """Tell systemd that the database and the queue answer, as often as it wants to hear it."""
        interval_s = sdnotify.watchdog_interval_s()
        while interval_s is not None:
            try:
                async with asyncio.timeout(interval_s):
                    await self.store.write(_nothing)
                    await self.scheduler.answer()
                sdnotify.notify("WATCHDOG=1")
            except (TimeoutError, StoreError) as exc:
                log.error("the database or the queue does not answer: %s", exc or "in time")
            await self.clock.sleep(interval_s / 2)


def _copy(raw: RawPdu) -> copies.Copy | None:
    """A stored submission as the evidence wants it; None for one that cannot be read."""
    try:
        octets = bytes.fromhex(raw.pdu)
    except ValueError:
        return None
    tpdu = octets[1 + octets[0] :] if octets else b""
    if not tpdu or raw.index is None or raw.stored_status is None:
        return None
    return copies.Copy(raw.sim, raw.storage or "", raw.index, raw.stored_status, tpdu)


def _transcript_line(seconds: float, direction: str, data: bytes, masked: bool) -> str:
    line = format_piece(seconds, direction, data)
    return mask(line) if masked else line


def _limits(section: LimitsSection) -> Limits:
    return Limits(
        windows=section.windows(),
        by_message=section.count == "messages",
        urgent_reserve=section.urgent_reserve,
        recipients_per_day=section.recipients_per_day,
        min_gap_s=section.min_gap_s,
        gap_jitter_s=section.gap_jitter_s,
    )


def _keys(config: Config) -> Keys:
    compat = config.compat
    return Keys(compat.smsgate_signing_key, compat.twilio_account_sid or "", compat.twilio_auth_token or "")


def _route_table(config: Config) -> RouteTable:
    rules = [
        Rule(
            to_modem(route.modem) if route.modem is not None else to_pool(route.pool or ""),
            prefix=route.prefix,
            country=route.country,
            tag=route.tag,
            client=route.client,
            pattern=None if route.pattern is None else re.compile(route.pattern),
        )
        for route in config.route
    ]
    return RouteTable(rules, {pool.name: frozenset(pool.modems) for pool in config.pool})


def _sending_times(config: Config) -> SendingTimes:
    section, hours = config.times, config.times.window()
    return SendingTimes(
        window=None if hours is None else Window(*hours),
        days=section.weekdays(),
        holidays=frozenset(section.holidays),
        classes=frozenset(Priority[name.upper()] for name in section.classes),
    )


def _nothing(tx: Tx) -> None:
    """An operation that shows that transactions come through."""


def _log_failure(written: asyncio.Future[None]) -> None:
    if not written.cancelled() and (failure := written.exception()) is not None:
        log.error("an event could not be noted: %s", failure)


@contextlib.contextmanager
def _single(state_dir: Path) -> Iterator[None]:
    """Hold the state directory: two gateways on one database would both send its queue."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o750)
        descriptor = os.open(state_dir / "gsmgw.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as exc:
        raise ConfigError("[gateway] state_dir", [f"{state_dir}: {exc.strerror}"]) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ConfigError("[gateway] state_dir", [f"another gsmgw uses {state_dir}"]) from None
    finally:
        os.close(descriptor)


async def _serve(config: Config, config_file: Path | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gateway = Gateway(config, config_file)
    sdnotify.notify(f"EXTEND_TIMEOUT_USEC={_OPENING_LIMIT_S * 1_000_000}", "STATUS=opening the database")
    async with gateway.open():
        listen = config.api.listen
        tcp_sockets = [bind_tcp(listen)] if listen is not None else []
        tls = config.api
        certificates = Certificates(tls.tls_cert, tls.tls_key) if tls.tls_cert and tls.tls_key else None
        sockets, own = sdnotify.listen_sockets(), None
        if str(config.gateway.socket) not in (passed.getsockname() for passed in sockets):
            own = config.gateway.socket
            sockets.append(bind_unix(own, int(config.gateway.socket_mode, 8), config.gateway.socket_group))
        try:
            await gateway.run(sockets, stop, partial(_announce, config), tcp_sockets, certificates)
        finally:
            sdnotify.notify("STOPPING=1")
            close_all([*sockets, *tcp_sockets], own)
    log.info("stopped")


def _allow_descriptors() -> None:
    """Many connections, modems and files at once: as many as the system lets, up to a bound."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _announce(config: Config) -> None:
    sdnotify.notify("READY=1", f"STATUS=serving {config.gateway.socket}")
    log.info("gsmgw %s serves %s", __version__, config.gateway.socket)


def run(config: Config, config_file: Path | None = None) -> None:
    """Run the gateway in the foreground until SIGTERM or SIGINT. Raises what keeps it from starting."""
    logging.basicConfig(
        level=config.gateway.log_level.upper(),
        format="%(levelname)s %(name)s: %(message)s" if "JOURNAL_STREAM" in os.environ else _LOG_FORMAT,
    )
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # its warnings are clients' faults, as many as they like
    _allow_descriptors()
    # What has been imported stays for good, and batches of 10 000 make garbage by the hundred thousand: without this
    # a quarter of the time to take one goes into looking for cycles that are not there.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    with _single(config.gateway.state_dir):
        asyncio.run(_serve(config, config_file))


#: An upgrade, or the check after a crash, reads the whole database: minutes on an SD card with millions of rows.
_OPENING_LIMIT_S = 1800

_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
