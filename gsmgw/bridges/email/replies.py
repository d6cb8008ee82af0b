"""Cuts what people do not mean to send: signatures, quoted mails, and what mail programs add. Pure."""

from __future__ import annotations

import re

#: Beginnings of the subject of an answer or a forwarded mail.
REPLY_SUBJECT = re.compile(r"\s*(re|aw|antw|sv|vs|odp|res|rif|r|tr|ynt|wg|fwd?)(\[[0-9]+\])?\s*:", re.IGNORECASE)
#: The line before a quoted mail: "On ... Ann wrote:", in the languages of common mail programs.
_WROTE = re.compile(
    r"(wrote|schrieb\b.*|a écrit|a ecrit|escribió|escribio|ha scritto|escreveu|schreef\b.*|napisał\(?a?\)?|napisal"
    r"|skrev\b.*|kirjoitti\b.*|napsal\(?a?\)?|írta\b.*|a scris|написал\(?а?\)?|пише|έγραψε|yazdı|さんは書きました"
    r"|写道|님이 작성|<\S+@\S+>)\s*[:：]\s*$",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"\s*(on|am|le|el|il|em|op|dnia|w dniu|den|d\.|ons?dag|el día|pe|dne|în|в|[0-9]{1,4}[-./年]|\w{2,4}\.?,? [0-9])",
    re.IGNORECASE,
)
#: "-----Original Message-----", in the languages of Outlook.
_ORIGINAL = re.compile(
    r"\s*[-_]{2,}\s*(original message|original appointment|ursprüngliche nachricht|originalnachricht|message d'origine"
    r"|message original|mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht"
    r"|wiadomość oryginalna|original(t)? meddelande|oprindelig meddelelse|alkuperäinen viesti|původní zpráva"
    r"|forwarded message|weitergeleitete nachricht|исходное сообщение)\s*[-_]{2,}\s*",
    re.IGNORECASE,
)
_FROM = re.compile(r"\s*\*?(from|von|de|da|van|od|från|fra|lähettäjä|feladó|от|kimden)\s?:\*?\s", re.IGNORECASE)
_SENT = re.compile(
    r"\s*\*?(sent|date|gesendet|datum|envoyé|enviado( el| em)?|inviato|data|verzonden|wysłano|skickat|sendt"
    r"|lähetetty|odesláno|elküldve|отправлено|дата|gönderildi)\s?:\*?\s",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*[-_]{5,}\s*")
#: Lines that mail programs on phones add.
_SENT_FROM = re.compile(
    r"\s*(sent from (my|mail|outlook|yahoo|proton)\b|get outlook for|von meinem .{1,40} gesendet|gesendet von"
    r"|envoyé de(puis)? mon|envoyé à partir|enviado desde|enviado do meu|inviato da|verzonden vanaf|verstuurd vanaf"
    r"|wysłane z|skickat från|sendt fra|lähetetty .{1,20}(puhelimesta|iphonesta)|odesláno z|отправлено с).*",
    re.IGNORECASE,
)
#: Lines that an attribution may be wrapped over.
_ATTRIBUTION_LINES = 3


def is_reply_subject(subject: str) -> bool:
    """Return True for the subject of an answer or a forwarded mail."""
    return REPLY_SUBJECT.match(subject) is not None


def own_words(text: str, *, reply: bool, html: bool = False) -> str:
    """Return a text without its signature and, in a ``reply``, without what it quotes.

    A mail that is not a reply may have lines that begin with ``>`` ("> 90 % full"), so nothing else is cut there.
    """
    lines = text.splitlines()
    if reply:
        lines = _without_quotes(lines)
    # HTML and some mail programs lose the space at the end of the separator (RFC 3676 4.3).
    separators = ("-- ", "--") if reply or html else ("-- ",)
    for number, line in enumerate(lines):
        if line in separators:
            lines = lines[:number]
            break
    if reply:
        while lines and (not lines[-1].strip() or _SENT_FROM.fullmatch(lines[-1])):
            lines.pop()
    return "\n".join(line.rstrip() for line in lines).strip()


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    number = 0
    while number < len(lines):
        if _begins_quoted_mail(lines, number):
            break
        length = _attribution_at(lines, number)
        if length:
            number += length
        elif lines[number].lstrip().startswith(">"):
            number += 1
        else:
            kept.append(lines[number])
            number += 1
    return kept


def _begins_quoted_mail(lines: list[str], number: int) -> bool:
    """Return True where all that follows is a quoted mail with its headers."""
    line = lines[number]
    if _ORIGINAL.fullmatch(line):
        return True
    first = number + 1 if _RULE.fullmatch(line) else number
    if any(map(_FROM.match, lines[first : first + 1])) and any(map(_SENT.match, lines[first + 1 : first + 4])):
        return True
    length = _attribution_at(lines, number)
    if not length:
        return False
    # Quoted lines without marks follow, as in Outlook and in text that was made of HTML.
    rest = [each for each in lines[number + length :] if each.strip()]
    return not rest or not rest[0].lstrip().startswith(">")


def _attribution_at(lines: list[str], number: int) -> int:
    """Return how many lines the attribution has that begins here; 0 if none does."""
    if not _BEGINS.match(lines[number]):
        return int(bool(_WROTE.search(lines[number])) and "@" in lines[number])
    for length in range(1, _ATTRIBUTION_LINES + 1):
        portion = lines[number : number + length]
        if not portion[-1].strip():
            return 0
        if _WROTE.search(" ".join(portion)):
            return length
    return 0
