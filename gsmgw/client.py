"""The Python client of the gateway, sync and async, over the Unix socket or TCP.

::

    with Client("/run/gsmgw/gsmgw.sock") as gateway:
        message = gateway.send("+4915112345678", "Your table is ready.")
        for event in gateway.events(types=["message.delivered"]):
            ...
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

DEFAULT_SOCKET = "/run/gsmgw/gsmgw.sock"
Json = dict[str, Any]

#: A request that was not answered is asked again after these pauses, seconds: sending carries an Idempotency-Key.
RETRY_PAUSES_S = (0.1, 0.5, 2.0)
TIMEOUT_S = 30.0


class ApiError(Exception):
    """The gateway answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, problem: Json) -> None:
        self.status = status
        self.problem = problem
        self.code: str = problem.get("code", "http_error")
        self.detail: str = problem.get("detail") or problem.get("title") or f"HTTP {status}"
        super().__init__(self.detail)


class NoDaemon(Exception):
    """Nothing answers where the gateway should be."""

    def __init__(self, where: str, reason: str) -> None:
        self.where = where
        self.reason = reason
        super().__init__(f"no gateway answers at {where}: {reason}")


def _where(socket: str | Path | None, url: str | None) -> str:
    return url or f"{socket}"


def _outgoing(to: str, text: str | None, fields: Json) -> Json:
    return {"to": to, "text": text, **{key: value for key, value in fields.items() if value is not None}}


