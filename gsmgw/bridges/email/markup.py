"""HTML to plain text, with the standard library. Quoted mails are left out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

#: Elements whose content is not text.
_SILENT = frozenset({"head", "script", "style", "template", "title", "noscript", "svg"})
#: Elements that begin a line, and those that a blank line surrounds.
_LINES = frozenset({"address", "article", "br", "dd", "div", "dt", "footer", "header", "hr", "li", "section", "tr"})
_BLOCKS = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
#: Elements without an end.
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
#: Marks of the mails that mail programs quote: Gmail, Outlook, Yahoo, Thunderbird, Proton.
_QUOTES = re.compile(
    r"\b(gmail_quote(_container)?|yahoo_quoted|moz-cite-prefix|protonmail_quote|gmail_attr|tutanota_quote)\b"
)
#: From here on all is quoted (Outlook).
_REST = frozenset({"divrplyfwdmsg", "appendonsend", "olk_src_body_section", "mail-editor-reference-message-container"})
#: Elements that are open at the same time; deeper ones are not followed.
MAX_DEPTH = 500


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._silent = 0
        self._preformatted = 0
        self._ended = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if values.get("id", "").lower().removeprefix("x_") in _REST:
            self._ended = True
        self._break(tag)
        if tag == "li":
            self._add("- ")
        if tag in _VOID or len(self._open) >= MAX_DEPTH:
            return
        hides = (
            tag in _SILENT
            or (tag == "blockquote" and values.get("type") == "cite")
            or bool(_QUOTES.search(values.get("class", "")))
        )
        self._open.append((tag, hides))
        self._silent += hides
        self._preformatted += tag == "pre"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or all(name != tag for name, _ in self._open):
            return
        while self._open:
            name, hides = self._open.pop()
            self._silent -= hides
            self._preformatted -= name == "pre"
            self._break(name)
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._preformatted:
            self._add(data)
            return
        text = re.sub(r"[ \t\r\n\f]+", " ", data)
        if text.startswith(" ") and (not self.parts or self.parts[-1].endswith(("\n", " "))):
            text = text[1:]
        if text:
            self._add(text)
        elif data and tagless(self.parts):
            self._add(" ")

    def _break(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._add(" ")
        elif tag in _LINES:
            self._add("\n")
        elif tag in _BLOCKS:
            self._add("\n\n")

    def _add(self, text: str) -> None:
        if not self._silent and not self._ended:
            self.parts.append(text)


def tagless(parts: list[str]) -> bool:
    """Return True if a space may follow the parts."""
    return bool(parts) and not parts[-1].endswith(("\n", " "))


def text_of_html(html: str) -> str:
    """Return what a reader of the HTML sees, line by line."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = "".join(reader.parts).replace("\xa0", " ")
    lines = [re.sub(r"  +", " ", line).strip() for line in text.split("\n")]
    joined: list[str] = []
    for line in lines:  # at most one blank line
        if line or (joined and joined[-1]):
            joined.append(line)
    return "\n".join(joined).strip()
