"""How campaigns go: what is on the way, and the counts of messages, answers and opt-outs."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from gsmgw.model import Status, format_id
from gsmgw.model.campaigns import Campaign, CampaignCounts, RecipientResult, VariantSums
from gsmgw.store.states import one_of

_WAITING = (Status.QUEUED, Status.SCHEDULED)
_OPEN = (*_WAITING, Status.SENDING, Status.UNKNOWN)
#: Messages of which it is certain that they did not arrive.
FAILED = (Status.FAILED, Status.UNDELIVERED, Status.EXPIRED)
#: A campaign and its runs.
_WITH_RUNS = "(SELECT id FROM campaigns WHERE id = ?1 UNION ALL SELECT id FROM campaigns WHERE parent_id = ?1)"


def count_open(db: sqlite3.Connection, campaign_id: int) -> int:
    """Return how many messages of a campaign are not sent yet."""
    return _count(db, campaign_id, _OPEN)


def is_on_the_way(db: sqlite3.Connection, campaign_id: int) -> bool:
    """Return True while a message of a campaign is not final: not sent, or its delivery report is awaited."""
    if count_open(db, campaign_id):
        return True
    row = db.execute(
        "SELECT 1 FROM messages WHERE campaign = ? AND status = 'sent' AND report = 1 AND report_missing = 0 LIMIT 1",
        (format_id(campaign_id),),
    ).fetchone()
    return row is not None


def last_failures(db: sqlite3.Connection, campaign: Campaign, most: int) -> int:
    """Return how many of the last messages that ended have failed."""
    # The latest ones of each state: a walk through all that ended would take longer the longer the campaign runs.
    latest = " UNION ALL ".join(
        f"SELECT * FROM (SELECT id, status FROM messages WHERE campaign = ?1 AND status = '{status.value}' AND id > ?2 "
        "ORDER BY id DESC LIMIT ?3)"
        for status in (Status.SENT, Status.DELIVERED, *FAILED)
    )
    rows = db.execute(
        f"SELECT status FROM ({latest}) ORDER BY id DESC LIMIT ?3",
        (format_id(campaign.id), campaign.watched_from, most),
    )
    failed = {status.value for status in FAILED}
    return sum(row[0] in failed for row in rows)


def counts(db: sqlite3.Connection, campaign: Campaign) -> CampaignCounts:
    """Return how many recipients are where."""
    states = dict(
        db.execute(
            f"SELECT state, count(*) FROM campaign_recipients WHERE campaign_id IN {_WITH_RUNS} GROUP BY state",
            (campaign.id,),
        ).fetchall()
    )
    statuses = dict(
        db.execute(
            "SELECT m.status, count(*) FROM campaign_recipients r JOIN messages m ON m.id = r.message_id "
            f"WHERE r.campaign_id IN {_WITH_RUNS} GROUP BY m.status",
            (campaign.id,),
        ).fetchall()
    )
    replied = db.execute(
        f"SELECT count(*) FROM campaign_recipients r WHERE r.campaign_id IN {_WITH_RUNS} "
        "AND r.message_id IS NOT NULL AND EXISTS "
        "(SELECT 1 FROM messages i WHERE i.peer = r.number AND i.direction = 'inbound' AND i.id > r.message_id)",
        (campaign.id,),
    ).fetchone()[0]
    opted_out = db.execute(
        "SELECT count(DISTINCT r.number) FROM campaign_recipients r JOIN consent c ON c.number = r.number "
        f"WHERE r.campaign_id IN {_WITH_RUNS} AND r.message_id IS NOT NULL AND c.state = 'out' AND c.changed_ms >= ?2",
        (campaign.id, campaign.started_ms or campaign.created_ms),
    ).fetchone()[0]

    def of(*wanted: Status) -> int:
        return sum(statuses.get(status.value, 0) for status in wanted)

    return CampaignCounts(
        total=sum(states.values()),
        waiting=states.get("waiting", 0),
        queued=of(*_WAITING, Status.SENDING),
        sent=of(Status.SENT, Status.DELIVERED),
        delivered=of(Status.DELIVERED),
        failed=of(*FAILED, Status.CANCELED),
        unknown=of(Status.UNKNOWN),
        skipped=states.get("skipped", 0),
        replied=replied,
        opted_out=opted_out,
    )


def skipped_by_reason(db: sqlite3.Connection, campaign_id: int) -> dict[str, int]:
    """Return how many recipients were left out, by reason."""
    return dict(
        db.execute(
            f"SELECT reason, count(*) FROM campaign_recipients WHERE campaign_id IN {_WITH_RUNS} AND state = 'skipped' "
            "GROUP BY reason",
            (campaign_id,),
        ).fetchall()
    )


def failures_by_cause(db: sqlite3.Connection, campaign_id: int) -> dict[str, int]:
    """Return how many messages failed, by the code of their error."""
    return dict(
        db.execute(
            "SELECT coalesce(json_extract(m.error, '$.code'), m.status), count(*) FROM campaign_recipients r "
            f"JOIN messages m ON m.id = r.message_id WHERE r.campaign_id IN {_WITH_RUNS} "
            f"AND {one_of(FAILED, 'm.status')} "
            "GROUP BY 1",
            (campaign_id,),
        ).fetchall()
    )


def by_variant(db: sqlite3.Connection, campaign_id: int) -> dict[int, VariantSums]:
    """Return for each variant how many were sent and delivered, and how many answered."""
    rows = db.execute(
        "SELECT r.variant, sum(m.status IN ('sent', 'delivered')), sum(m.status = 'delivered'), sum(EXISTS "
        "(SELECT 1 FROM messages i WHERE i.peer = r.number AND i.direction = 'inbound' AND i.id > r.message_id)) "
        "FROM campaign_recipients r JOIN messages m ON m.id = r.message_id "
        f"WHERE r.campaign_id IN {_WITH_RUNS} GROUP BY r.variant",
        (campaign_id,),
    )
    return {int(row[0] or 0): VariantSums(int(row[1]), int(row[2]), int(row[3])) for row in rows}


def recipient_results(db: sqlite3.Connection, campaign_id: int, after: str, limit: int) -> list[RecipientResult]:
    """Return how a campaign went for its recipients, by number, after a number."""
    reply = (
        "(SELECT {} FROM messages i WHERE i.peer = r.number AND i.direction = 'inbound' AND i.id > r.message_id "
        "ORDER BY i.id LIMIT 1)"
    )
    rows = db.execute(
        "SELECT r.number, c.name, r.variant, r.state, r.reason, r.message_id, m.status, m.segments, m.modem, "
        f"m.sent_ms, m.delivered_ms, m.error, {reply.format('i.received_ms')}, {reply.format('i.text')}, "
        "(SELECT max(o.changed_ms) FROM consent o WHERE o.number = r.number AND o.state = 'out' "
        "AND o.changed_ms >= m.created_ms) "
        "FROM campaign_recipients r LEFT JOIN messages m ON m.id = r.message_id "
        "LEFT JOIN contacts c ON c.number = r.number "
        "WHERE r.campaign_id = ? AND r.number > ? ORDER BY r.number LIMIT ?",
        (campaign_id, after, limit),
    )
    return [RecipientResult(*row) for row in rows]


def _count(db: sqlite3.Connection, campaign_id: int, statuses: Sequence[Status]) -> int:
    row = db.execute(
        f"SELECT count(*) FROM messages WHERE campaign = ? AND {one_of(statuses)}",
        (format_id(campaign_id),),
    ).fetchone()
    return int(row[0])
