"""The tables, as migrations. What must never be true of a message is refused by the database itself."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from gsmgw.errors import StoreError
from gsmgw.store.files import flush, open_new

migrations = Migrations("gsmgw")

#: Copies of the database as it was before an upgrade.
_KEPT_COPIES = 2


def _statements(db: Database, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m001_messages(db: Database) -> None:
    """Messages of both directions, their segments and parts, the event log."""
    _statements(
        db,
        """
        CREATE TABLE messages (
            id            INTEGER PRIMARY KEY,            -- model.IdSource: sorts by time
            direction     TEXT NOT NULL CHECK (direction IN ('outbound', 'inbound')),
            status        TEXT NOT NULL,
            peer          TEXT NOT NULL,                  -- the other side: E.164, short code or name
            own           TEXT,                           -- the SIM's own number, where known
            text          TEXT,
            data          BLOB,
            port          INTEGER,
            encoding      TEXT NOT NULL,
            segments      INTEGER NOT NULL CHECK (segments BETWEEN 1 AND 255),
            modem         TEXT,                           -- that carried it, or carries it now
            route         TEXT NOT NULL DEFAULT '',       -- a word of outbound.router; '' for any modem
            client        TEXT NOT NULL DEFAULT '',       -- the token's name; '' for the local socket
            priority      INTEGER NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2),
            flash         INTEGER NOT NULL DEFAULT 0,
            report        INTEGER NOT NULL DEFAULT 0,
            on_unknown    TEXT CHECK (on_unknown IN ('resend', 'hold')),
            client_ref    TEXT,
            tags          TEXT,                           -- JSON array
            attempts      INTEGER NOT NULL DEFAULT 0,
            created_ms    INTEGER NOT NULL,
            send_at_ms    INTEGER,
            expires_ms    INTEGER,
            due_ms        INTEGER,                        -- when a deferred, scheduled or unknown one is looked at
            waiting       TEXT,                           -- why it is deferred, a sentence
            sent_ms       INTEGER,
            delivered_ms  INTEGER,
            received_ms   INTEGER,
            smsc_ms       INTEGER,                        -- inbound: TP-SCTS
            error         TEXT,                           -- JSON object
            incomplete    INTEGER NOT NULL DEFAULT 0,
            CHECK (direction = 'outbound' AND status IN ('scheduled', 'queued', 'sending', 'sent', 'delivered',
                       'undelivered', 'unknown', 'failed', 'expired', 'canceled')
                OR direction = 'inbound' AND status = 'received'),
            CHECK (text IS NOT NULL OR data IS NOT NULL),
            CHECK (status <> 'scheduled' OR due_ms IS NOT NULL),
            CHECK (status IN ('queued', 'scheduled', 'unknown') OR due_ms IS NULL),
            CHECK (status NOT IN ('sent') OR sent_ms IS NOT NULL),
            CHECK (status <> 'delivered' OR delivered_ms IS NOT NULL),
            CHECK ((direction = 'inbound') = (received_ms IS NOT NULL))
        );
        CREATE INDEX messages_ready ON messages (route, client, priority, id)
            WHERE status = 'queued' AND due_ms IS NULL;
        CREATE INDEX messages_due ON messages (due_ms) WHERE due_ms IS NOT NULL;
        CREATE INDEX messages_expiry ON messages (expires_ms)
            WHERE expires_ms IS NOT NULL AND status IN ('queued', 'scheduled');
        CREATE INDEX messages_open ON messages (status, id)
            WHERE status IN ('scheduled', 'queued', 'sending', 'unknown', 'failed', 'undelivered');
        CREATE INDEX messages_peer ON messages (peer, id);
        CREATE INDEX messages_inbound ON messages (id) WHERE direction = 'inbound';
        CREATE INDEX messages_conversation ON messages (peer, id) WHERE direction = 'inbound';

        CREATE TABLE segments (
            message_id    INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
            seq           INTEGER NOT NULL CHECK (seq BETWEEN 1 AND 255),
            status        TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'delivered', 'undelivered',
                              'unknown', 'failed')),
            tpdu          BLOB NOT NULL,                  -- the SMS-SUBMIT as it goes to the modem
            recipient     TEXT NOT NULL,                  -- the digits that a report is matched by
            reference     INTEGER CHECK (reference BETWEEN 0 AND 255),   -- TP-MR
            modem         TEXT,
            sim           TEXT,
            attempt       INTEGER NOT NULL DEFAULT 0,
            claim         INTEGER,                        -- the order in which segments were handed to a SIM
            doubt         INTEGER,                        -- which interruption left it unknown
            sending_ms    INTEGER,
            sent_ms       INTEGER,
            report_due    INTEGER NOT NULL DEFAULT 0,
            report_status INTEGER,                        -- TP-ST
            discharge_ms  INTEGER,                        -- TP-DT
            error         TEXT,
            PRIMARY KEY (message_id, seq),
            CHECK (status NOT IN ('sending', 'sent', 'unknown') OR sim IS NOT NULL AND sending_ms IS NOT NULL),
            CHECK (status <> 'sent' OR sent_ms IS NOT NULL),
            CHECK (status NOT IN ('delivered', 'undelivered') OR report_status IS NOT NULL)
        ) WITHOUT ROWID;
        CREATE INDEX segments_report ON segments (sim, reference) WHERE report_due = 1;
        CREATE INDEX segments_usage ON segments (sim, sending_ms) WHERE sending_ms IS NOT NULL;
        CREATE INDEX segments_doubt ON segments (sim, claim) WHERE doubt IS NOT NULL AND reference IS NULL;
        CREATE INDEX segments_open ON segments (status) WHERE status IN ('sending', 'unknown');

        CREATE TABLE sims (                               -- TP-MR as each SIM counts it: evidence for unknown segments
            sim           TEXT PRIMARY KEY,
            reference     INTEGER NOT NULL,               -- of the last accepted segment
            claim         INTEGER NOT NULL,               -- and its place in the order
            steps         INTEGER NOT NULL DEFAULT 0,     -- how often in a row it went up by one
            refused       INTEGER NOT NULL DEFAULT 0      -- refusals since: each may have used a reference up
        ) WITHOUT ROWID;

        CREATE TABLE reports (                            -- status reports that matched nothing when they came
            id            INTEGER PRIMARY KEY,
            at_ms         INTEGER NOT NULL,
            modem         TEXT NOT NULL,
            sim           TEXT NOT NULL,
            reference     INTEGER NOT NULL,
            recipient     TEXT NOT NULL,
            report_status INTEGER NOT NULL,
            discharge_ms  INTEGER,
            pdu           TEXT NOT NULL
        );
        CREATE INDEX reports_match ON reports (sim, reference);

        CREATE TABLE parts (                              -- received PDUs, raw, before and after they are understood
            id            INTEGER PRIMARY KEY,
            at_ms         INTEGER NOT NULL,
            modem         TEXT NOT NULL,
            sim           TEXT NOT NULL,
            storage       TEXT,
            slot          INTEGER,
            pdu           TEXT NOT NULL,
            held          INTEGER NOT NULL DEFAULT 1,     -- the modem may still have it: read again, it is the same one
            state         TEXT NOT NULL CHECK (state IN ('waiting', 'assembled', 'quarantined', 'silent', 'stored')),
            problem       TEXT,
            sender        TEXT,
            reference     INTEGER,
            total         INTEGER,
            seq           INTEGER,
            smsc_ms       INTEGER,
            message_id    INTEGER REFERENCES messages (id) ON DELETE SET NULL,
            CHECK (state <> 'quarantined' OR problem IS NOT NULL),
            CHECK (state <> 'waiting' OR total IS NOT NULL)
        );
        CREATE INDEX parts_held ON parts (sim, pdu) WHERE held = 1;
        CREATE INDEX parts_concat ON parts (sender, reference, total) WHERE total IS NOT NULL;
        CREATE INDEX parts_waiting ON parts (at_ms) WHERE state = 'waiting';
        CREATE INDEX parts_message ON parts (message_id) WHERE message_id IS NOT NULL;
        CREATE INDEX parts_quarantined ON parts (id) WHERE state = 'quarantined';

        CREATE TABLE events (
            id            INTEGER PRIMARY KEY AUTOINCREMENT,
            at_ms         INTEGER NOT NULL,
            type          TEXT NOT NULL,
            message_id    INTEGER,
            modem         TEXT,
            data          TEXT NOT NULL
        );
        CREATE INDEX events_message ON events (message_id) WHERE message_id IS NOT NULL;

        CREATE TABLE idempotency (
            key           TEXT PRIMARY KEY,               -- 'key:' or 'ref:' and what the client sent
            fingerprint   TEXT NOT NULL,                  -- of the request's content
            answer        TEXT NOT NULL,                  -- JSON: the message ids or problems it was answered with
            created_ms    INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE concat_references (                  -- which concatenation references a recipient has seen
            recipient     TEXT PRIMARY KEY,
            state         TEXT NOT NULL,                  -- JSON of pdu.references.References
            used_ms       INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE tokens (
            id            INTEGER PRIMARY KEY,
            name          TEXT NOT NULL UNIQUE,
            digest        TEXT NOT NULL UNIQUE,           -- SHA-256 of the token
            scopes        TEXT NOT NULL,
            created_ms    INTEGER NOT NULL,
            expires_ms    INTEGER,
            last_used_ms  INTEGER
        );

        CREATE TABLE refused_pins (                       -- never tried a second time
            sim           TEXT NOT NULL,
            fingerprint   TEXT NOT NULL,
            at_ms         INTEGER NOT NULL,
            PRIMARY KEY (sim, fingerprint)
        ) WITHOUT ROWID
        """,
    )


@migrations()
def m002_webhooks(db: Database) -> None:
    """Where events are posted to, how far each target is, and what became of each delivery."""
    _statements(
        db,
        """
        CREATE TABLE webhooks (
            id            TEXT PRIMARY KEY,
            url           TEXT NOT NULL,
            description   TEXT NOT NULL DEFAULT '',
            events        TEXT NOT NULL,                  -- JSON arrays; an empty one lets everything through
            tags          TEXT NOT NULL,
            modems        TEXT NOT NULL,
            ordered       INTEGER NOT NULL DEFAULT 1,
            secrets       TEXT NOT NULL,                  -- JSON array of objects, newest first
            state         TEXT NOT NULL CHECK (state IN ('active', 'paused', 'disabled')),
            reason        TEXT,                           -- why it is not active
            cursor        INTEGER NOT NULL,               -- the last event that was looked at
            created_ms    INTEGER NOT NULL,
            CHECK (state = 'active' OR reason IS NOT NULL)
        ) WITHOUT ROWID;

        CREATE TABLE webhook_deliveries (
            id            INTEGER PRIMARY KEY AUTOINCREMENT,
            webhook_id    TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
            event_id      INTEGER,                        -- none for a test
            type          TEXT NOT NULL,
            kind          TEXT NOT NULL CHECK (kind IN ('event', 'replay', 'test')),
            state         TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
            attempts      INTEGER NOT NULL DEFAULT 0,     -- of this round: begins anew when the target is resumed
            due_ms        INTEGER,
            created_ms    INTEGER NOT NULL,
            ended_ms      INTEGER,
            tries         TEXT NOT NULL DEFAULT '[]',     -- JSON array: what came of each
            CHECK ((state = 'pending') = (due_ms IS NOT NULL)),
            CHECK ((state = 'pending') = (ended_ms IS NULL)),
            CHECK (kind = 'test' OR event_id IS NOT NULL)
        );
        CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, id);
        CREATE INDEX webhook_deliveries_open ON webhook_deliveries (webhook_id, id) WHERE state = 'pending'
        """,
    )


@migrations()
def m003_hooks(db: Database) -> None:
    """How far each exec hook is in the event log."""
    _statements(
        db,
        """
        CREATE TABLE hooks (
            name          TEXT PRIMARY KEY,
            cursor        INTEGER NOT NULL                -- the last event that it has done with
        ) WITHOUT ROWID
        """,
    )


@migrations()
def m004_search(db: Database) -> None:
    """Full-text search. Texts get into the index a little later (store.search); what is in it follows its message."""
    _statements(
        db,
        """
        CREATE VIRTUAL TABLE messages_search USING fts5 (
            text, content = 'messages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
        );
        CREATE TRIGGER messages_search_update AFTER UPDATE OF text ON messages
        WHEN old.text IS NOT new.text AND EXISTS (SELECT 1 FROM messages_search_docsize WHERE id = old.id) BEGIN
            INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.id, old.text); INSERT
            INTO messages_search (rowid, text) VALUES (new.id, new.text); END;
        CREATE TRIGGER messages_search_delete AFTER DELETE ON messages
        WHEN EXISTS (SELECT 1 FROM messages_search_docsize WHERE id = old.id) BEGIN
            INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.id, old.text); END;
        CREATE TABLE search_cursor (
            event_id      INTEGER NOT NULL                -- the last event whose message is in the index
        );
        INSERT INTO search_cursor (event_id) SELECT coalesce(max(id), 0) FROM events;
        INSERT INTO messages_search (messages_search) VALUES ('rebuild')
        """,
    )


@migrations()
def m005_copies(db: Database) -> None:
    """Where a modem keeps the copy of a segment: memory and index; empty for one that says nothing."""
    _statements(db, "ALTER TABLE segments ADD COLUMN copy TEXT")


@migrations()
def m006_queue(db: Database) -> None:
    """Reports that never came; received messages that take the place of an earlier one (``replace_type``: TP-PID 0x41
    to 0x47); the TPDU length that the modem named, to read a quarantined PDU again.
    """
    _statements(
        db,
        """
        ALTER TABLE messages ADD COLUMN report_missing INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE messages ADD COLUMN replace_type INTEGER;
        ALTER TABLE messages ADD COLUMN replaces INTEGER;
        ALTER TABLE messages ADD COLUMN replaced_by INTEGER;
        CREATE INDEX messages_awaited ON messages (expires_ms)
            WHERE status = 'sent' AND report = 1 AND report_missing = 0;
        CREATE INDEX messages_replaceable ON messages (peer, replace_type, id) WHERE replace_type IS NOT NULL;
        ALTER TABLE parts ADD COLUMN length_octets INTEGER;
        CREATE INDEX parts_loose ON parts (at_ms) WHERE message_id IS NULL AND held = 0;
        CREATE INDEX reports_age ON reports (at_ms)
        """,
    )


@migrations()
def m007_message_class(db: Database) -> None:
    """Any class of TS 23.038 4 instead of class 0 alone."""
    _statements(
        db,
        """
        ALTER TABLE messages ADD COLUMN message_class INTEGER CHECK (message_class BETWEEN 0 AND 3);
        UPDATE messages SET message_class = 0 WHERE flash <> 0;
        ALTER TABLE messages DROP COLUMN flash
        """,
    )


@migrations()
def m007a_access(db: Database) -> None:
    """What a token may do more closely (JSON arrays of modems and pools, empty for any), and who did what."""
    _statements(
        db,
        """
        ALTER TABLE tokens ADD COLUMN per_minute INTEGER;
        ALTER TABLE tokens ADD COLUMN per_day INTEGER;
        ALTER TABLE tokens ADD COLUMN modems TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE tokens ADD COLUMN pools TEXT NOT NULL DEFAULT '[]';
        CREATE TABLE audit (
            id            INTEGER PRIMARY KEY AUTOINCREMENT,
            at_ms         INTEGER NOT NULL,
            who           TEXT NOT NULL,                  -- a token's name, or the user of the socket
            origin        TEXT NOT NULL,                  -- an address, or the process on the socket
            method        TEXT NOT NULL,
            path          TEXT NOT NULL,
            status        INTEGER NOT NULL,               -- what it was answered with
            detail        TEXT NOT NULL DEFAULT '{}'      -- JSON object
        )
        """,
    )


@migrations()
def m007b_doors(db: Database) -> None:
    """Callbacks of the compatibility doors: webhooks that speak another dialect, and what each message wants told."""
    _statements(
        db,
        """
        ALTER TABLE webhooks ADD COLUMN format TEXT NOT NULL DEFAULT 'standard';
        CREATE TABLE callbacks (
            message_id    INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
            url           TEXT NOT NULL,
            mask          INTEGER NOT NULL DEFAULT 0
        )
        """,
    )


@migrations()
def m009_record(db: Database) -> None:
    """Whether a SIM's own record of its last reference (EF_SMSS) is kept up to date: how often in a row it agreed, each
    time at another reference, and at which it did last.
    """
    _statements(
        db,
        """
        ALTER TABLE sims ADD COLUMN agreed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE sims ADD COLUMN agreed_at INTEGER
        """,
    )


def migrate(path: Path) -> None:
    """Bring the database at ``path`` to the newest form: all missing steps in one transaction, or none of them.

    Before that a copy of the database as it was is put aside (:func:`rollback_copies`). A database that a newer version
    of gsmgw has written is refused with :class:`StoreError`.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table; later it has no effect
        connection.execute("PRAGMA journal_mode = WAL")
        db = Database(connection)
        applied = applied_migrations(connection)
        if strangers := sorted(set(applied) - set(known_migrations())):
            raise StoreError(
                f"{path} was written by a newer version of gsmgw (it has {', '.join(strangers)}): "
                f"install that version, or restore a backup made by this one{_way_back(path)}"
            )
        if not migrations.pending(db):
            return
        if applied:
            _put_aside(connection, path, applied[-1])
        with db.atomic():
            migrations.apply(db)
            if strays := connection.execute('SELECT "table", rowid FROM pragma_foreign_key_check LIMIT 3').fetchall():
                raise StoreError(f"{path} cannot be upgraded: rows refer to nothing ({strays}); it is left as it was")
    except sqlite3.DatabaseError as exc:
        raise StoreError(f"{path} cannot be used as a database: {exc}") from exc
    finally:
        connection.close()


