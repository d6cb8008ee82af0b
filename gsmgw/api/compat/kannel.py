"""Kannel's sendsms: ``GET /cgi-bin/sendsms?username=...&password=...&to=...&text=...`` (its user guide, chapter 6).

``username`` and ``password`` are the name and the secret of a token.
"""

from __future__ import annotations

import codecs
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response

from gsmgw.api.compat.common import MOST_RECIPIENTS, Notice, let_in, send
from gsmgw.api.context import Context, context_of
from gsmgw.digits import ascii_digits, is_digits
from gsmgw.dispatch.dialects import KANNEL_DLR
from gsmgw.errors import StoreError
from gsmgw.http.problems import Problem, of_exception
from gsmgw.model import Priority
from gsmgw.outbound import Refusal, ServiceError, Submission

router = APIRouter(include_in_schema=False)
Ctx = Annotated[Context, Depends(context_of)]

ACCEPTED = "0: Accepted for delivery"
QUEUED = "3: Queued for later delivery"
#: Parameters that change what is on the air, and that this door has no way for.
_UNABLE = ("udh", "mwi", "pid", "alt-dcs", "altdcs", "rpi", "compress", "binfo", "meta-data")
#: Of these 0 is what holds without them.
_NEUTRAL_ZERO = frozenset({"pid", "alt-dcs", "altdcs", "rpi", "compress"})
#: What Python calls an encoding and is no charset of a text.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
#: Names that Python lacks. UCS-2 alone does not say its byte order, and converters differ about it.
_CHARSETS = {"ucs-2be": "utf-16-be", "ucs-2le": "utf-16-le", "gsm": "", "ucs-2": "", "ucs2": "", "iso-10646-ucs-2": ""}
_MINUTE_S = 60
#: How far ahead a message may be put off: 100 years.
_LONGEST_MIN = 100 * 366 * 24 * 60


class _Refused(Exception):
    """The request cannot be taken; the words are the answer."""

    def __init__(self, words: str, status: int = 400) -> None:
        self.words = words
        self.status = status
        super().__init__(words)


class _Fields:
    """The parameters of a request, of which some have two spellings. Texts are still octets, each a character."""

    def __init__(self, query: bytes, form: bytes) -> None:
        pairs = [pair for raw in (query, form) for pair in parse_qsl(raw.decode("latin-1"), True, encoding="latin-1")]
        self._known = dict(pairs)

    def get(self, *names: str) -> str:
        """The first one that is there, as UTF-8; empty without."""
        return self._octets(*names).decode("utf-8", "replace").strip()

    def _octets(self, *names: str) -> bytes:
        return next((self._known[name] for name in names if name in self._known), "").encode("latin-1")

    def number(self, *names: str) -> int | None:
        """A number; None without."""
        text = self.get(*names)
        if not text:
            return None
        if not is_digits(text) or len(text) > 9:
            raise _Refused(f"{names[0]} is not a valid number, rejected")
        return int(text)

    def text(self, name: str, charset: str, default: str) -> str:
        """A text in a character set; without one in ``default``, and where UTF-8 is none Windows-1252, as of old."""
        raw = self._octets(name)
        try:
            return raw.decode(_codec(charset or default))
        except LookupError:  # one from octets to octets, say
            raise _unknown(charset) from None
        except UnicodeDecodeError:
            if charset or default != "UTF-8":
                raise _Refused(f"Text is not in the charset {charset or default}, rejected") from None
            return raw.decode("windows-1252", "replace")


def _codec(charset: str) -> str:
    """What Python calls a charset."""
    known = _CHARSETS.get(charset.lower(), charset)
    if not known:
        raise _Refused(f"Charset {charset} is not supported here, name UTF-8, UTF-16BE or UTF-16LE, rejected")
    try:
        name = codecs.lookup(known).name
    except (LookupError, ValueError):
        raise _unknown(charset) from None
    if name.replace("-", "_") in _NO_CHARSETS:
        raise _unknown(charset)
    return name


def _unknown(charset: str) -> _Refused:
    return _Refused(f"Charset {ascii(charset)[1:-1]} is not known, rejected")


