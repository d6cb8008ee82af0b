"""The names of subjects, streams and buckets at the NATS server."""

from __future__ import annotations

#: Jobs: each stays until its node has it on disk.
JOBS = "GSMGW_MT"
#: Events of nodes: they stay for some days, so that a hub that was restored can take them again.
EVENTS = "GSMGW_EV"
EVENT_DAYS = 14
#: A node's description of itself, as long as it is connected.
NODES = "gsmgw-nodes"
#: Which jobs a node has taken, or may not take any more.
CLAIMS = "gsmgw-claims"
CLAIM_DAYS = 14
#: Numbers that opted out.
CONSENT = "gsmgw-consent"
#: Numbers that nodes have to erase.
ERASED = "gsmgw-erased"
ERASED_DAYS = 14
#: The time in which a job that is published twice is kept once, seconds.
DUPLICATES_S = 86_400

HUB = "hub"


def jobs_of(node: str) -> str:
    """Return the subject of a node's jobs."""
    return f"gsmgw.mt.{node}"


def events_of(node: str) -> str:
    """Return the subject of a node's events."""
    return f"gsmgw.ev.{node}"


def orders_for(node: str) -> str:
    """Return the subject of requests to a node: to cancel, to give back."""
    return f"gsmgw.ctl.{node}"


def node_of(subject: str) -> str:
    """Return the node of a subject."""
    return subject.rpartition(".")[2]


def inbox_of(name: str) -> str:
    """Return the prefix of the subjects at which a client gets answers: no other one may read them."""
    return f"_INBOX_{name}"


def claim_of(node: str, job: str) -> str:
    """Return the key under which a node claims a job."""
    return f"{node}.{job}"


def stream_of(bucket: str) -> str:
    """Return the stream that keeps a bucket."""
    return f"KV_{bucket}"


def person_key(number: str) -> str:
    """Return the key of a number. Keys hold few characters, so it is in hexadecimal digits."""
    return number.lstrip("+").encode().hex()


def consent_key(number: str, name: str) -> str:
    """Return the key of a number's opt-out from a list."""
    return f"{person_key(number)}.{name.encode().hex()}"


def modem_name(node: str, modem: str | None) -> str:
    """Return the name that a node's modem has at the hub; the node's own where no modem is meant."""
    return f"{node}/{modem}" if modem else node


def node_permissions(node: str) -> dict[str, list[str]]:
    """Return the subjects that a node may publish and subscribe to, and no others.

    It may also answer each request that it gets, once: ``allow_responses`` of the server. So no node can answer for
    another one.
    """
    claims, nodes = stream_of(CLAIMS), stream_of(NODES)
    people = [
        f"$JS.{request}"
        for stream in (stream_of(CONSENT), stream_of(ERASED))
        for request in (
            f"API.STREAM.INFO.{stream}",
            f"API.CONSUMER.CREATE.{stream}.>",
            f"API.CONSUMER.MSG.NEXT.{stream}.>",
            f"API.CONSUMER.DELETE.{stream}.>",
            f"ACK.{stream}.>",
        )
    ]
    return {
        "publish": [
            events_of(node),
            f"$KV.{NODES}.{node}",
            f"$KV.{CLAIMS}.{node}.>",
            f"$JS.API.DIRECT.GET.{claims}.$KV.{CLAIMS}.{node}.>",
            f"$JS.API.STREAM.INFO.{claims}",
            f"$JS.API.STREAM.INFO.{nodes}",
            f"$JS.API.STREAM.INFO.{JOBS}",
            f"$JS.API.CONSUMER.CREATE.{JOBS}.{node}.{jobs_of(node)}",
            f"$JS.API.CONSUMER.INFO.{JOBS}.{node}",
            f"$JS.API.CONSUMER.MSG.NEXT.{JOBS}.{node}",
            f"$JS.ACK.{JOBS}.{node}.>",
            *people,
        ],
        "subscribe": [orders_for(node), f"{inbox_of(node)}.>"],
    }
