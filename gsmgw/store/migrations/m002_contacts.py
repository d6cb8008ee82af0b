"""Contacts with their fields and groups, and the imports that can be undone."""

STATEMENTS = (
    """
    CREATE TABLE contact_fields (                     -- the fields that contacts may have
        name          TEXT PRIMARY KEY,
        type          TEXT NOT NULL CHECK (type IN ('text', 'number', 'date', 'boolean', 'choice')),
        choices       TEXT NOT NULL DEFAULT '[]',     -- JSON array
        searchable    INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE contacts (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        number        TEXT NOT NULL UNIQUE,           -- E.164
        name          TEXT,
        language      TEXT,                           -- BCP 47
        time_zone     TEXT,                           -- of the tz database
        fields        TEXT NOT NULL DEFAULT '{}',     -- JSON object
        created_ms    INTEGER NOT NULL,
        changed_ms    INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE contact_values (                     -- what contacts are found by: an index of contacts.fields
        field         TEXT NOT NULL,                  -- a declared field, or name, language, time_zone
        value         NOT NULL,                       -- folded text, a number, a date, 0 or 1
        contact_id    INTEGER NOT NULL,               -- no foreign key: its check would need one more index
        PRIMARY KEY (field, value, contact_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE contact_groups (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        name          TEXT NOT NULL,
        folded        TEXT NOT NULL UNIQUE,           -- the name without case
        segment       TEXT,                           -- of a smart group
        created_ms    INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE group_members (
        group_id      INTEGER NOT NULL REFERENCES contact_groups (id) ON DELETE CASCADE,
        contact_id    INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
        PRIMARY KEY (group_id, contact_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX group_members_contact ON group_members (contact_id)",
    """
    CREATE TABLE contact_imports (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        created_ms    INTEGER NOT NULL,
        state         TEXT NOT NULL CHECK (state IN ('writing', 'done', 'undone')),
        groups        TEXT NOT NULL DEFAULT '[]'      -- JSON array: the groups that it created
    )
    """,
    """
    CREATE TABLE contact_import_rows (                -- each contact that an import wrote
        import_id     INTEGER NOT NULL REFERENCES contact_imports (id) ON DELETE CASCADE,
        contact_id    INTEGER NOT NULL,
        changed_ms    INTEGER NOT NULL,               -- of the contact after the import
        before        TEXT,                           -- JSON object: the contact before; NULL for a new one
        PRIMARY KEY (import_id, contact_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX contact_import_rows_contact ON contact_import_rows (contact_id)",
)
