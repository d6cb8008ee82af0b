"""A delivery attempt: a request to a checked address. Imported when the first webhook needs it, for httpx is large."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from typing import Self

import httpx

from gsmgw.config import WebhooksSection
from gsmgw.dispatch.backoff import parse_retry_after
from gsmgw.dispatch.dialect import Post
from gsmgw.dispatch.outcome import Outcome
from gsmgw.dispatch.target_policy import Policy, Resolver, TargetRefused
from gsmgw.ports import Clock

#: Maximum bytes of a response to read, and maximum characters to keep in the delivery log.
ANSWER_OCTETS = 16_384
#: Maximum time to receive the body after the status; seconds.
BODY_S = 2.0
EXCERPT_CHARS = 300


class Poster:
    """Sends requests to one target, over its own connections: they are never shared with another host name."""

    def __init__(
        self,
        settings: WebhooksSection,
        policy: Policy,
        clock: Clock,
        agent: str,
        tls: ssl.SSLContext,
        resolve: Resolver,
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._clock = clock
        self._resolve = resolve
        timeout = httpx.Timeout(settings.timeout_s, connect=settings.connect_timeout_s)
        self._http = httpx.AsyncClient(
            verify=tls,
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
            headers={"User-Agent": agent},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def post(self, request: Post) -> Outcome:
        """Make one attempt. All errors of the receiver and the network are returned as an :class:`Outcome`."""
        started = time.monotonic()

        def failed(error: str) -> Outcome:
            return Outcome(None, error, round((time.monotonic() - started) * 1000))

        try:
            async with asyncio.timeout(self._settings.timeout_s + self._settings.connect_timeout_s):
                target = self._policy.check_url(request.url)
                addresses = await self._policy.addresses(target, self._resolve)
                answer = await self._send(target, addresses, request)
            return self._outcome(answer, await _read(answer), round((time.monotonic() - started) * 1000))
        except TargetRefused as exc:
            return failed(f"target not allowed: {exc}")
        except (TimeoutError, httpx.TimeoutException) as exc:
            return failed(f"timed out ({type(exc).__name__})")
        except socket.gaierror as exc:
            return failed(f"host name cannot be resolved: {exc.strerror}")
        except (OSError, httpx.HTTPError, httpx.StreamError, UnicodeError) as exc:
            return failed(f"{type(exc).__name__}: {exc}"[:EXCERPT_CHARS])

    async def _send(self, target: httpx.URL, addresses: Sequence[str], wanted: Post) -> httpx.Response:
        """Return the response of the first address that accepts a connection."""
        headers = {**wanted.headers, "Host": target.netloc.decode("ascii")}
        extensions = {"sni_hostname": target.raw_host.decode("ascii")} if target.scheme == "https" else None
        for number, address in enumerate(addresses, 1):
            request = self._http.build_request(
                wanted.method,
                target.copy_with(host=address, fragment=None),
                content=wanted.body or None,
                headers=headers,
            )
            if extensions:
                request.extensions.update(extensions)
            try:
                return await self._http.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
                continue
        raise OSError(f"{target.host} has no address")

    def _outcome(self, answer: httpx.Response, excerpt: str | None, duration_ms: int) -> Outcome:
        status = answer.status_code
        if answer.is_success:
            return Outcome(status, None, duration_ms)
        error = f"answered {status}"
        if 300 <= status < 400:
            error += ", a redirect: these are not followed"
        retry_after_s = parse_retry_after(answer.headers.get("Retry-After"), self._clock.wall_ms())
        return Outcome(status, error, duration_ms, retry_after_s, excerpt)


async def _read(answer: httpx.Response) -> str | None:
    """Return the beginning of a response. Reading a short one completely allows the connection to be reused.

    Read errors are ignored: the status alone decides the outcome.
    """
    seen = b""
    with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError):
        async with aclosing(answer), asyncio.timeout(BODY_S):
            async for chunk in answer.aiter_raw(4096):
                seen += chunk
                if len(seen) >= ANSWER_OCTETS:
                    break
    return seen.decode("utf-8", "replace")[:EXCERPT_CHARS] or None
