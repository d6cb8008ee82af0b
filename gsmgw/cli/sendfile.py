"""gsmgw send --file: check every row, then send all of them or report the errors by line."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from gsmgw.cli.common import print_json, progress
from gsmgw.cli.exits import FAILED, NO_DAEMON, USAGE, fail
from gsmgw.cli.listing import count, print_table, say, shown
from gsmgw.cli.mailing import Draft, Letter, Mailing, compose, portions, settle
from gsmgw.cli.table import TableError, read_table
from gsmgw.client import Client, NoDaemon
from gsmgw.templates import Setting
from gsmgw.wire import resources

Json = dict[str, Any]
Answer = resources.BatchMessage | resources.RefusedMessage
Preview = resources.SeenMessage | resources.RefusedMessage

#: Maximum number of lines about rows to print; the rest is counted.
_SHOWN = 50
#: Problem code of a row that an earlier run sent with other options: same reference, other content.
_SENT_BEFORE = "client_ref_conflict"


def load(file: str, text: str | None, fields: Json, *, encoding: str | None, language: str | None, **how: Any) -> Draft:
    """Read the table in ``file`` (``-`` for standard input) and build its messages."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as exc:
        fail(f"{file}: {exc.strerror}", USAGE)
    try:
        table = read_table(raw, encoding)
        setting = Setting(datetime.now().astimezone(), language or _own_language())
        draft = compose(table, text, fields, setting, **how)
    except TableError as exc:
        fail(f"{file}: {exc}", USAGE)
    if table.encoding == "windows-1252":
        say(f"gsmgw: {file} is not valid UTF-8; reading it as Windows-1252", err=True)
    if not draft.letters and not draft.faults:
        fail(f"{file}: no rows after the header", USAGE)
    return draft


def _own_language() -> str:
    """Return the language of this terminal, ``en`` if it has none."""
    tag = next((os.environ[name] for name in ("LC_ALL", "LC_TIME", "LANG") if os.environ.get(name)), "")
    return tag.partition(".")[0].replace("_", "-") if tag[:2].isalpha() else "en"


def check(client: Client, draft: Draft, *, run: str, duplicates: bool) -> Mailing:
    """Have the gateway check each message; leave repeated rows out, and say so."""
    mailing = settle(draft, _look(client, draft.letters), run=run, duplicates=duplicates)
    told = [
        f"line {repeat.line} has the number and the text of line {repeat.earlier}; sent once"
        for repeat in mailing.repeats
    ]
    _list(told)
    if told:
        say("gsmgw: to send repeated rows, too: --duplicates", err=True)
    return mailing


def dry_run(mailing: Mailing, as_json: bool) -> None:
    """Show the messages and their totals without sending them. Exits."""
    pairs = list(zip(mailing.letters, mailing.previews, strict=True))
    if as_json:
        for letter, seen in pairs:
            print_json({"line": letter.line, **seen})
        _print_left_out(mailing)
    else:
        rows = [(letter.line, *_shown(seen), letter.message["text"]) for letter, seen in pairs]
        print_table(("line", "to", "encoding", "segments", "text"), rows, "no rows without errors")
        _list([str(fault) for fault in mailing.faults])
    encodings = Counter(seen["encoding"] for seen in mailing.previews)
    kinds = ", ".join(f"{number} {name}" for name, number in sorted(encodings.items()))
    segments = sum(seen["segments"] for seen in mailing.previews)
    total = f"{count(len(pairs), 'message')} ({kinds}), {count(segments, 'segment')}" if pairs else "no message"
    say(f"{total}, {count(_bad(mailing), 'row')} with errors{_left_out(mailing)}; nothing sent", err=True)
    sys.exit(FAILED if mailing.faults else 0)


def _shown(seen: resources.SeenMessage) -> tuple[str, str, int]:
    return seen["to"], seen["encoding"], seen["segments"]


def send_all(client: Client, mailing: Mailing, *, skip_bad: bool, as_json: bool) -> None:
    """Send all rows, or nothing if a row has errors and ``skip_bad`` is not set. Exits."""
    bad = _bad(mailing)
    if bad:
        _list([str(fault) for fault in mailing.faults])
        if not skip_bad:
            have = "has" if bad == 1 else "have"
            hint = "Correct them, or send the others with --skip-bad"
            fail(f"nothing sent: {count(bad, 'row')} {have} errors. {hint}")
    done = _send_portions(client, mailing.letters, as_json)
    if as_json:
        _print_left_out(mailing)
    before = f", {done['before']} already accepted earlier (to send them again: --run NAME)" if done["before"] else ""
    refused = done["refused"] + bad
    say(f"{done['accepted']} accepted{before}{_left_out(mailing)}, {refused} refused", err=True)
    sys.exit(FAILED if refused else 0)


def _send_portions(client: Client, letters: Sequence[Letter], as_json: bool) -> Counter[str]:
    """Send the messages, and count their outcomes. Exits if the gateway goes away."""
    done: Counter[str] = Counter()
    try:
        with progress("sending", len(letters)) as advance:
            for key, portion in portions(letters):
                answers = client.send_many([letter.message for letter in portion], key=key)
                for letter, answer in zip(portion, answers, strict=True):
                    done[_outcome(answer)] += 1
                    _tell(letter, answer, as_json)
                advance(len(portion))
    except (NoDaemon, KeyboardInterrupt) as exc:
        where = f": {exc}" if isinstance(exc, NoDaemon) else ""
        say(f"gsmgw: interrupted after {sum(done.values())} of {len(letters)} rows{where}", err=True)
        say("Run the same command again. Messages that were accepted are not sent twice.", err=True)
        sys.exit(NO_DAEMON if isinstance(exc, NoDaemon) else FAILED)
    return done


def _bad(mailing: Mailing) -> int:
    """Return the number of rows with errors; a row may have several."""
    return len({fault.line for fault in mailing.faults})


def _left_out(mailing: Mailing) -> str:
    return f", {count(len(mailing.repeats), 'repeated row')} left out" if mailing.repeats else ""


def _print_left_out(mailing: Mailing) -> None:
    """Print the rows that are not sent as JSON."""
    for fault in mailing.faults:
        print_json({"line": fault.line, "error": {"detail": str(fault), "column": fault.column}})
    for repeat in mailing.repeats:
        print_json({"line": repeat.line, "repeats": repeat.earlier})


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


def _list(sentences: Sequence[str]) -> None:
    """Print sentences about rows, but not thousands of them."""
    for sentence in sentences[:_SHOWN]:
        say(f"gsmgw: {shown(sentence)}", err=True)
    if len(sentences) > _SHOWN:
        say(f"gsmgw: and {len(sentences) - _SHOWN} more", err=True)
