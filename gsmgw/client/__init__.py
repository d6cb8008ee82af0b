"""The Python client of the gateway, sync and async, over the Unix socket or TCP.

::

    with Client("/run/gsmgw/gsmgw.sock") as gateway:
        message = gateway.send("+4915112345678", "Your table is ready.")
        for event in gateway.events(types=["message.delivered"]):
            ...

``AsyncClient`` has the same calls, to be awaited. What a call asks for stands once, in ``calls``; how a lost answer, a
listing's next page and a broken event stream are dealt with stands once, in ``procedures``.
"""

from __future__ import annotations

from gsmgw.client.aio import AsyncClient
from gsmgw.client.calls import Json, part
from gsmgw.client.errors import ApiError, NoAnswer, NoDaemon
from gsmgw.client.options import DEFAULT_SOCKET
from gsmgw.client.sync import Client

__all__ = ["DEFAULT_SOCKET", "ApiError", "AsyncClient", "Client", "Json", "NoAnswer", "NoDaemon", "part"]
