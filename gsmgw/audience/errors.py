"""Errors of contacts, groups, fields and segments."""

from __future__ import annotations

from collections.abc import Sequence

from gsmgw.outbound.errors import ServiceError
from gsmgw.tables import Fault
from gsmgw.wire.problems import ProblemCode


class NotFound(ServiceError):
    """A contact, a group, a field or an import does not exist."""

    code = ProblemCode.NOT_FOUND


class Conflict(ServiceError):
    """The current state does not allow it: a number or a name is taken, or a field has values."""

    code = ProblemCode.WRONG_STATE


class FileRefused(ServiceError):
    """A file cannot be imported; ``errors`` has its errors by line and column. Nothing was written."""

    code = ProblemCode.INVALID_FILE

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.errors = tuple(
            {"line": fault.line, "detail": fault.detail, **({"column": fault.column} if fault.column else {})}
            for fault in faults
        )


class SegmentRefused(ServiceError):
    """A segment is not valid; ``column`` is the place in its text, from 1."""

    code = ProblemCode.INVALID_SEGMENT

    def __init__(self, field: str, detail: str, column: int | None) -> None:
        super().__init__(f"{field}: {'' if column is None else f'column {column}: '}{detail}")
        place: dict[str, str | int] = {} if column is None else {"column": column}
        self.errors = ({"pointer": f"/{field.replace('.', '/')}", **place, "detail": detail},)
