"""Dispatch: deliver events to webhooks, hooks and other consumers."""

from gsmgw.dispatch.arrivals import Arrivals
from gsmgw.dispatch.feed import EventFeed
from gsmgw.dispatch.hooks import Hooks
from gsmgw.dispatch.indexer import Indexer
from gsmgw.dispatch.retention import Retention
from gsmgw.dispatch.rollups import Rollups
from gsmgw.dispatch.text_expiry import TextExpiry
from gsmgw.dispatch.webhooks import Webhooks

__all__ = ["Arrivals", "EventFeed", "Hooks", "Indexer", "Retention", "Rollups", "TextExpiry", "Webhooks"]
