"""A finding: how bad, about what, in a sentence, and what helps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. An ``error`` keeps texts from going or puts them in danger."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``cure`` says what to do; it is empty only where nothing is to be done."""

    level: Level
    subject: str
    says: str
    cure: str = ""


def ok(subject: str, says: str) -> Finding:
    """It is as it should be."""
    return Finding(Level.OK, subject, says)


def note(subject: str, says: str, cure: str = "") -> Finding:
    """Good to know, or could not be looked at."""
    return Finding(Level.NOTE, subject, says, cure)


def warning(subject: str, says: str, cure: str) -> Finding:
    """It will hurt some day."""
    return Finding(Level.WARNING, subject, says, cure)


def error(subject: str, says: str, cure: str) -> Finding:
    """It hurts now."""
    return Finding(Level.ERROR, subject, says, cure)
