"""The text of segments: what is a segment, and what is wrong with one that is not. Pure."""

from __future__ import annotations

import re

from gsmgw.audience.segments.literals import SegmentError
from gsmgw.model.segments import MAX_CONDITIONS, Segment, conditions_of

#: Maximum number of characters of a segment.
MAX_CHARS = 4000


def parse(text: str) -> Segment:
    """Return the tree of a segment. Raises :class:`SegmentError` with the column."""
    from gsmgw.audience.segments.grammar import read  # loads the parser

    if len(text) > MAX_CHARS:
        raise SegmentError(f"has {len(text)} characters; at most {MAX_CHARS} are allowed", MAX_CHARS + 1)
    if not text.strip():
        raise SegmentError('is empty: write a condition such as city = "Ulm"', 1)
    found = read(re.sub(r"\s", " ", text))  # one line, so that a place is one column
    conditions = conditions_of(found)
    if len(conditions) > MAX_CONDITIONS:
        raise SegmentError(f"has more than {MAX_CONDITIONS} conditions", conditions[MAX_CONDITIONS].column)
    return found
