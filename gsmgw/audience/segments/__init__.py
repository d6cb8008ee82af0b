"""Segments: a small language for conditions on contacts. Pure."""

from gsmgw.audience.segments.checking import HISTORY_FIELDS, SegmentScope, check, groups_in
from gsmgw.audience.segments.language import parse
from gsmgw.audience.segments.literals import SegmentError

__all__ = ["HISTORY_FIELDS", "SegmentError", "SegmentScope", "check", "groups_in", "parse"]
