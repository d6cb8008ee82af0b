"""/v1/contacts/import, /v1/contacts/imports"""

from __future__ import annotations

from typing import Annotated, BinaryIO

from fastapi import Query, Request, Response
from pydantic import Field

from gsmgw.api.access.audit_log import audit_detail
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Text
from gsmgw.api.openapi import file_body, problems
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.audience.imports import ImportOptions, ImportReport
from gsmgw.http.body_limits import IMPORT
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.model import format_id
from gsmgw.wire import resources
from gsmgw.wire.contacts import sample_resource
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/contacts")


class ImportQuery(QueryModel):
    """Query parameters of an import."""

    dry_run: bool = Field(False, description="Check the file and say what would be done")
    skip_bad: bool = Field(False, description="Import the other rows if some have errors")
    mapping: list[Text] = Field(
        default_factory=list,
        max_length=150,
        description="A column by what it is: number=Handy; may be repeated",
    )
    ignore: list[Text] = Field(
        default_factory=list, max_length=1000, description="A column that is not imported; may be repeated"
    )
    group: list[Text] = Field(
        default_factory=list, max_length=50, description="Add all contacts to this group; may be repeated"
    )
    encoding: str | None = Field(None, max_length=40, description="Encoding of the file; detected if left out")


@router.post(
    "/import",
    response_model=resources.ContactImport,
    openapi_extra=file_body("text/csv", "text/vcard", "application/octet-stream"),
)
async def import_contacts(ctx: Ctx, request: Request, query: Annotated[ImportQuery, Query()]) -> Response:
    """Import contacts from a CSV file or vCards. A row of a known number completes its contact."""
    imports = ctx.audience.imports
    options = ImportOptions(
        query.dry_run, query.skip_bad, _mapping(query.mapping), query.group, query.encoding, query.ignore
    )
    with imports.spool() as source:
        await _receive(request, source)
        report = await imports.run(source, options)
    if report.import_id is not None:
        audit_detail(request, import_id=format_id(report.import_id), created=report.created, updated=report.updated)
    return JSONResponse(_report(report, options))


@router.post("/imports/{import_id}/undo", response_model=resources.UndoneImport, responses=problems(404, 409))
async def undo(ctx: Ctx, import_id: str) -> Response:
    """Undo an import of the last 30 days. Contacts that were changed after it stay as they are."""
    done = await ctx.audience.imports.undo(import_id)
    return JSONResponse({name: done[name] for name in ("removed", "restored", "kept")})


def _mapping(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        target, mark, column = text.partition("=")
        if not mark or not target.strip() or not column.strip():
            detail = f"{text[:60]!r} is not FIELD=COLUMN"
            raise Problem(
                ProblemCode.INVALID_REQUEST, f"mapping: {detail}", errors=[{"parameter": "mapping", "detail": detail}]
            )
        found[target.strip()] = column.strip()
    return found


async def _receive(request: Request, target: BinaryIO) -> None:
    """Write the body to a file, within its limit."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > IMPORT.max_bytes:
            raise IMPORT.too_large()
        target.write(piece)
    target.seek(0)


def _report(report: ImportReport, options: ImportOptions) -> resources.ContactImport:
    return {
        "import_id": None if report.import_id is None else format_id(report.import_id),
        "dry_run": options.dry_run,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "skipped": report.skipped,
        "bad": report.bad,
        "errors": [{"line": each.line, "column": each.column, "detail": each.detail} for each in report.faults],
        "ignored_columns": report.ignored,
        "columns": [{"name": name, "target": target} for name, target in report.columns],
        "sample": [sample_resource(each.line, each.number, each.person) for each in report.sample],
    }
