"""The bridge: the listener where it is configured, and the outbox where it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from gsmgw.bridges.email.context import MailContext
from gsmgw.bridges.email.listener import Listener
from gsmgw.bridges.email.outbox import Outbox


class MailBridge:
    """The e-mail bridge of a gateway."""

    def __init__(self, ctx: MailContext) -> None:
        self.listener = None if ctx.settings.listen is None else Listener(ctx)
        self.outbox = Outbox(ctx) if ctx.settings.to else None

    def tasks(self) -> Sequence[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return what runs, by name."""
        found: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        if self.listener is not None:
            found.append(("mail listener", self.listener.run))
        if self.outbox is not None:
            found.append(("mail", self.outbox.run))
        return found

    @property
    def behind(self) -> int | None:
        """The number of events that it has not mailed; None if it mails none."""
        return None if self.outbox is None else self.outbox.lag

    @property
    def dropped(self) -> int | None:
        """The number of mails that the server refused for good since the start; None if it mails none."""
        return None if self.outbox is None else self.outbox.dropped

    @property
    def trouble(self) -> str | None:
        """Why it does not work; None if it does."""
        parts = [each.trouble for each in (self.listener, self.outbox) if each is not None and each.trouble]
        return "; ".join(parts) or None
