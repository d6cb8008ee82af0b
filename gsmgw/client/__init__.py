"""The Python client for the gateway, synchronous and asynchronous, over the Unix socket or TCP.

::

    with Client("/run/gsmgw/gsmgw.sock") as gateway:
        message = gateway.send("+4915112345678", "Your table is ready.")
        for event in gateway.events(types=["message.delivered"]):
            ...

``AsyncClient`` has the same methods as coroutines: ``methods`` lists them. Requests are described in ``calls``;
retries, paging and resuming event streams are in ``procedures``.
"""

from __future__ import annotations

from gsmgw.client.aio import AsyncClient
from gsmgw.client.calls import Json, part
from gsmgw.client.errors import ApiError, NoAnswer, NoDaemon
from gsmgw.client.options import DEFAULT_SOCKET
from gsmgw.client.sync import Client

__all__ = ["DEFAULT_SOCKET", "ApiError", "AsyncClient", "Client", "Json", "NoAnswer", "NoDaemon", "part"]
