"""Messages between hub and nodes: jobs, events, descriptions of nodes. JSON objects; unknown fields are ignored."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gsmgw.bridges.fleet.fields import VERSION, Fields, job_name
from gsmgw.bridges.fleet.subjects import modem_name
from gsmgw.model import MessageRecord, ModemState, ModemStatus, OnUnknown, Outgoing, Purpose
from gsmgw.model.events import Json
from gsmgw.model.routes import ANY, Route
from gsmgw.outbound import Submission
from gsmgw.store.fleet_jobs import JobName
from gsmgw.store.inbox import Received
from gsmgw.wire.encoding import dumped


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


# -- jobs -----------------------------------------------------------------------------------------------------------


def job_payload(name: JobName, node: str, modem: str, message: Outgoing, now_ms: int) -> bytes:
    """Return a job: a message as the hub has it. ``modem`` is the full name of the one that was chosen.

    It names its node, so that no other one sends it, whoever copies it to another subject.

    The time that is left of the validity is told in seconds, for the clocks of gateways differ.
    """
    return dumped({"v": VERSION, "job": str(name), "node": node, "message": _outgoing_json(message, modem, now_ms)})


def _outgoing_json(message: Outgoing, modem: str, now_ms: int) -> dict[str, Json]:
    # Where the route leaves the choice to the gateway, the node may use any of its modems.
    route = Route.parse(message.route)
    is_free = message.route == ANY or route.base.startswith("~")
    left_s = None if message.expires_ms is None else max(1, (message.expires_ms - now_ms) // 1000)
    found: dict[str, Json] = {
        "to": message.to,
        "text": message.text,
        "data": _text(message.data),
        "port": message.port,
        "encoding": message.encoding,
        "class": message.message_class,
        "priority": message.priority.word,
        "report": message.report,
        "on_unknown": message.on_unknown.value,
        "valid_for": left_s,
        "modem": None if is_free else modem.partition("/")[2],
        "purpose": message.purpose.value,
        "list": message.list,
        "exempt": message.exempt,
        "tags": list(message.tags),
        "segments": message.segments,
        "client": message.client,
        "client_ref": message.client_ref,
    }
    return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class TakenJob:
    """A job as a node reads it."""

    name: JobName
    node: str
    submission: Submission


def read_job(payload: bytes) -> TakenJob:
    """Read a job. Raises :class:`BadContent`."""
    found = Fields.load(payload)
    name, message = found.job(), found.part("message")
    encoding = message.text("encoding")
    submission = Submission(
        to=message.text("to"),
        text=message.text_or_none("text"),
        data=message.data("data"),
        port=message.number_or_none("port"),
        modem=message.text_or_none("modem"),
        priority=message.priority(),
        valid_for=message.number_or_none("valid_for"),
        report=message.flag("report"),
        encoding=encoding if encoding in ("gsm7", "ucs2") else "auto",
        message_class=message.number_or_none("class"),
        client_ref=str(name),
        tags=tuple(message.texts("tags")),
        on_unknown=message.one_of("on_unknown", OnUnknown),
        purpose=message.one_of("purpose", Purpose),
        list=message.text_or_none("list"),
        exempt=message.flag("exempt"),
        bare=message.has("data") and not message.has("port"),
    )
    return TakenJob(name, found.text("node"), submission)


# -- events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """An event of a node. ``job`` is set where it is about a message of the hub, ``received`` for a received text.

    ``message`` is what the node knows of a message of the hub when it takes it: a hub that was restored from a backup
    does not.
    """

    type: str
    at_ms: int
    modem: str | None = None
    data: Mapping[str, Json] = field(default_factory=dict)
    job: JobName | None = None
    message: Fields | None = None
    received: tuple[int, Received] | None = None


def event_payload(event: NodeEvent, record: MessageRecord | None = None) -> bytes:
    """Return an event as it is published; ``record`` is its message, where the hub has to know all of it."""
    found: dict[str, Json] = {"v": VERSION, "type": event.type, "at": event.at_ms, "data": event.data}
    if event.modem is not None:
        found["modem"] = event.modem
    if event.job is not None:
        found["job"] = str(event.job)
        if record is not None:
            found["message"] = _record_json(record)
    elif record is not None:
        found["received"] = _received_json(record)
    return dumped(found)


def events_payload(events: Sequence[bytes]) -> bytes:
    """Return events that are published together, each made by :func:`event_payload`."""
    return b'{"v":%d,"events":[%s]}' % (VERSION, b",".join(events))


def _record_json(record: MessageRecord) -> dict[str, Json]:
    return {
        "to": record.peer,
        "text": record.text,
        "data": _text(record.data),
        "port": record.port,
        "encoding": record.encoding,
        "class": record.message_class,
        "priority": record.priority.word,
        "report": record.report,
        "segments": record.segments,
        "purpose": record.purpose.value,
        "list": record.list,
        "expires_ms": record.expires_ms,
        "tags": list(record.tags),
    }


def _received_json(record: MessageRecord) -> dict[str, Json]:
    return {
        "id": record.id,
        "from": record.peer,
        "own": record.own,
        "text": record.text,
        "data": _text(record.data),
        "port": record.port,
        "encoding": record.encoding,
        "segments": record.segments,
        "class": record.message_class,
        "smsc_ms": record.smsc_ms,
        "incomplete": record.incomplete,
    }


def read_events(payload: bytes) -> list[Fields]:
    """Return the events of a node that were published together. Raises :class:`BadContent`."""
    found = Fields.load(payload)
    return found.parts("events") if found.has("events") else [found]


def read_event(node: str, found: Fields) -> NodeEvent:
    """Read an event of a node. Raises :class:`BadContent`."""
    modem = found.text_or_none("modem")
    received = found.part("received") if found.has("received") else None
    return NodeEvent(
        type=found.text("type"),
        at_ms=found.number("at"),
        modem=modem,
        data=found.json("data"),
        job=found.job() if found.has("job") else None,
        message=found.part("message") if found.has("message") else None,
        received=None if received is None else (received.number("id"), _received(node, modem, received)),
    )


def _received(node: str, modem: str | None, found: Fields) -> Received:
    return Received(
        sender=found.text("from"),
        modem=modem_name(node, modem),
        own=found.text_or_none("own"),
        encoding=found.text("encoding"),
        segments=found.number("segments"),
        text=found.text_or_none("text"),
        data=found.data("data"),
        port=found.number_or_none("port"),
        message_class=found.number_or_none("class"),
        smsc_ms=found.number_or_none("smsc_ms"),
        incomplete=found.flag("incomplete"),
    )


def adopted(name: JobName, message: Fields, now_ms: int) -> Outgoing:
    """Return the message of a job that the hub does not know. Raises :class:`BadContent`."""
    return Outgoing(
        id=name.message_id,
        to=message.text("to"),
        text=message.text_or_none("text"),
        priority=message.priority(),
        segments=message.number("segments"),
        created_ms=now_ms,
        data=message.data("data"),
        port=message.number_or_none("port"),
        encoding=message.text("encoding"),
        message_class=message.number_or_none("class"),
        report=message.flag("report"),
        expires_ms=message.number_or_none("expires_ms"),
        tags=tuple(message.texts("tags")),
        purpose=message.one_of("purpose", Purpose),
        list=message.text_or_none("list"),
    )


# -- nodes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodeModem:
    """A modem as its node tells of it."""

    status: ModemStatus
    paused_until_ms: int | None = None
    #: Its share of the traffic, as its gateway has it.
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node's description of itself."""

    version: str
    queued: int
    modems: Sequence[NodeModem] = ()


