"""The one error of the codec."""

from __future__ import annotations

from gsmgw.errors import GsmgwError


class PduError(GsmgwError):
    """A PDU cannot be parsed, or a value cannot be built into one.

    ``field`` is the name that TS 23.040 gives the part at fault (``TP-UDL``), ``offset`` its byte in the PDU as it was
    handed in (``None`` where bytes are not the matter), ``title`` one sentence for a person.
    """

    def __init__(self, title: str, *, field: str, offset: int | None = None) -> None:
        self.title = title
        self.field = field
        self.offset = offset
        super().__init__(f"{field}: {title}" if offset is None else f"{field} at byte {offset}: {title}")

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the fields when the error crosses a process border."""
        return _rebuild, (self.title, self.field, self.offset)


def _rebuild(title: str, field: str, offset: int | None) -> PduError:
    return PduError(title, field=field, offset=offset)