def _checked(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json() if response.content else None
    try:
        problem = response.json()
    except ValueError:
        problem = {"detail": response.text[:200]}
    raise ApiError(response.status_code, problem if isinstance(problem, dict) else {"detail": str(problem)})


class _EventParser:
    """Lines of a server-sent event stream to events (WHATWG HTML 9.2)."""

    def __init__(self) -> None:
        self._data: list[str] = []

    def feed(self, line: str) -> Json | None:
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        elif not line and self._data:
            text, self._data = "\n".join(self._data), []
            event: Json = json.loads(text)
            return event
        return None


def _event_request(cursor: int | None, types: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    headers = {} if cursor is None else {"Last-Event-ID": str(cursor)}
    joined = ",".join(types)
    return headers, {"types": joined} if joined else {}


_STREAM_TIMEOUT = httpx.Timeout(TIMEOUT_S, read=60.0)
_LOST = (httpx.TransportError, httpx.StreamError)


class Client:
    """The blocking client. ``socket`` is a path, or ``url`` and ``token`` for the TCP listener."""

    def __init__(
        self, socket: str | Path | None = DEFAULT_SOCKET, *, url: str | None = None, token: str | None = None
    ) -> None:
        self.where = _where(socket, url)
        transport = None if url else httpx.HTTPTransport(uds=str(socket))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            transport=transport, base_url=url or "http://gsmgw", headers=headers, timeout=TIMEOUT_S, trust_env=bool(url)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(self, method: str, path: str, *, json: Any = None, params: Any = None, key: str | None = None) -> Any:
        """Call a route. With ``key``, or when it changes nothing, a lost answer is asked for again."""
        headers = {"Idempotency-Key": key} if key else {}
        pauses = iter(RETRY_PAUSES_S if key or method == "GET" else ())
        while True:
            try:
                return _checked(self._http.request(method, path, json=json, params=params, headers=headers))
            except httpx.TransportError as exc:
                pause_s = None if isinstance(exc, httpx.ConnectError) else next(pauses, None)
                if pause_s is None:
                    raise NoDaemon(self.where, str(exc)) from exc
                time.sleep(pause_s)

    def send(self, to: str, text: str | None = None, **fields: Any) -> Json:
        """Send a message; it is on the gateway's disk when this returns. ``fields`` as of ``POST /v1/messages``."""
        body = _outgoing(to, text, fields)
        message: Json = self.request("POST", "/v1/messages", json=body, key=str(uuid.uuid4()))
        return message

    def send_many(self, messages: Sequence[Json]) -> list[Json]:
        """Send up to 10 000 messages in one transaction; each answer is the message or ``{"error": problem}``."""
        body = {"messages": list(messages)}
        answers: list[Json] = self.request("POST", "/v1/messages/batch", json=body, key=str(uuid.uuid4()))["data"]
        return answers

    def preview(self, text: str, **fields: Any) -> Json:
        """How a text would be sent."""
        answer: Json = self.request("POST", "/v1/messages/preview", json={"text": text, **fields})
        return answer

    def message(self, message_id: str) -> Json:
        """One message with its segments and its history."""
        message: Json = self.request("GET", f"/v1/messages/{message_id}")
        return message

    def messages(self, *, limit: int | None = None, **filters: Any) -> Iterator[Json]:
        """Messages, newest first, as many as there are or ``limit``; ``filters`` as of ``GET /v1/messages``."""
        return self._listed("/v1/messages", {key: value for key, value in filters.items() if value is not None}, limit)

    def _listed(self, path: str, params: Json, limit: int | None) -> Iterator[Json]:
        left = limit
        while left is None or left > 0:
            params["limit"] = min(1000, left) if left is not None else 1000
            page = self.request("GET", path, params=params)
            yield from page["data"]
            if left is not None:
                left -= len(page["data"])
            if page["next_cursor"] is None:
                return
            params["cursor"] = page["next_cursor"]

    def conversations(self, *, limit: int | None = None) -> Iterator[Json]:
        """Each peer with the latest message, newest first, as many as there are or ``limit``."""
        return self._listed("/v1/conversations", {}, limit)

    def quarantine(self, *, limit: int | None = None) -> Iterator[Json]:
        """Received PDUs that could not be understood, newest first, as many as there are or ``limit``."""
        return self._listed("/v1/quarantine", {}, limit)

    def reread_quarantine(self) -> Json:
        """Try the PDUs of the quarantine again: ``understood`` and ``left``."""
        result: Json = self.request("POST", "/v1/quarantine/reread")
        return result

    def export(self, format: str = "ndjson", **filters: Any) -> Iterator[str]:
        """All messages that the filters let through, in portions of lines: ``ndjson``, or ``csv`` with a header."""
        params = {"format": format, **{key: value for key, value in filters.items() if value is not None}}
        try:
            with self._http.stream("GET", "/v1/messages/export", params=params) as answer:
                if not answer.is_success:
                    answer.read()
                    _checked(answer)
                yield from answer.iter_text()
        except _LOST as exc:
            raise NoDaemon(self.where, str(exc)) from exc

    def act(self, message_id: str, action: str, body: Json | None = None) -> Json:
        """``cancel``, ``retry`` or ``resolve`` a message."""
        message: Json = self.request("POST", f"/v1/messages/{message_id}/{action}", json=body)
        return message

    def modems(self) -> list[Json]:
        """All modems."""
        modems: list[Json] = self.request("GET", "/v1/modems")["data"]
        return modems

    def modem(self, name: str, action: str | None = None, body: Json | None = None) -> Json:
        """One modem, or an action on it: ``reset``, ``enable``, ``disable``, ``pin``, ``ussd``."""
        path = f"/v1/modems/{name}"
        answer: Json = self.request("POST", f"{path}/{action}", json=body) if action else self.request("GET", path)
        return answer

    def stats(self) -> Json:
        """The gateway at a glance."""
        answer: Json = self.request("GET", "/v1/stats")
        return answer

    def lines(self, path: str, params: Any = None) -> Iterator[str]:
        """The lines of an answer that does not end by itself."""
        try:
            with self._http.stream("GET", path, params=params, timeout=httpx.Timeout(TIMEOUT_S, read=None)) as answer:
                if not answer.is_success:
                    answer.read()
                    _checked(answer)
                yield from answer.iter_lines()
        except _LOST as exc:
            raise NoDaemon(self.where, str(exc)) from exc

    def events(
        self,
        after: int | None = None,
        types: Iterable[str] = (),
        *,
        resume: bool = True,
        timeout_s: float | None = None,
    ) -> Iterator[Json]:
        """Events as they happen, from behind ``after``. A lost connection is taken up again where it broke.

        With ``timeout_s``, :class:`TimeoutError` is raised when the whole has lasted that long.
        """
        cursor, wanted = after, list(types)
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            headers, params = _event_request(cursor, wanted)
            if timeout_s is not None:
                params["heartbeat"] = str(min(15.0, max(0.1, timeout_s / 10)))
            parser = _EventParser()
            try:
                with self._http.stream(
                    "GET", "/v1/events", headers=headers, params=params, timeout=_STREAM_TIMEOUT
                ) as answer:
                    if not answer.is_success:
                        answer.read()
                        _checked(answer)
                    for line in answer.iter_lines():
                        if deadline is not None and time.monotonic() > deadline:
                            raise TimeoutError(f"nothing came within {timeout_s} s")
                        if cursor is None and line.startswith(": gsmgw"):
                            cursor = int(line.rsplit(" ", 1)[1])
                        event = parser.feed(line)
                        if event is not None:
                            cursor = event["id"]
                            yield event
            except _LOST as exc:
                if not resume or cursor is None:
                    raise NoDaemon(self.where, str(exc)) from exc
            if not resume:
                return
            time.sleep(RETRY_PAUSES_S[1])


class AsyncClient:
    """The asyncio client; the same calls as :class:`Client`."""

    def __init__(
        self, socket: str | Path | None = DEFAULT_SOCKET, *, url: str | None = None, token: str | None = None
    ) -> None:
        self.where = _where(socket, url)
        transport = None if url else httpx.AsyncHTTPTransport(uds=str(socket))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(
            transport=transport, base_url=url or "http://gsmgw", headers=headers, timeout=TIMEOUT_S, trust_env=bool(url)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def request(
        self, method: str, path: str, *, json: Any = None, params: Any = None, key: str | None = None
    ) -> Any:
        """Call a route. With ``key``, or when it changes nothing, a lost answer is asked for again."""
        headers = {"Idempotency-Key": key} if key else {}
        pauses = iter(RETRY_PAUSES_S if key or method == "GET" else ())
        while True:
            try:
                return _checked(await self._http.request(method, path, json=json, params=params, headers=headers))
            except httpx.TransportError as exc:
                pause_s = None if isinstance(exc, httpx.ConnectError) else next(pauses, None)
                if pause_s is None:
                    raise NoDaemon(self.where, str(exc)) from exc
                await asyncio.sleep(pause_s)

    async def send(self, to: str, text: str | None = None, **fields: Any) -> Json:
        """Send a message; it is on the gateway's disk when this returns."""
        body = _outgoing(to, text, fields)
        message: Json = await self.request("POST", "/v1/messages", json=body, key=str(uuid.uuid4()))
        return message

    async def send_many(self, messages: Sequence[Json]) -> list[Json]:
        """Send up to 10 000 messages in one transaction."""
        body = {"messages": list(messages)}
        answer = await self.request("POST", "/v1/messages/batch", json=body, key=str(uuid.uuid4()))
        answers: list[Json] = answer["data"]
        return answers

    async def preview(self, text: str, **fields: Any) -> Json:
        """How a text would be sent."""
        answer: Json = await self.request("POST", "/v1/messages/preview", json={"text": text, **fields})
        return answer

    async def message(self, message_id: str) -> Json:
        """One message with its segments and its history."""
        message: Json = await self.request("GET", f"/v1/messages/{message_id}")
        return message

    async def page(self, **filters: Any) -> Json:
        """One page of messages, newest first: ``data`` and ``next_cursor``."""
        params = {key: value for key, value in filters.items() if value is not None}
        page: Json = await self.request("GET", "/v1/messages", params=params)
        return page

    async def conversations(self, *, limit: int = 50, cursor: str | None = None) -> Json:
        """One page of peers with their latest messages, newest first: ``data`` and ``next_cursor``."""
        params = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page: Json = await self.request("GET", "/v1/conversations", params=params)
        return page

    async def quarantine(self, *, limit: int = 50, cursor: str | None = None) -> Json:
        """One page of received PDUs that could not be understood, newest first: ``data`` and ``next_cursor``."""
        params = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page: Json = await self.request("GET", "/v1/quarantine", params=params)
        return page

    async def reread_quarantine(self) -> Json:
        """Try the PDUs of the quarantine again: ``understood`` and ``left``."""
        result: Json = await self.request("POST", "/v1/quarantine/reread")
        return result

    async def export(self, format: str = "ndjson", **filters: Any) -> AsyncIterator[str]:
        """All messages that the filters let through, in portions of lines."""
        params = {"format": format, **{key: value for key, value in filters.items() if value is not None}}
        try:
            async with self._http.stream("GET", "/v1/messages/export", params=params) as answer:
                if not answer.is_success:
                    await answer.aread()
                    _checked(answer)
                async for portion in answer.aiter_text():
                    yield portion
        except _LOST as exc:
            raise NoDaemon(self.where, str(exc)) from exc

    async def act(self, message_id: str, action: str, body: Json | None = None) -> Json:
        """``cancel``, ``retry`` or ``resolve`` a message."""
        message: Json = await self.request("POST", f"/v1/messages/{message_id}/{action}", json=body)
        return message

    async def modems(self) -> list[Json]:
        """All modems."""
        modems: list[Json] = (await self.request("GET", "/v1/modems"))["data"]
        return modems

    async def modem(self, name: str, action: str | None = None, body: Json | None = None) -> Json:
        """One modem, or an action on it."""
        path = f"/v1/modems/{name}"
        method, path = ("POST", f"{path}/{action}") if action else ("GET", path)
        answer: Json = await self.request(method, path, json=body)
        return answer

    async def stats(self) -> Json:
        """The gateway at a glance."""
        answer: Json = await self.request("GET", "/v1/stats")
        return answer

    async def events(
        self, after: int | None = None, types: Iterable[str] = (), *, resume: bool = True
    ) -> AsyncIterator[Json]:
        """Events as they happen, from behind ``after``. A lost connection is taken up again where it broke."""
        cursor, wanted = after, list(types)
        while True:
            headers, params = _event_request(cursor, wanted)
            parser = _EventParser()
            try:
                async with self._http.stream(
                    "GET", "/v1/events", headers=headers, params=params, timeout=_STREAM_TIMEOUT
                ) as answer:
                    if not answer.is_success:
                        await answer.aread()
                        _checked(answer)
                    async for line in answer.aiter_lines():
                        if cursor is None and line.startswith(": gsmgw"):
                            cursor = int(line.rsplit(" ", 1)[1])
                        event = parser.feed(line)
                        if event is not None:
                            cursor = event["id"]
                            yield event
            except _LOST as exc:
                if not resume or cursor is None:
                    raise NoDaemon(self.where, str(exc)) from exc
            if not resume:
                return
            await asyncio.sleep(RETRY_PAUSES_S[1])
