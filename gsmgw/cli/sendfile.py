"""gsmgw send --file: check every row, then send all of them or report the errors by line."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gsmgw.cli.common import FAILED, NO_DAEMON, USAGE, fail, print_json, progress
from gsmgw.cli.listing import count, print_table, say, shown
from gsmgw.cli.mailing import Letter, Mailing, compose, portions
from gsmgw.cli.table import Table, TableError, read_table
from gsmgw.client import Client, NoDaemon
from gsmgw.wire import resources

Json = dict[str, Any]
Answer = resources.BatchMessage | resources.RefusedMessage
Preview = resources.SeenMessage | resources.RefusedMessage

#: Maximum number of errors to print; the rest is counted.
_SHOWN = 50
#: Problem code of a row that an earlier run sent with other options: same reference, other content.
_SENT_BEFORE = "client_ref_conflict"


def load(file: str, text: str | None, fields: Json, *, encoding: str | None, **how: Any) -> Mailing:
    """Read the table in ``file`` (``-`` for standard input) and build its messages."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as exc:
        fail(f"{file}: {exc.strerror}", USAGE)
    try:
        table = read_table(raw, encoding)
        mailing = compose(table, text, fields, **how)
    except TableError as exc:
        fail(f"{file}: {exc}", USAGE)
    _notes(file, table, mailing)
    return mailing


def _notes(file: str, table: Table, mailing: Mailing) -> None:
    if table.encoding == "windows-1252":
        say(f"gsmgw: {file} is not valid UTF-8; reading it as Windows-1252", err=True)
    if mailing.repeated:
        repeat = "repeats" if mailing.repeated == 1 else "repeat"
        say(f"gsmgw: {file}: {count(mailing.repeated, 'row')} {repeat} the number and text of an earlier row", err=True)
    if not mailing.letters and not mailing.faults:
        fail(f"{file}: no rows after the header", USAGE)


def dry_run(client: Client, mailing: Mailing, as_json: bool) -> None:
    """Show the messages and their totals without sending them. Exits."""
    looked_at = _look(client, mailing.letters)
    bad = len(mailing.faults) + sum("error" in answer for answer in looked_at)
    pairs = list(zip(mailing.letters, looked_at, strict=True))
    if as_json:
        for letter, answer in pairs:
            print_json({"line": letter.line, **answer})
        for fault in mailing.faults:
            print_json({"line": fault.line, "error": {"detail": str(fault), "column": fault.column}})
    else:
        rows = [
            (letter.line, answer["to"], answer["encoding"], answer["segments"], letter.message["text"])
            for letter, answer in pairs
            if "error" not in answer
        ]
        print_table(("line", "to", "encoding", "segments", "text"), rows, "no rows without errors")
        _complain(mailing, pairs)
    good = [answer for answer in looked_at if "error" not in answer]
    encodings = Counter(answer["encoding"] for answer in good)
    kinds = ", ".join(f"{number} {name}" for name, number in sorted(encodings.items()))
    segments = sum(answer["segments"] for answer in good)
    total = f"{count(len(good), 'message')} ({kinds}), {count(segments, 'segment')}" if good else "no message"
    say(f"{total}, {count(bad, 'row')} with errors; nothing sent", err=True)
    sys.exit(FAILED if bad else 0)


def send_all(client: Client, mailing: Mailing, *, skip_bad: bool, as_json: bool) -> None:
    """Send all rows, or nothing if a row has errors and ``skip_bad`` is not set. Exits."""
    pairs = list(zip(mailing.letters, _look(client, mailing.letters), strict=True))
    good = [letter for letter, answer in pairs if "error" not in answer]
    bad = len(mailing.faults) + len(pairs) - len(good)
    if bad:
        _complain(mailing, pairs)
        if not skip_bad:
            have = "has" if bad == 1 else "have"
            hint = "Correct them, or send the others with --skip-bad"
            fail(f"nothing sent: {count(bad, 'row')} {have} errors. {hint}")
    done: Counter[str] = Counter()
    try:
        with progress("sending", len(good)) as advance:
            for key, portion in portions(good):
                answers = client.send_many([letter.message for letter in portion], key=key)
                for letter, answer in zip(portion, answers, strict=True):
                    done[_outcome(answer)] += 1
                    _tell(letter, answer, as_json)
                advance(len(portion))
    except (NoDaemon, KeyboardInterrupt) as exc:
        where = f": {exc}" if isinstance(exc, NoDaemon) else ""
        say(f"gsmgw: interrupted after {sum(done.values())} of {len(good)} rows{where}", err=True)
        say("Run the same command again. Messages that were accepted are not sent twice.", err=True)
        sys.exit(NO_DAEMON if isinstance(exc, NoDaemon) else FAILED)
    before = f", {done['before']} already accepted earlier (to send them again: --run NAME)" if done["before"] else ""
    refused = done["refused"] + bad
    say(f"{done['accepted']} accepted{before}, {refused} refused", err=True)
    sys.exit(FAILED if refused else 0)


def _look(client: Client, letters: Sequence[Letter]) -> list[Preview]:
    """Return the gateway's preview of each message."""
    found: list[Preview] = []
    with progress("checking", len(letters)) as advance:
        for _, portion in portions(letters):
            found += client.preview_many([letter.message for letter in portion])
            advance(len(portion))
    return found


def _refusal(answer: Answer) -> resources.ProblemDocument | None:
    """Return the problem of a refused message, or None."""
    return None if "id" in answer else answer["error"]


def _outcome(answer: Answer) -> str:
    refusal = _refusal(answer)
    if refusal is not None:
        return "before" if refusal["code"] == _SENT_BEFORE else "refused"
    return "before" if answer.get("replayed") else "accepted"


def _tell(letter: Letter, answer: Answer, as_json: bool) -> None:
    refusal, outcome = _refusal(answer), _outcome(answer)
    if as_json:
        names = ("error",) if refusal is not None else ("id", "to", "status", "segments")
        kept = {name: value for name, value in answer.items() if name in names}
        print_json({"line": letter.line, **kept, "replayed": outcome == "before"})
    elif refusal is not None and outcome == "refused":
        say(f"gsmgw: line {letter.line}: {shown(refusal['detail'])}", err=True)


def _complain(mailing: Mailing, pairs: Sequence[tuple[Letter, Preview]]) -> None:
    """Print the errors, ordered by line."""
    told = [(fault.line, str(fault)) for fault in mailing.faults]
    for letter, answer in pairs:
        if "to" not in answer:
            detail = answer["error"]["detail"].partition(": ")
            words = detail[2] if detail[0].startswith("message ") else answer["error"]["detail"]
            told.append((letter.line, f"line {letter.line}: {words}"))
    for _, words in sorted(told)[:_SHOWN]:
        say(f"gsmgw: {shown(words)}", err=True)
    if len(told) > _SHOWN:
        say(f"gsmgw: and {len(told) - _SHOWN} more", err=True)
