"""Dispatch: what happened goes out to whoever wants to know."""

from gsmgw.dispatch.feed import EventFeed

__all__ = ["EventFeed"]
