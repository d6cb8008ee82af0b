"""Hooks of mkdocs: its Markdown knows fenced code blocks only outside of lists."""

from __future__ import annotations

import re
from textwrap import indent

_FENCE = re.compile(r"^( +)```\w*\n(.*?)^\1```[ ]*$", re.MULTILINE | re.DOTALL)


def on_page_markdown(markdown: str, **_: object) -> str:
    """Turn fenced blocks inside of lists into indented ones."""
    return _FENCE.sub(lambda found: "\n" + indent(found[2], "    "), markdown)
