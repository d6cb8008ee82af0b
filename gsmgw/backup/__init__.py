"""Backups: write, verify, rotate and restore files with the database, the configuration and a manifest."""

from gsmgw.backup.archive import Manifest, as_resource, verify, write_backup
from gsmgw.backup.restore import Restored, RestoreRefused, restore
from gsmgw.backup.rotation import Entry, list_backups, make_scheduled

__all__ = [
    "Entry",
    "Manifest",
    "RestoreRefused",
    "Restored",
    "as_resource",
    "list_backups",
    "make_scheduled",
    "restore",
    "verify",
    "write_backup",
]