def applied_migrations(connection: sqlite3.Connection) -> list[str]:
    """The names of the steps that a database has been through, in their order."""
    return [migration.name for migration in migrations.applied(Database(connection))]


def known_migrations() -> list[str]:
    """The names of all steps that this version knows."""
    empty = sqlite3.connect(":memory:")
    try:
        return [migration.name for migration in migrations.pending(Database(empty))]
    finally:
        empty.close()


def rollback_copies(path: Path) -> list[Path]:
    """The copies of the database at ``path`` that were made before an upgrade, the latest last."""
    return sorted(path.parent.glob(f"{path.name}.before-upgrade-from-*"), key=lambda copy: copy.stat().st_mtime_ns)


def _put_aside(connection: sqlite3.Connection, path: Path, form: str) -> None:
    """Copy the database beside itself, named by the last step it has been through; two such copies are kept."""
    target = path.with_name(f"{path.name}.before-upgrade-from-{form}")
    partial = target.with_name(target.name + ".part")
    needed = _octets(path) + _octets(path.with_name(path.name + "-wal"))
    if (free := shutil.disk_usage(path.parent).free) < 2 * needed:
        raise StoreError(
            f"the database has to be upgraded, and for that and a copy of it as it is {2 * needed} octets must be free "
            f"in {path.parent}; {free} are. Nothing was changed"
        )
    try:
        partial.unlink(missing_ok=True)
        open_new(partial, 0o640).close()
        copy = sqlite3.connect(partial, isolation_level=None)
        try:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        finally:
            copy.close()
        flush(partial)
        partial.replace(target)
    except OSError as exc:
        raise StoreError(f"the copy {target} cannot be made before the upgrade: {exc.strerror}") from exc
    for old in rollback_copies(path)[:-_KEPT_COPIES]:
        old.unlink()


def _way_back(path: Path) -> str:
    copies = rollback_copies(path)
    return f"; {copies[-1]} is how it was before an upgrade (docs/operation.md, Upgrade)" if copies else ""


def _octets(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
