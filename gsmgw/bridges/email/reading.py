"""Reads a mail: the text to send, or the reason why it is refused. Pure, and safe with everything that arrives.

The headers are read with the old policy of :mod:`email`, whose parser takes everything; what they say is decoded here.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from gsmgw.bridges.email.addresses import MARK, answered_message
from gsmgw.bridges.email.markup import text_of_html
from gsmgw.bridges.email.replies import is_reply_subject, own_words
from gsmgw.errors import GsmgwError
from gsmgw.escaping import STEERING

#: Hops after which a mail goes in circles (RFC 5321 6.3 asks for at least 100 between strangers; here is the last hop).
MAX_HOPS = 30
#: Parts of a mail, and multiparts in it.
MAX_PARTS, MAX_MULTIPARTS = 200, 30
#: Attachments that are named, and characters of a name.
MAX_NAMED, MAX_NAME = 5, 60
_BULK = frozenset({"bulk", "junk", "list"})
#: Headers of answers that programs give by themselves (RFC 3834, and what is older).
_AUTOMATIC = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Vacation")


class BadMail(GsmgwError):
    """The mail does not become a text. The message is the reason; it has no characters beyond ASCII."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, as far as it matters. ``ident`` is equal for a mail that comes again; None if nothing tells.

    ``answers`` is the message that the answered mail was about.
    """

    text: str
    ident: str | None
    reply: bool = False
    answers: int | None = None


@dataclass(slots=True)
class _Body:
    plain: list[str]
    html: list[str]
    attachments: list[str]


def read_mail(content: bytes, subject_rule: str = "prepend", max_characters: int = 1000) -> Mail:
    """Read a mail. Raises :class:`BadMail`."""
    # Before the parser: nested multiparts cost it the square of their depth.
    if len(re.findall(rb"\bmultipart/", content, re.IGNORECASE)) > MAX_MULTIPARTS:
        raise BadMail(f"the mail has more than {MAX_MULTIPARTS} multiparts")
    try:
        return _read(BytesParser(policy=compat32).parsebytes(content), subject_rule, max_characters)
    except BadMail:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError) as exc:
        raise BadMail(f"the mail is malformed: {type(exc).__name__}") from exc


def _read(message: Message, subject_rule: str, max_characters: int) -> Mail:
    _refuse_automatic(message)
    subject = " ".join(header(message, "Subject").split())
    reply = "In-Reply-To" in message or "References" in message or is_reply_subject(subject)
    body = _body_of(message)
    plain = "\n".join(own_words(each, reply=reply) for each in body.plain).strip()
    text = plain or "\n".join(own_words(each, reply=reply, html=True) for each in body.html).strip()
    words = [_composed(text, "" if reply else subject, subject_rule)]
    named = body.attachments[:MAX_NAMED]
    more = len(body.attachments) - len(named)
    words += [f"[{name}]" for name in named] + ([f"[+{more}]"] if more else [])
    whole = "\n".join(each for each in words if each)
    if not whole:
        raise BadMail("the mail has no text of its own" if reply else "the mail has no text and no subject")
    if len(whole) > max_characters:
        whole = whole[: max_characters - 3].rstrip() + "..."
    answers = answered_message(header(message, "In-Reply-To"), header(message, "References"))
    return Mail(whole, _ident(message, text), reply, answers)


def _composed(text: str, subject: str, rule: str) -> str:
    """Return the text with its subject, as the configuration has it. A mail without a text is its subject."""
    if rule == "only" or not text:
        return subject or text
    if rule == "none" or not subject or text.startswith(subject):
        return text
    return f"{subject}\n{text}"


def _refuse_automatic(message: Message) -> None:
    """Refuse what could go in circles. Alarms are ``auto-generated``: those are taken."""
    if MARK in message:
        raise BadMail("the mail was sent by a gateway: a loop")
    if len(message.get_all("Received", [])) > MAX_HOPS:
        raise BadMail(f"the mail has more than {MAX_HOPS} Received headers: a loop")
    kind = header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if kind.startswith("auto-") and kind != "auto-generated":
        raise BadMail(f"automatic answers are not sent as texts: Auto-Submitted is {kind[:40]}")
    if header(message, "Precedence").strip().lower() in _BULK or any(name in message for name in _AUTOMATIC):
        raise BadMail("automatic answers and bulk mail are not sent as texts")
    if any(name in message for name in ("List-Id", "List-Unsubscribe", "List-Post")):
        raise BadMail("mails of mailing lists are not sent as texts")
    if message.get_content_type() == "multipart/report":
        raise BadMail("delivery reports are not sent as texts")


def _ident(message: Message, text: str) -> str | None:
    """Return what tells this mail from others: its Message-ID, else its date with its sender and text."""
    given = "".join(header(message, "Message-ID").split())
    if not given:
        date = header(message, "Date").strip()
        given = f"{date}\n{header(message, 'From')}\n{text}" if date else ""
    return hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()[:32] if given else None


def header(message: Message, name: str) -> str:
    """Return a header decoded and on one line; empty without it."""
    raw = message.get(name)
    if raw is None:
        return ""
    try:
        chunks = decode_header(raw)
    except (ValueError, LookupError, TypeError, AttributeError):
        chunks = [(str(raw), None)]
    text = "".join(_decoded_chunk(chunk, charset) for chunk, charset in chunks)
    return _clean(text).replace("\n", " ")


def _decoded_chunk(chunk: bytes | str, charset: str | None) -> str:
    if isinstance(chunk, str):  # bytes beyond ASCII are surrogates
        chunk = chunk.encode("utf-8", "surrogateescape")
    return decoded(chunk, None if charset in (None, "unknown-8bit") else charset)


def decoded(raw: bytes, charset: str | None) -> str:
    """Return bytes as text. A charset that is unknown, or a wrong one, becomes UTF-8, else Windows-1252."""
    for name in (charset, "utf-8", "windows-1252"):
        if not name:
            continue
        try:
            info = codecs.lookup(name.strip().strip("\"'"))
            if not info._is_text_encoding:  # "zip" and others are not charsets
                continue
            return raw.decode(info.name)
        except (LookupError, ValueError):
            continue
    return raw.decode("latin-1")


def _body_of(message: Message) -> _Body:
    body = _Body([], [], [])
    for count, part in enumerate(_parts(message)):
        if count >= MAX_PARTS:
            raise BadMail(f"the mail has more than {MAX_PARTS} parts")
        _take(part, body)
    return body


def _parts(message: Message) -> Iterator[Message]:
    """Yield the parts, not those of attached mails."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            waiting += reversed([each for each in inner if isinstance(each, Message)])
        else:
            yield part


