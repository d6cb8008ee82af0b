"""gsmgw pdu: decode and encode PDUs, without a gateway or a modem."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import click

from gsmgw.cli.listing import print_rich, say, shown, write_data
from gsmgw.pdu import (
    DCS,
    AbsoluteValidity,
    Address,
    Command,
    Deliver,
    DeliverReport,
    Pdu,
    PduError,
    Rp,
    StatusReport,
    Submit,
    SubmitReport,
    TextPlan,
    build_pdu,
    cmgs_length,
    delivers,
    parse_pdu,
    plan_text,
    submits,
)
from gsmgw.pdu.tpdu import Tpdu


@click.group()
def pdu() -> None:
    """Decode and encode SMS PDUs."""


@pdu.command()
@click.argument("pdus", metavar="HEX...", nargs=-1, required=True)
@click.option("--no-smsc", is_flag=True, help="Expect no SMSC address before the TPDU.")
@click.option("--sent", is_flag=True, help="Decode PDUs sent to the service centre: SUBMIT, COMMAND, DELIVER-REPORT.")
@click.option(
    "--rp",
    type=click.Choice(["ack", "error"]),
    help="Set the RP message that carried a report; it decides about TP-FCS.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per PDU, one per line.")
def decode(pdus: tuple[str, ...], no_smsc: bool, sent: bool, rp: Rp | None, as_json: bool) -> None:
    """Decode PDUs and explain every field. HEX is hexadecimal, or - for lines on standard input.

    Decodes received PDUs unless --sent is given. Exit code 1 if a PDU cannot be decoded.
    """
    failed = False
    for text in _inputs(pdus):
        try:
            found = parse_pdu(text, smsc=not no_smsc, sent=sent, rp=rp)
        except PduError as error:
            failed = True
            if as_json:
                _print_json({"error": {"field": error.field, "offset": error.offset, "title": error.title}})
            else:
                say(f"not a valid PDU: {error}", err=True)
            continue
        if as_json:
            _print_json(as_object(found))
        else:
            _print_table(found)
    if failed:
        raise SystemExit(1)


def _inputs(pdus: Iterable[str]) -> Iterator[str]:
    for text in pdus:
        if text == "-":
            for line in sys.stdin.buffer:
                yield line.decode("latin-1").strip()
        else:
            yield text


def as_object(found: Pdu) -> dict[str, Any]:
    """Return a decoded PDU as the documented JSON object; fields that the TPDU lacks are ``None``.

    Present only if they apply: ``validity_until`` (absolute TP-VP), ``failure_cause`` (TP-FCS), ``indications``
    (message waiting) and ``warnings``.
    """
    tpdu = found.tpdu
    validity = tpdu.validity if isinstance(tpdu, Submit) else None
    concat = None if isinstance(tpdu, Command) else tpdu.concat
    dcs = None if isinstance(tpdu, Command) else tpdu.dcs
    shown: dict[str, Any] = {
        "tpdu": tpdu.name,
        "smsc": None if found.smsc is None else found.smsc.number,
        "number": _number(tpdu),
        **_content(tpdu),
        "pid": tpdu.pid,
        "dcs": dcs,
        "class": None if dcs is None else DCS[dcs].message_class,
        "timestamp": _moment(tpdu.timestamp if isinstance(tpdu, Deliver | StatusReport | SubmitReport) else None),
        "discharge": _moment(tpdu.discharge if isinstance(tpdu, StatusReport) else None),
        "status": tpdu.status if isinstance(tpdu, StatusReport) else None,
        "reference": tpdu.reference if isinstance(tpdu, Submit | StatusReport | Command) else None,
        "validity_s": None if validity is None else validity.seconds,
        "concat": None if concat is None else {"ref": concat.reference, "total": concat.total, "seq": concat.sequence},
        "elements": _elements(tpdu),
    }
    if isinstance(validity, AbsoluteValidity):
        shown["validity_until"] = _moment(validity.moment)
    if isinstance(tpdu, SubmitReport | DeliverReport) and tpdu.failure_cause is not None:
        shown["failure_cause"] = tpdu.failure_cause
    indications = [{"kind": i.kind, "active": i.active, "store": i.store, "count": i.count} for i in _indications(tpdu)]
    if indications:
        shown["indications"] = indications
    warnings = [{"field": w.field, "offset": w.offset, "title": w.title} for w in found.warnings]
    if warnings:
        shown["warnings"] = warnings
    return shown


def _number(tpdu: Tpdu) -> str | None:
    if isinstance(tpdu, Deliver):
        return tpdu.originator.number
    if isinstance(tpdu, Submit | Command):
        return tpdu.destination.number
    return tpdu.recipient.number if isinstance(tpdu, StatusReport) else None


def _content(tpdu: Tpdu) -> dict[str, Any]:
    if isinstance(tpdu, Command):
        return {"data_hex": tpdu.data.hex().upper(), "alphabet": None}
    if tpdu.user_data is None:
        return {"text": None, "alphabet": None}
    if tpdu.data is not None:
        return {"data_hex": tpdu.data.hex().upper(), "alphabet": str(tpdu.user_data.alphabet)}
    return {"text": tpdu.text, "alphabet": str(tpdu.user_data.alphabet)}


def _elements(tpdu: Tpdu) -> list[list[int | str]]:
    if isinstance(tpdu, Command):
        elements = tpdu.elements
    else:
        elements = tpdu.user_data.elements if tpdu.user_data is not None else ()
    return [[element.iei, element.data.hex().upper()] for element in elements]


def _indications(tpdu: Tpdu) -> list[Any]:
    found = []
    if isinstance(tpdu, Deliver | Submit) and tpdu.coding.indication is not None:
        found.append(tpdu.coding.indication)
    if not isinstance(tpdu, Command) and tpdu.user_data is not None:
        found.extend(tpdu.user_data.indications)
    return found


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _print_json(value: dict[str, Any]) -> None:
    # ASCII only: some programs take U+0085 and U+2028 for line endings.
    write_data(json.dumps(value) + "\n")
    sys.stdout.flush()


def _print_table(found: Pdu) -> None:
    from rich.table import Table
    from rich.text import Text

    from gsmgw.pdu.describe import describe

    table = Table(title=f"{found.tpdu.name}, {len(found.octets)} bytes", title_justify="left")
    table.add_column("field", no_wrap=True, style="bold")
    table.add_column("value", overflow="fold")
    table.add_column("meaning", overflow="fold")
    table.add_column("clause", overflow="fold", style="dim")
    for row in describe(found):
        table.add_row(*(Text(shown(cell)) for cell in (row.field, row.value, row.meaning, row.clause)))
    print_rich(table)


@pdu.command(short_help="Encode a text into PDUs.")
@click.argument("text")
@click.option("--to", "to", metavar="NUMBER", required=True, help="Set the recipient.")
@click.option("--from", "sender", metavar="NUMBER", help="Set the sender and build DELIVERs instead of SUBMITs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per segment, one per line.")
def encode(text: str, to: str, sender: str | None, as_json: bool) -> None:
    """Encode TEXT and print the PDU of each segment, one per line: SUBMITs, or with --from DELIVERs.

    Each PDU begins with an SMSC address of length 0 (the default of the SIM). Without --json, a summary goes to
    standard error. Exit code 1 if the text or a number cannot be encoded.
    """
    reference = crc32(text.encode("utf-8", "replace")) & 0xFF
    try:
        plan = plan_text(text)
        built = [build_pdu(tpdu) for tpdu in _tpdus(plan, to, sender, reference)]
    except PduError as error:
        if as_json:
            _print_json({"error": {"field": error.field, "offset": error.offset, "title": error.title}})
        else:
            say(f"cannot be encoded: {error}", err=True)
        raise SystemExit(1) from None
    if as_json:
        for found in _segment_objects(built, plan, reference):
            _print_json(found)
        return
    for hexadecimal in built:
        say(hexadecimal)
    _summarise(built, plan)


def _tpdus(plan: TextPlan, to: str, sender: str | None, reference: int) -> Iterable[Tpdu]:
    """Return SUBMITs to a number, or DELIVERs from a sender. Raises :class:`PduError`."""
    destination = Address.parse_number(to)
    if sender is None:
        return submits(plan, destination, reference=reference)
    now = datetime.now(UTC).replace(microsecond=0)
    return delivers(plan, Address.parse(sender), now, reference=reference)


def _segment_objects(built: Sequence[str], plan: TextPlan, reference: int) -> Iterator[dict[str, Any]]:
    total = len(built)
    for number, (hexadecimal, segment) in enumerate(zip(built, plan.segments, strict=True), 1):
        yield {
            "pdu": hexadecimal,
            "length": cmgs_length(hexadecimal),
            "segment": number,
            "segments": total,
            "encoding": str(plan.encoding),
            "text": segment,
            "concat": {"ref": reference, "total": total, "seq": number} if total > 1 else None,
        }


def _summarise(built: Sequence[str], plan: TextPlan) -> None:
    """Print the length of a text in its encoding, and what forced that, to standard error."""
    unit = "septets" if plan.encoding == "gsm7" else "UCS-2 units"
    lengths = ", ".join(str(cmgs_length(hexadecimal)) for hexadecimal in built)
    say(
        f"{plan.encoding}, segments: {len(built)}, {unit} used: {plan.units_used}, free in the last: "
        f"{plan.units_left}, AT+CMGS length: {lengths}",
        err=True,
    )
    if plan.forcing:
        say(f"characters outside the GSM 7-bit alphabet: {' '.join(plan.forcing)}", err=True)