def node_payload(state: NodeState) -> bytes:
    """Return what a node tells of itself."""
    return dumped(
        {
            "v": VERSION,
            "version": state.version,
            "queued": state.queued,
            "modems": [_modem_json(each) for each in state.modems],
        }
    )


def _modem_json(modem: NodeModem) -> dict[str, Json]:
    status = modem.status
    found: dict[str, Json] = {
        "name": status.name,
        "state": status.state.value,
        "detail": status.detail,
        "model": status.model,
        "operator": status.operator,
        "signal_dbm": status.signal_dbm,
        "number": status.number,
        "iccid": status.iccid,
        "paused_until_ms": modem.paused_until_ms,
        "weight": modem.weight,
    }
    return {name: value for name, value in found.items() if value is not None}


def read_node(node: str, payload: bytes) -> NodeState:
    """Read what a node tells of itself. Raises :class:`BadContent`."""
    found = Fields.load(payload)
    modems = tuple(_modem(node, each) for each in found.parts("modems"))
    return NodeState(found.text("version"), found.number("queued"), modems)


def _modem(node: str, found: Fields) -> NodeModem:
    status = ModemStatus(
        name=modem_name(node, found.text("name")),
        state=found.one_of("state", ModemState),
        detail=found.text("detail"),
        model=found.text_or_none("model"),
        operator=found.text_or_none("operator"),
        signal_dbm=found.number_or_none("signal_dbm"),
        number=found.text_or_none("number"),
        iccid=found.text_or_none("iccid"),
    )
    return NodeModem(status, found.number_or_none("paused_until_ms"), found.share("weight"))


# -- orders ---------------------------------------------------------------------------------------------------------


def order_payload(what: str, jobs: Sequence[JobName]) -> bytes:
    """Return a request of the hub to a node: ``cancel``, ``release``, ``resend`` or ``leave``."""
    return dumped({"v": VERSION, "order": what, "jobs": [str(name) for name in jobs]})


def read_order(payload: bytes) -> tuple[str, list[JobName]]:
    """Read a request of the hub. Raises :class:`BadContent`."""
    found = Fields.load(payload)
    return found.text("order"), [job_name(name) for name in found.texts("jobs")]


def answer_payload(done: Sequence[JobName]) -> bytes:
    """Return the answer of a node: the jobs for which it did what it was asked for."""
    return dumped({"v": VERSION, "done": [str(name) for name in done]})


def read_answer(payload: bytes) -> list[JobName]:
    """Read the answer of a node. Raises :class:`BadContent`."""
    return [job_name(name) for name in Fields.load(payload).texts("done")]


def consent_payload(number: str, name: str, *, out: bool) -> bytes:
    """Return whether a number has opted out of a list."""
    return dumped({"v": VERSION, "number": number, "list": name, "out": out})


def read_consent(payload: bytes) -> tuple[str, str, bool]:
    """Read whether a number has opted out of a list. Raises :class:`BadContent`."""
    found = Fields.load(payload)
    return found.text("number"), found.text("list"), found.flag("out")


def erasure_payload(number: str, lists: Sequence[str]) -> bytes:
    """Return that a number is to be erased, and the lists that it has opted out of: a node may not know that yet."""
    return dumped({"v": VERSION, "number": number, "out": list(lists)})


def read_erasure(payload: bytes) -> tuple[str, list[str]]:
    """Read which number is to be erased, and its opt-outs. Raises :class:`BadContent`."""
    found = Fields.load(payload)
    return found.text("number"), found.texts("out")
