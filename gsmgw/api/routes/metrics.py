"""/metrics, for Prometheus. Only events are counted all the time; all else is read when it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from fastapi import Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from gsmgw.api.context import Context
from gsmgw.api.dependencies import Ctx
from gsmgw.api.openapi import media
from gsmgw.api.routing import api_router
from gsmgw.dispatch import EventFeed
from gsmgw.model import Event, EventType, ModemState
from gsmgw.model.webhooks import WebhookState
from gsmgw.store import messages, webhooks
from gsmgw.store.webhooks import Webhook
from gsmgw.wire import resources

router = api_router("/metrics")

#: The values of a family's labels.
K = TypeVar("K", bound=tuple[str, ...])
#: Events that end a stage of a message, with its direction and outcome.
_OUTCOMES = {
    f"message.{outcome}": (direction, outcome)
    for direction, outcomes in (
        ("outbound", ("sent", "delivered", "undelivered", "failed", "expired", "canceled", "unknown")),
        ("inbound", ("received", "quarantined")),
    )
    for outcome in outcomes
}
#: Events that may tell of segments or babbling: few of them do.
_RARE = frozenset({EventType.MESSAGE_SENT, EventType.MESSAGE_SEGMENT_SENT, EventType.MODEM_BABBLING})
#: States that are always exported, so that a graph does not begin with the first failure.
_OPEN = ("scheduled", "queued", "sending", "unknown", "failed", "undelivered")


def is_segment_sent(event: Event) -> bool:
    """Return True if an event tells that the network accepted a segment. A message of one has only ``message.sent``."""
    if event.type == EventType.MESSAGE_SENT:
        return event.data.get("segments") == 1
    return event.type == EventType.MESSAGE_SEGMENT_SENT


class Tally:
    """Counts events since the start."""

    def __init__(self, feed: EventFeed) -> None:
        self.events: Counter[str] = Counter()
        self.outcomes: Counter[tuple[str, str, str]] = Counter()
        self.segments: Counter[str] = Counter()
        self.babbling: Counter[str] = Counter()
        feed.listen(self._count)

    def _count(self, events: Sequence[Event]) -> None:
        for event in events:
            self.events[event.type] += 1
            outcome = _OUTCOMES.get(event.type)
            if outcome is not None:
                self.outcomes[*outcome, event.modem or ""] += 1
            if event.type not in _RARE:
                continue
            if is_segment_sent(event):
                self.segments[event.modem or ""] += 1
            if event.type == EventType.MODEM_BABBLING:
                self.babbling[event.modem or ""] += 1


@dataclass(frozen=True, slots=True)
class _Figures:
    """Figures from the database."""

    counts: Mapping[str, int]
    oldest_ms: int | None
    hooks: Sequence[Webhook]
    pending: Mapping[str, int]
    fleet: resources.Fleet


class _Gateway(Collector):
    """The figures of one scrape."""

    def __init__(self, ctx: Context, tally: Tally, figures: _Figures) -> None:
        self._ctx, self._tally, self._figures = ctx, tally, figures

    def collect(self) -> Iterator[Metric]:
        """All families."""
        ctx, figures = self._ctx, self._figures
        yield InfoMetricFamily("gsmgw_build", "Version of the gateway", {"version": ctx.version})
        yield _gauge("gsmgw_start_time_seconds", "Start time of the process, Unix seconds", ctx.started_ms / 1000)
        yield from self._messages(figures)
        yield from self._modems()
        yield _gauge("gsmgw_commit_seconds", "Duration of recent commits", ctx.store.commit_s)
        kept = ctx.database_trouble() is None
        yield _gauge("gsmgw_database_ok", "1 if the database saves what is written", float(kept))
        yield CounterMetricFamily(
            "gsmgw_database_faults", "Operations that the database refused for good", ctx.store.faults
        )
        yield _gauge("gsmgw_database_bytes", "Size of the database with its write-ahead log", size_of(ctx))
        types = {(type,): count for type, count in self._tally.events.items()}
        yield _counter("gsmgw_events", "Events since the start", ("type",), types)
        failures = {(task,): count for task, count in ctx.task_failures.items()}
        yield _counter("gsmgw_task_failures", "Tasks that failed and were restarted", ("task",), failures)
        rows = {(table,): count for table, count in ctx.store.unreadable.counts.items()}
        yield _counter("gsmgw_unreadable_rows", "Rows of the database that could not be decoded", ("table",), rows)
        yield _gauge("gsmgw_event_last_id", "ID of the newest event", ctx.feed.last_id)
        yield from self._targets()
        yield from self._fleet()

    def _messages(self, figures: _Figures) -> Iterator[Metric]:
        open_ones = {(status,): figures.counts.get(status, 0) for status in _OPEN}
        yield _gauges("gsmgw_messages", "Outbound messages in each state that is not final", ("status",), open_ones)
        now_ms = self._ctx.clock.wall_ms()
        age_s = 0.0 if figures.oldest_ms is None else max(0.0, (now_ms - figures.oldest_ms) / 1000)
        yield _gauge("gsmgw_queue_oldest_seconds", "Age of the oldest queued message", age_s)
        labels = ("direction", "outcome", "modem")
        yield _counter("gsmgw_messages_passed", "Outcomes of messages since the start", labels, self._tally.outcomes)
        segments = {(modem,): count for modem, count in self._tally.segments.items()}
        yield _counter("gsmgw_segments_sent", "Segments sent since the start", ("modem",), segments)

    def _modems(self) -> Iterator[Metric]:
        known = [modem.status for modem in self._ctx.modems.values()]
        states = Counter(status.state for status in known)
        yield _gauges("gsmgw_modems", "Modems in each state", ("state",), {(s.value,): states[s] for s in ModemState})
        ready = {(status.name,): status.state is ModemState.READY for status in known}
        yield _gauges("gsmgw_modem_ready", "1 if the modem is ready", ("modem",), ready)
        babbling = {(status.name,): self._tally.babbling[status.name] for status in known}
        yield _counter(
            "gsmgw_modem_babbling",
            "Times that it sent too many lines",
            ("modem",),
            babbling,
        )
        signal = {(status.name,): status.signal_dbm for status in known if status.signal_dbm is not None}
        yield _gauges("gsmgw_modem_signal_dbm", "Signal strength", ("modem",), signal)
        heat = {(status.name,): status.temperature_c for status in known if status.temperature_c is not None}
        yield _gauges("gsmgw_modem_temperature_celsius", "Temperature of the modem", ("modem",), heat)
        supply = {(status.name,): status.voltage_mv / 1000 for status in known if status.voltage_mv is not None}
        yield _gauges("gsmgw_modem_voltage_volts", "Supply voltage", ("modem",), supply)
        for word in ("used", "total"):
            places = {
                (status.name, storage): getattr(use, word)
                for status in known
                for storage, use in status.storage.items()
            }
            yield _gauges(f"gsmgw_modem_storage_{word}", f"Message storage {word}", ("modem", "storage"), places)

    def _targets(self) -> Iterator[Metric]:
        found, label = self._figures.hooks, ("webhook",)
        active = {(hook.id,): hook.state is WebhookState.ACTIVE for hook in found}
        yield _gauges("gsmgw_webhook_active", "1 if the webhook is active", label, active)
        pending = {(hook.id,): self._figures.pending.get(hook.id, 0) for hook in found}
        yield _gauges("gsmgw_webhook_pending", "Open deliveries", label, pending)
        behind = {(hook.id,): self._ctx.webhooks.lag(hook) for hook in found}
        yield _gauges("gsmgw_webhook_behind", "Webhook backlog, events", label, behind)
        lags = {(name,): lag for name, lag in self._ctx.hooks.lags().items()}
        yield _gauges("gsmgw_hook_behind", "Hook backlog, events", ("hook",), lags)
        states, label = self._ctx.bridges(), ("bridge",)
        behind = {(each["name"],): each["behind"] for each in states if each["behind"] is not None}
        yield _gauges("gsmgw_bridge_behind", "Bridge backlog, events", label, behind)
        dropped = {(each["name"],): each["dropped"] for each in states if each["dropped"] is not None}
        yield _counter("gsmgw_bridge_dropped", "Events that a bridge gave up since the start", label, dropped)

    def _fleet(self) -> Iterator[Metric]:
        """The fleet; a gateway that is in none has nothing of it."""
        fleet = self._figures.fleet
        if not fleet["hub"] and fleet["node"] is None:
            return
        yield _gauge("gsmgw_fleet_connected", "1 if connected to the NATS server", float(fleet["connected"]))
        text = "Jobs that came to this node again, or that this hub has published again, since the start"
        yield _counter("gsmgw_fleet_redeliveries", text, (), {(): fleet["redeliveries"] or 0})
        if not fleet["hub"]:
            return
        nodes, now_s = fleet["nodes"], self._ctx.clock.wall_ms() / 1000
        silent = sum(node["silent"] for node in nodes)
        states = {("connected",): len(nodes) - silent, ("silent",): silent}
        yield _gauges("gsmgw_fleet_nodes", "Nodes in each state", ("state",), states)
        heard = {
            (node["name"],): max(0.0, now_s - datetime.fromisoformat(node["heard_at"]).timestamp())
            for node in nodes
            if node["heard_at"] is not None
        }
        yield _gauges("gsmgw_fleet_node_heard_seconds", "Time since the node was heard of", ("node",), heard)
        jobs = {(node["name"], "waiting"): node["waiting"] - node["begun"] for node in nodes}
        jobs |= {(node["name"], "begun"): node["begun"] for node in nodes}
        yield _gauges("gsmgw_fleet_jobs", "Messages that the node has in each state", ("node", "state"), jobs)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


def _gauges(name: str, text: str, labels: Sequence[str], values: Mapping[K, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, float(value))
    return family


def _counter(name: str, text: str, labels: Sequence[str], values: Mapping[K, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, float(value))
    return family


def size_of(ctx: Context) -> int:
    """Return the size of the database with its write-ahead log, bytes."""
    size = 0
    for suffix in ("", "-wal"):
        try:
            size += ctx.store.path.with_name(ctx.store.path.name + suffix).stat().st_size
        except OSError:
            continue
    return size


@router.get("", response_class=Response, responses=media("text/plain", "application/openmetrics-text"))
async def metrics(ctx: Ctx, request: Request) -> Response:
    """Show metrics for Prometheus, in its text format or as OpenMetrics."""
    figures = _Figures(
        await ctx.store.read(messages.counts),
        await ctx.store.read(messages.oldest_queued_ms),
        await ctx.store.read(webhooks.all_webhooks),
        await ctx.store.read(webhooks.count_open),
        await ctx.fleet.state(),
    )
    registry = CollectorRegistry()
    registry.register(_Gateway(ctx, request.app.state.tally, figures))
    ProcessCollector(registry=registry)
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), headers={"Content-Type": media_type})