@router.api_route("/cgi-bin/sendsms", methods=["GET", "POST"])
async def sendsms(ctx: Ctx, request: Request) -> Response:
    """Take a message for one recipient or, separated by spaces, several."""
    fields = _Fields(request.scope["query_string"], await request.body() if request.method == "POST" else b"")
    try:
        name, secret = fields.get("username", "user"), fields.get("password", "pass")
        caller = await let_in(ctx, request, name, secret, "send")
        wanted = _wanted(ctx, fields)
        results = await send(ctx, caller, wanted, _notice(fields))
    except _Refused as exc:
        return _answer(exc.words, exc.status)
    except (Problem, ServiceError, StoreError) as exc:
        return _failure(of_exception(exc))
    refused = [result for result in results if isinstance(result, Refusal)]
    if len(refused) == len(results):
        return _answer(f"{refused[0].field}: {refused[0].detail}, rejected", 400)
    words = QUEUED if wanted[0].send_at_ms is not None else ACCEPTED
    if refused:
        bad = " ".join(item.to for item, result in zip(wanted, results, strict=True) if isinstance(result, Refusal))
        words += f"\nIncorrect receiver(s): {bad}"
    return _answer(words, 202)


def _failure(problem: Problem) -> Response:
    if problem.code in ("unauthorized", "forbidden"):
        return _answer("Authorization failed for sendsms", 403)
    if problem.code == "too_many_requests":
        return _answer("Throttled, try again later.", 503, problem.headers)
    if problem.code == "storage_unavailable":
        return _answer("Temporal failure, try again later.", 503)
    return _answer(f"{problem.detail}, rejected", 400)


def _answer(words: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(words, status, headers, "text/plain; charset=utf-8")


def _wanted(ctx: Context, fields: _Fields) -> list[Submission]:
    """The messages that are asked for."""
    recipients = fields.get("to").split()
    if not recipients:
        raise _Refused("Missing receiver number, rejected")
    if len(recipients) > MOST_RECIPIENTS:
        raise _Refused(f"More than {MOST_RECIPIENTS} receivers, rejected")
    for name in _UNABLE:
        if fields.get(name) and not (name in _NEUTRAL_ZERO and fields.get(name) == "0"):
            raise _Refused(f"{name} is not supported here, rejected")
    coding = fields.number("coding")
    if coding not in (None, 0, 2):
        raise _Refused("coding is 0 (7 bits) or 2 (UCS-2), rejected")
    text = fields.text("text", fields.get("charset"), "UTF-16BE" if coding == 2 else "UTF-8")
    if not text:
        raise _Refused("Empty text not allowed, rejected")
    message_class = fields.number("mclass")
    if message_class is not None and message_class > 3:
        raise _Refused("mclass is 0 to 3, rejected")
    if message_class is None and fields.number("flash"):  # its name before there was mclass
        message_class = 0
    deferred, validity, priority = fields.number("deferred"), fields.number("validity"), fields.number("priority")
    if deferred is not None and deferred > _LONGEST_MIN:
        raise _Refused("deferred is too far ahead, rejected")
    if priority is not None and priority > 3:
        raise _Refused("priority is 0 to 3, rejected")
    modem = fields.get("smsc")
    return [
        Submission(
            to=_international(to),
            text=text,
            modem=modem if modem in ctx.modems else None,
            priority=Priority.URGENT if priority is not None and priority >= 2 else Priority.NORMAL,
            send_at_ms=ctx.clock.wall_ms() + deferred * _MINUTE_S * 1000 if deferred else None,
            valid_for=max(60, min(validity * _MINUTE_S, 63 * 7 * 86_400)) if validity else None,
            report=bool((fields.number("dlr-mask", "dlrmask") or 0) & 3) or None,
            encoding="ucs2" if coding == 2 else "auto",
            message_class=message_class,
        )
        for to in recipients
    ]


def _international(number: str) -> str:
    """Kannel's clients write numbers without the plus; a query string makes a space of one that is not encoded."""
    number = ascii_digits(number)
    return f"+{number}" if is_digits(number) and len(number) >= 11 and not number.startswith("0") else number


def _notice(fields: _Fields) -> Notice | None:
    mask, url = fields.number("dlr-mask", "dlrmask") or 0, fields.get("dlr-url", "dlrurl")
    if not mask or not url:
        return None
    events = tuple(type for type, bit in KANNEL_DLR.items() if bit & mask)
    if not events:
        return None
    return Notice("kannel", url, tuple(KANNEL_DLR), mask)