def _take(part: Message, body: _Body) -> None:
    kind = part.get_content_type()
    if kind.startswith("multipart/"):  # without a boundary: its content is what a reader sees
        kind = "text/plain"
    name = part.get_filename()
    attached = part.get_content_disposition() == "attachment"
    if kind not in ("text/plain", "text/html") or attached or name:
        if attached or name:
            body.attachments.append(_file_name(str(name or ""), kind))
        elif kind.startswith(("image/", "audio/", "video/", "application/", "message/")) and not _is_decoration(part):
            body.attachments.append(kind)
        return
    raw = part.get_payload(decode=True)
    text = _clean(decoded(raw if isinstance(raw, bytes) else b"", part.get_content_charset()))
    if not text.strip():
        return
    if kind == "text/html":
        body.html.append(text_of_html(text))
    else:
        body.plain.append(_unwrapped(text, part))


def _is_decoration(part: Message) -> bool:
    """Return True for a picture of the HTML, and a signature of the mail."""
    return part.get("Content-ID") is not None or part.get_content_type() == "application/pgp-signature"


def _file_name(name: str, kind: str) -> str:
    decoded_name = "".join(_decoded_chunk(chunk, charset) for chunk, charset in decode_header(name)) if name else kind
    return " ".join(_clean(decoded_name).split())[:MAX_NAME] or kind


def _unwrapped(text: str, part: Message) -> str:
    """Join the lines of ``format=flowed`` (RFC 3676)."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    joined = str(part.get_param("delsp", "")).lower() == "yes"
    lines: list[str] = []
    open_line = False
    for line in text.splitlines():
        quoted = line.startswith(">")
        line = line[1:] if line.startswith(" ") else line  # stuffed
        flows = line.endswith(" ") and line != "-- " and not quoted
        if open_line and line != "-- " and not quoted:
            lines[-1] += line
        else:
            lines.append(line)
        if flows and joined:
            lines[-1] = lines[-1][:-1]
        open_line = flows
    return "\n".join(lines)


def _clean(text: str) -> str:
    """Return a text with line feeds only, and without control characters and surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return STEERING.sub(lambda match: "\n" if match[0] in "\n\u2028\u2029" else "", text)
