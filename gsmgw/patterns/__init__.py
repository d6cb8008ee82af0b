"""Users' regular expressions, in a process of their own: one that never ends is stopped and harms nobody else."""

from __future__ import annotations

from gsmgw.patterns.runner import PatternError, PatternRunner, PatternTooSlow

__all__ = ["PatternError", "PatternRunner", "PatternTooSlow"]
