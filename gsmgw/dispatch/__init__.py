"""Dispatch: what happened goes out to whoever wants to know."""

from gsmgw.dispatch.feed import EventFeed
from gsmgw.dispatch.webhooks import Webhooks

__all__ = ["EventFeed", "Webhooks"]
