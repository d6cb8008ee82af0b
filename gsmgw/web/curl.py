"""Lines for curl that use a new token."""

from __future__ import annotations

import json
import shlex

from gsmgw.web.view import View
from gsmgw.wire import resources

#: A number that belongs to nobody, for examples.
_EXAMPLE = "+4915112345678"
#: The ``Host`` header of requests over the Unix socket is not looked at.
_ANY_HOST = "http://gsmgw"


async def curl_lines(view: View, token: resources.NewToken, to: str = "") -> list[tuple[str, str]]:
    """Return lines that send a text, or list texts if the token may not send: ``socket``, and ``tcp`` if it listens."""
    api = (await view.gateway.integrations())["api"]
    rest = f"-H {shlex.quote('Authorization: Bearer ' + token['token'])}"
    if {"send", "manage"} & {*token["scopes"]}:
        body = json.dumps({"to": to or _EXAMPLE, "text": "Hello from curl"}, ensure_ascii=False)
        rest += f" -H 'Content-Type: application/json' -d {shlex.quote(body)}"
    lines = [("socket", f"curl --unix-socket {shlex.quote(api['socket'])} {_ANY_HOST}/v1/messages {rest}")]
    if api["listen"]:
        address = _reachable(api["listen"], view.request.url.hostname or "127.0.0.1")
        lines.append(("tcp", f"curl {'https' if api['tls'] else 'http'}://{address}/v1/messages {rest}"))
    return lines


def _reachable(listen: str, host: str) -> str:
    """Return the address to connect to: a listener at all addresses is reached like this page."""
    bound, _, port = listen.rpartition(":")
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if bound in ("0.0.0.0", "[::]", "*") else listen
