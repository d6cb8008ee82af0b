"""Findings of the checks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The severity. An ``error`` prevents sending or receiving, or puts messages at risk."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check. ``cure`` says what to do; it is empty only if nothing needs to be done."""

    level: Level
    subject: str
    says: str
    cure: str = ""


def ok(subject: str, says: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(Level.OK, subject, says)


def note(subject: str, says: str, cure: str = "") -> Finding:
    """Return a finding for information, or for a check that was not possible."""
    return Finding(Level.NOTE, subject, says, cure)


def warning(subject: str, says: str, cure: str) -> Finding:
    """Return a finding that may become a problem."""
    return Finding(Level.WARNING, subject, says, cure)


def error(subject: str, says: str, cure: str) -> Finding:
    """Return a finding that is a problem now."""
    return Finding(Level.ERROR, subject, says, cure)
