"""Conditions of states as comparisons. SQLite makes a temporary table for each list behind IN, each time it is run.

Constraints and partial indexes are run for each row that is written; these lists took a fifth of the work of sending
a text. The constraints allow the same values as before, so the rows stay as they are, and the text of the table is
changed in place (https://www.sqlite.org/lang_altertable.html, section 7).

``IS TRUE`` keeps an index for the queries that name its whole condition. Without it SQLite would conclude the condition
from ``status = 'queued'`` and take the index of open messages for the heads of the queue, which have a better one.
"""


def _any(*values: str, column: str = "status") -> str:
    """Return the condition that a column has one of the values."""
    return " OR ".join(f"{column} = '{value}'" for value in values)


def _listed(table: str, column: str, *values: str) -> str:
    """Return the statement that replaces a list of values in a table's definition."""
    named = ", ".join(f"'{value}'" for value in values)
    return _replaced(table, f"{column} IN ({named})", _any(*values, column=column))


def _replaced(table: str, old: str, new: str) -> str:
    """Return the statement that replaces a part of a table's definition."""
    quoted = ("'" + part.replace("'", "''") + "'" for part in (old, new))
    return f"UPDATE sqlite_master SET sql = replace(sql, {', '.join(quoted)}) WHERE type = 'table' AND name = '{table}'"


STATEMENTS = (
    "PRAGMA writable_schema = ON",
    _replaced(
        "messages",
        """status IN ('scheduled', 'queued', 'sending', 'sent', 'delivered',
                   'undelivered', 'unknown', 'failed', 'expired', 'canceled')""",
        f"""({_any("scheduled", "queued", "sending", "sent", "delivered")}
                   OR {_any("undelivered", "unknown", "failed", "expired", "canceled")})""",
    ),
    _replaced(
        "messages", "status IN ('queued', 'scheduled', 'unknown') OR", f"{_any('queued', 'scheduled', 'unknown')} OR"
    ),
    _replaced("messages", "status NOT IN ('sent') OR", "status <> 'sent' OR"),
    _listed("messages", "purpose", "transactional", "marketing", "conversation"),
    _replaced(
        "segments",
        """status IN ('queued', 'sending', 'sent', 'delivered', 'undelivered',
                          'unknown', 'failed')""",
        f"""{_any("queued", "sending", "sent", "delivered", "undelivered")}
                          OR {_any("unknown", "failed")}""",
    ),
    _replaced(
        "segments",
        "status NOT IN ('sending', 'sent', 'unknown') OR",
        "status <> 'sending' AND status <> 'sent' AND status <> 'unknown' OR",
    ),
    _replaced(
        "segments",
        "status NOT IN ('delivered', 'undelivered') OR",
        "status <> 'delivered' AND status <> 'undelivered' OR",
    ),
    _listed("parts", "state", "waiting", "assembled", "quarantined", "silent", "stored"),
    _listed("webhook_deliveries", "kind", "event", "replay", "test"),
    _listed("webhook_deliveries", "state", "pending", "delivered", "failed"),
    _listed("campaign_recipients", "state", "waiting", "queued", "skipped"),
    _listed("rollups", "dimension", "all", "modem", "campaign", "tag", "country"),
    "PRAGMA writable_schema = RESET",
    "DROP INDEX messages_expiry",
    f"""
    CREATE INDEX messages_expiry ON messages (expires_ms)
        WHERE expires_ms IS NOT NULL AND ({_any("queued", "scheduled")}) IS TRUE
    """,
    "DROP INDEX messages_open",
    f"""
    CREATE INDEX messages_open ON messages (status, id)
        WHERE ({_any("scheduled", "queued", "sending", "unknown", "failed", "undelivered")}) IS TRUE
    """,
    "DROP INDEX segments_open",
    f"CREATE INDEX segments_open ON segments (status) WHERE ({_any('sending', 'unknown')}) IS TRUE",
)
