"""The results of a campaign as CSV (RFC 4180): a row for each recipient, or for each text. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from gsmgw.audience.files.writers import BOM, csv_rows, safe_cell
from gsmgw.model import format_id
from gsmgw.model.campaigns import RecipientResult, VariantSums
from gsmgw.wire.encoding import stamp

RECIPIENT_COLUMNS = (
    "campaign", "number", "name", "variant", "state", "reason", "status", "message_id", "segments", "modem", "sent_at",
    "delivered_at", "error", "replied_at", "reply", "opted_out_at",
)  # fmt: skip
VARIANT_COLUMNS = ("variant", "text", "sent", "delivered", "replied")


def head(columns: Sequence[str], *, spreadsheet: bool) -> bytes:
    """Return the line with the names of the columns."""
    return ((BOM if spreadsheet else "") + csv_rows([columns])).encode()


def recipient_rows(campaign: str, found: Iterable[RecipientResult], *, spreadsheet: bool) -> bytes:
    """Return a row for each recipient. For a spreadsheet, numbers stay texts, and no cell can be a formula."""
    return csv_rows(_recipient(campaign, each, spreadsheet) for each in found).encode()


def _recipient(campaign: str, of: RecipientResult, spreadsheet: bool) -> list[str]:
    number = f'="{of.number}"' if spreadsheet else of.number
    variant = "" if of.variant is None else str(of.variant + 1)
    cells = [
        of.name, variant, of.state, of.reason, of.status, None if of.message_id is None else format_id(of.message_id),
        None if of.segments is None else str(of.segments), of.modem, stamp(of.sent_ms), stamp(of.delivered_ms),
        _cause(of.error), stamp(of.replied_ms), of.reply, stamp(of.opted_out_ms),
    ]  # fmt: skip
    return [_text(campaign, spreadsheet), number, *(_text(cell, spreadsheet) for cell in cells)]


def variant_rows(texts: Sequence[str | None], sums: dict[int, VariantSums], *, spreadsheet: bool) -> bytes:
    """Return a row for each text."""
    return csv_rows(
        [str(at + 1), _text(text or "template", spreadsheet), str(of.sent), str(of.delivered), str(of.replied)]
        for at, text in enumerate(texts or [None])
        for of in [sums.get(at, VariantSums(0, 0, 0))]
    ).encode()


def _cause(error: str | None) -> str | None:
    """Return the title of an error."""
    if error is None:
        return None
    found = json.loads(error)
    return str(found.get("title") or found.get("code") or "")


def _text(cell: str | None, spreadsheet: bool) -> str:
    return safe_cell(cell or "") if spreadsheet else cell or ""
