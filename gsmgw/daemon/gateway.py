"""The parts of a gateway, put together and run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gsmgw import __version__, sdnotify
from gsmgw.api import Access, Context, EventStreams, SocketUsers, create_apps
from gsmgw.audience.privacy import Privacy
from gsmgw.backup import as_resource, list_backups, make_scheduled
from gsmgw.bridges import BRIDGES
from gsmgw.clock import SystemClock
from gsmgw.config import Config, ModemSection
from gsmgw.daemon import event_lines, memory
from gsmgw.daemon.api_servers import ApiServers, TcpLater
from gsmgw.daemon.bridges import BridgeParts, Bridges
from gsmgw.daemon.configuration import configuration
from gsmgw.daemon.conversation_log import ConversationLog
from gsmgw.daemon.guard import DatabaseGuard
from gsmgw.daemon.live_settings import LiveSettings
from gsmgw.daemon.modem_history import INTERVAL_S, ModemHistory
from gsmgw.daemon.modem_names import ModemNames
from gsmgw.daemon.pins import Pins
from gsmgw.daemon.queue_end import QueueEnd
from gsmgw.daemon.reloading import Reloaded, Reloader
from gsmgw.daemon.settings import (
    defaults_of,
    keep_rules,
    limit_use,
    limits_of,
    prices_of,
    route_table,
    sending_times,
)
from gsmgw.daemon.sink import Sink
from gsmgw.daemon.two_way import TwoWay
from gsmgw.dispatch import Arrivals, EventFeed, Hooks, Indexer, Retention, Rollups, TextExpiry, Webhooks
from gsmgw.errors import StoreError, StoreUnavailable
from gsmgw.http.origins import Proxies, networks_of
from gsmgw.http.tls import Certificates
from gsmgw.imeilinks import ImeiLinks
from gsmgw.inbound import Collector
from gsmgw.model.events import TaskFailed
from gsmgw.modem import Finder, Modem, TranscriptRows
from gsmgw.modem.profiles.overlay import profiles_of
from gsmgw.outbound import MessageService, Scheduler
from gsmgw.store import Store, Tx, modem_names
from gsmgw.supervisor import Child, Supervisor
from gsmgw.wire import resources
from gsmgw.wire.modems import history_resource, modem_resource

log = logging.getLogger(__name__)


class Gateway:
    """All parts of a running gateway. Raises :class:`gsmgw.errors.ConfigError` if a profile does not exist."""

    store: Store
    collector: Collector
    scheduler: Scheduler
    service: MessageService
    two_way: TwoWay
    privacy: Privacy
    webhooks: Webhooks
    hooks: Hooks
    bridges: Bridges
    indexer: Indexer
    access: Access
    retention: Retention
    rollups: Rollups

    def __init__(self, config: Config, config_file: Path | None = None, log_level: str | None = None) -> None:
        self.config = config
        self.config_file = config_file
        self.clock = SystemClock()
        self.feed = EventFeed()
        self.guard = DatabaseGuard(config.database, self.clock, self.feed)
        self.modems: dict[str, Modem] = {}
        self.modem_names = ModemNames(self.modems)
        self.limits: dict[str, dict[str, Any]] = {}
        self.history = ModemHistory(self.clock, self.modems)
        self._profiles = profiles_of(config)
        self.links = ImeiLinks(config.gateway.socket.parent / "by-imei")
        self.supervisor = Supervisor(self.clock, self._task_failed)
        self._conversations = ConversationLog(numbers=config.gateway.log_numbers)
        self._log_level = log_level
        self._users = SocketUsers(config.api.users, config.api.session_users)
        self._proxies = Proxies(networks_of(config.api.trusted_proxies))
        self._reloader = Reloader(config, self._apply)
        self._serving = False

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Open the database and put the parts together; nothing runs yet."""
        settings = self.config.gateway
        self.store = await Store.open(self.config.database, self.feed.publish)
        try:
            await self.feed.attach(self.store)
            self.feed.listen(event_lines.log_events)
            await self.guard.examine(self.store)
            table = route_table(self.config)
            self.scheduler = Scheduler(
                self.store,
                self.clock,
                unknown_grace_s=settings.unknown_grace_s,
                table=table,
                times=sending_times(self.config),
                pool_limits={pool.name: limits_of(pool.limits) for pool in self.config.pool},
                keep=self.supervisor.keep,
            )
            self.service = MessageService(
                self.store, self.clock, self.scheduler, lambda: self.modem_names, defaults_of(self.config), table
            )
            self.two_way = TwoWay(
                lambda: self.config,
                self.store,
                self.clock,
                self.feed,
                self.service,
                self.scheduler,
                self.modem_names,
                self._own_numbers,
            )
            await self.two_way.prepare()
            self.privacy = Privacy(
                self.store,
                self.clock,
                self.service,
                self.two_way.drips,
                self.feed.drop_mentions,
                has_nodes=self.config.fleet.url is not None and self.config.fleet.hub,
            )
            self.collector = Collector(
                self.store,
                self.clock,
                incomplete_after_s=settings.incomplete_after_s,
                own_number=self._own_number,
                on_unmatched_report=self.scheduler.report_unmatched,
                on_queued=self.scheduler.offer,
                on_received=self.two_way.consent.receiver,
            )
            self._sink = Sink(self.store, self.clock, self.collector, self.scheduler, self.links, self.modems)
            self.webhooks = Webhooks(
                self.store,
                self.clock,
                self.feed,
                self.config.webhooks,
                f"gsmgw/{__version__}",
                dialects={bridge.name: bridge.make_dialect(self.config.compat) for bridge in BRIDGES},
                callback_allow=self.config.compat.callback_allow,
            )
            self.access = Access(self.store, self.clock, self.config.api.requests_per_minute)
            self.indexer = Indexer(self.store, self.clock, self.feed, keep_rules(self.config))
            self.rollups = Rollups(self.store, self.clock, self.feed, prices_of(self.config))
            self.retention = Retention(self.store, self.clock, self.config.retention)
            self.hooks = Hooks(self.store, self.clock, self.feed, self.config.hook, settings.socket)
            self.bridges = Bridges(self._bridge_parts())
            await self.bridges.open()
            self._finder = Finder(self.config, self.clock, self._add_modem, name_of=self._name_of)
            for section in self.config.modem:
                self._add_modem(section)
            yield
        finally:
            self.links.close()
            await self.two_way.close()
            await self.collector.close()
            await self.store.close()
            await asyncio.to_thread(self.guard.note, flush=True)

    def _add_modem(self, section: ModemSection) -> None:
        pins = Pins(self.store, self.clock)
        modem = Modem(
            section,
            self._sink,
            self.clock,
            pin_guard=pins,
            profiles=self._profiles,
            locate=self._finder.locate,
            second_of=self._finder.second_of,
            others_wait=lambda: self.scheduler.has_untried(section.name),
        )
        self.modems[section.name] = modem
        self._conversations.add(modem)
        self.limits[section.name] = section.limits.model_dump(exclude_defaults=True)
        self.scheduler.attach(modem, limits_of(section.limits), section.weight)
        if self._serving:
            self.supervisor.start(f"modem {section.name}", modem.run)

    async def _name_of(self, stick: str, candidates: Sequence[str], taken: Collection[str]) -> str:
        return await self.store.write(lambda tx: modem_names.name_of(tx, stick, candidates, taken))

    def _own_numbers(self) -> set[str]:
        """The numbers of the SIMs, as far as they are known."""
        return {modem.status.number for modem in self.modems.values() if modem.status.number is not None}

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
        tcp_later: TcpLater | None = None,
    ) -> None:
        """Serve until ``stop``; then let the segments that are with a modem finish.

        Who may open ``sockets`` is trusted; who comes through ``tcp_sockets`` needs a token, and speaks TLS where
        there are ``certificates``. ``tcp_later`` waits for such sockets where there are none yet.
        """
        streams = EventStreams(self.feed, self.store)
        apps = create_apps(self._context(streams), self._users, self._proxies, self.bridges.mounts())
        await self.scheduler.begin()
        async with asyncio.TaskGroup() as group, self.supervisor:
            servers = ApiServers(apps, self.config.api, self._proxies, group)
            servers.serve_unix(sockets)
            if tcp_sockets:
                servers.serve_tcp(tcp_sockets, certificates)
            queue = group.create_task(self.supervisor.keep("queue", self.scheduler.run), name="queue")
            self._start_upkeep(streams)
            self._start_modems()
            if tcp_later is not None:
                self.supervisor.start("tcp listener", partial(servers.serve_tcp_later, tcp_later))
            await servers.are_listening()
            on_ready()
            await stop.wait()
            await self._finish(queue)
            self.supervisor.cancel()
            servers.stop()

    async def reload(self) -> Reloaded | None:
        """Read the configuration again and apply what can change; None without a file.

        Raises :class:`gsmgw.errors.ConfigError` for a file that is not valid, and changes nothing then.
        """
        return None if self.config_file is None else await self._reloader.reload(self.config_file)

    async def _apply(self, config: Config, keys: Collection[str]) -> None:
        self.config = config
        live = LiveSettings(
            service=self.service,
            consent=self.two_way.consent,
            scheduler=self.scheduler,
            webhooks=self.webhooks,
            hooks=self.hooks,
            retention=self.retention,
            indexer=self.indexer,
            rollups=self.rollups,
            access=self.access,
            users=self._users,
            proxies=self._proxies,
            supervisor=self.supervisor,
            conversations=self._conversations,
            limits=self.limits,
            add_modem=self._add_modem,
            log_level=self._log_level,
        )
        await live.apply(config, keys)

    async def _finish(self, queue: asyncio.Task[None]) -> None:
        """Let the messages in transmission finish, and leave the modems."""
        log.info("stopping: messages in transmission are finished, the rest stays queued")
        self.scheduler.stop()
        _, late = await asyncio.wait({queue}, timeout=self.config.gateway.stop_timeout_s)
        if late:
            log.warning("a message is still in transmission after %s s", self.config.gateway.stop_timeout_s)
            queue.cancel()
        await asyncio.gather(*(modem.leave() for modem in self.modems.values()))
        self._serving = False

    def _context(self, streams: EventStreams) -> Context:
        """Return the objects that the routes of the API use."""
        two_way = self.two_way
        return Context(
            store=self.store,
            clock=self.clock,
            service=self.service,
            consent=two_way.consent,
            audience=two_way.audience,
            privacy=self.privacy,
            questions=two_way.questions,
            rules=two_way.rules,
            campaigns=two_way.campaigns,
            drips=two_way.drips,
            collector=self.collector,
            feed=self.feed,
            streams=streams,
            webhooks=self.webhooks,
            hooks=self.hooks,
            indexer=self.indexer,
            rollups=self.rollups,
            patterns=two_way.patterns,
            arrivals=Arrivals(self.store, self.clock, self.feed, two_way.patterns),
            access=self.access,
            modems=self.modems,
            modem_names=self.modem_names,
            pools=self._pools(),
            discovers=self.config.modems.discover,
            modem_resource=self._modem_resource,
            modem_history=lambda name: history_resource(self.history.of(name), INTERVAL_S),
            queue_done_ms=QueueEnd(self.store, self.clock, self.scheduler, self.modem_names).after_ms,
            version=__version__,
            country=lambda: self.config.gateway.country,
            currency=lambda: self.config.gateway.currency,
            prices=lambda: prices_of(self.config),
            started_ms=self.clock.wall_ms(),
            trouble=lambda: self._database_trouble() or self.supervisor.trouble,
            database_trouble=self._database_trouble,
            task_failures=self.supervisor.failures,
            database_loss=self.guard.loss,
            make_backup=self._make_backup,
            list_backups=self._list_backups,
            reload=self.reload,
            configuration=lambda: configuration(self.config, self.config_file, self._log_level),
            addresses=self._addresses,
            bridges=self.bridges.states,
            fleet=self.bridges.fleet,
            transcript=lambda masked: TranscriptRows(masked=masked).feed,
        )

    def _pools(self) -> dict[str, frozenset[str]]:
        return {pool.name: frozenset(pool.modems) for pool in self.config.pool}

    def _modem_resource(self, name: str) -> resources.Modem:
        return modem_resource(self.modems[name].status, self.limits.get(name, {}), self._usage(name), self._pools())

    def _usage(self, name: str) -> list[resources.LimitUse]:
        """Return how much of each limit of a modem is used."""
        return [limit_use(each) for each in self.scheduler.allowances(name)]

    def _addresses(self) -> resources.ApiAddresses:
        """Return where programs reach the API."""
        api = self.config.api
        return {"socket": str(self.config.gateway.socket), "listen": api.listen, "tls": api.tls_cert is not None}

    def _bridge_parts(self) -> BridgeParts:
        """Return the objects that the bridges use."""
        return BridgeParts(
            config=self.config,
            store=self.store,
            clock=self.clock,
            feed=self.feed,
            service=self.service,
            audience=self.two_way.audience,
            privacy=self.privacy,
            access=self.access,
            webhooks=self.webhooks,
            modems=self.modems,
            pools=lambda: self._pools().keys(),
            usage=self._usage,
            trouble=self._database_trouble,
            country=lambda: self.config.gateway.country,
            scheduler=self.scheduler,
            on_received=self.two_way.consent.receiver,
            modem_names=self.modem_names,
        )

    def _start_upkeep(self, streams: EventStreams) -> None:
        """Start what runs beside the queue. A failure of one is its own: it alone is started again."""
        parts: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            ("inbox upkeep", self.collector.run),
            ("webhooks", self.webhooks.run),
            ("hooks", self.hooks.run),
            *self.two_way.tasks(),
            *self.bridges.tasks(),
            ("search index", self.indexer.run),
            ("statistics", self.rollups.run),
            ("text expiry", TextExpiry(self.store, self.clock).run),
            ("retention", self.retention.run),
            ("event streams", streams.run),
            ("history of modems", self.history.run),
            ("watchdog", self._watchdog),
            ("garbage collection", partial(memory.keep_settled, self.clock)),
            ("database guard", partial(self.guard.run, self.store)),
        )
        for name, run in parts:
            self.supervisor.start(name, run)

    def _start_modems(self) -> None:
        """Start the modems that are configured, and the search for others."""
        self._serving = True
        for modem in self.modems.values():
            self.supervisor.start(f"modem {modem.name}", modem.run)
        if self.config.modems.discover or any(section.match is not None for section in self.config.modem):
            self.supervisor.start("finder", self._finder.run)

    def _task_failed(self, child: Child) -> None:
        """Record that a task failed and is started again."""
        now_ms, failure = self.clock.wall_ms(), f"{type(child.cause).__name__}: {child.cause}"
        written = self.store.write(
            lambda tx: tx.event(now_ms, TaskFailed(task=child.name, error=failure, restarts=child.restarts))
        )
        written.add_done_callback(_log_failure)

    def _database_trouble(self) -> str | None:
        """Return why what is written now is not kept, in a sentence."""
        return self.store.trouble or self.guard.trouble

    def _make_backup(self) -> dict[str, Any]:
        config = self.config
        path, manifest = make_scheduled(config.database, self.config_file, config.backups, config.backup.keep)
        return as_resource(manifest, path)

    def _list_backups(self) -> list[dict[str, Any]]:
        return [entry.as_resource() for entry in list_backups(self.config.backups)]

    async def _watchdog(self) -> None:
        """Tell systemd that the database and the queue answer, as often as it wants to hear it."""
        interval_s = sdnotify.watchdog_interval_s()
        while interval_s is not None:
            try:
                async with asyncio.timeout(interval_s):
                    with contextlib.suppress(StoreUnavailable):  # a restart does not help against a full disk
                        await self.store.write(_nothing)
                    await self.scheduler.answer()
                sdnotify.notify("WATCHDOG=1")
            except (TimeoutError, StoreError) as exc:
                log.error("the database or the queue does not answer: %s", exc or "in time")
            await self.clock.sleep(interval_s / 2)


def _nothing(tx: Tx) -> None:
    """An operation that shows that transactions come through."""


def _log_failure(written: asyncio.Future[None]) -> None:
    if not written.cancelled() and (failure := written.exception()) is not None:
        log.error("the failure of a task could not be recorded: %s", failure)
