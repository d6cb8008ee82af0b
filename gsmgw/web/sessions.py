"""Clients of the gateway, one for each session: the page has no rights of its own."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass

from gsmgw.client import AsyncClient
from gsmgw.wire import resources

#: How long what is known about a user is used again; seconds.
FRESH_S = 5.0
#: Sessions whose connections are kept.
KEPT = 64


@dataclass(slots=True)
class Visitor:
    """A user who is signed in, and the client that has the user's rights."""

    token: str
    user: resources.User
    gateway: AsyncClient
    seen_s: float


class Sessions:
    """The users that are signed in here, by the tokens of their sessions."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._known: OrderedDict[str, Visitor] = OrderedDict()
        self._anyone = AsyncClient(socket)
        self._closing: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Close all connections."""
        for visitor in self._known.values():
            await visitor.gateway.close()
        self._known.clear()
        await asyncio.gather(self._anyone.close(), *self._closing)

    @property
    def anyone(self) -> AsyncClient:
        """The client of visitors who have not signed in."""
        return self._anyone

    async def visitor(self, token: str, fresh_s: float = FRESH_S) -> Visitor:
        """Return the user of a session. Raises :class:`gsmgw.client.ApiError` if the session has ended."""
        known = self._known.get(token)
        if known is not None and time.monotonic() - known.seen_s < fresh_s:
            self._known.move_to_end(token)
            return known
        gateway = AsyncClient(self._socket, token=token) if known is None else known.gateway
        try:
            user: resources.User = await gateway.request("GET", "/v1/users/me")
        except BaseException:
            if known is None:
                await gateway.close()
            raise
        visitor = Visitor(token, user, gateway, time.monotonic())
        earlier = self._known.get(token)
        if earlier is not None and earlier.gateway is not gateway:  # two requests at the same time
            self._drop(gateway)
            visitor.gateway = earlier.gateway
        self._known[token] = visitor
        self._known.move_to_end(token)
        while len(self._known) > KEPT:
            self._drop(self._known.popitem(last=False)[1].gateway)
        return visitor

    def forget(self, token: str) -> None:
        """Forget a session that has ended, or a user that has changed."""
        known = self._known.pop(token, None)
        if known is not None:
            self._drop(known.gateway)

    def _drop(self, gateway: AsyncClient) -> None:
        task = asyncio.create_task(gateway.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
