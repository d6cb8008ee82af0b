"""/v1/sessions"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request, Response
from pydantic import Field

from gsmgw.api.access.audit_log import audit_detail
from gsmgw.api.access.sessions import principal_of_session
from gsmgw.api.body import Body
from gsmgw.api.dependencies import Caller, Ctx
from gsmgw.api.fields import RowId, Text
from gsmgw.api.openapi import problems
from gsmgw.api.routing import api_router
from gsmgw.http.identity import address_of, peer_of, set_principal
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.store import sessions
from gsmgw.store.sessions import Session
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/sessions")

#: The source of a sign-in on the Unix socket that names none.
_SOCKET = "socket"
_SOURCE_CHARS = 64


class SignInBody(Body):
    """A name and its password."""

    name: Text = Field(min_length=1, max_length=63)
    password: Text = Field(min_length=1, max_length=200)


def _out(session: Session, current: int) -> dict[str, Any]:
    return {
        "id": session.id,
        "user": session.user.name,
        "role": session.user.role,
        "created_at": stamp(session.created_ms),
        "last_used_at": stamp(session.last_used_ms),
        "expires_at": stamp(session.expires_ms),
        "from": session.source,
        "agent": session.agent,
        "current": session.id == current,
    }


def _source_of(request: Request) -> str:
    """Return the address of the person's device. A process on the socket names it in X-Forwarded-For."""
    if address := address_of(request.scope):
        return address
    return request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()[:_SOURCE_CHARS] or _SOCKET


@router.post("", status_code=201, response_model=resources.NewSession, responses=problems(503))
async def create(ctx: Ctx, request: Request, body: SignInBody) -> Response:
    """Sign in. The response shows the session's ``token`` only this once. Use it as a bearer token, also on the socket.

    A session ends 12 hours after its last use, at the latest after 30 days. 401 for a wrong name or password. After
    five of them each further one is followed by a pause, at first of a minute; 429 until then.
    """
    source = _source_of(request)
    session, token = await ctx.access.sign_in(body.name, body.password, source, request.headers.get("user-agent", ""))
    peer = peer_of(request.scope)
    set_principal(request.scope, principal_of_session(session, source if peer is None else f"pid {peer.pid}"))
    audit_detail(request, session=session.id, source=source)
    return JSONResponse({**_out(session, session.id), "token": token}, 201)


@router.get("", response_model=resources.SessionList)
async def index(ctx: Ctx, caller: Caller) -> Response:
    """List sessions, newest first: all of them with the scope ``manage``, else those of the caller."""
    found = await ctx.access.sessions.valid()
    if not caller.allows("manage"):
        found = [session for session in found if session.user.id == caller.user_id]
    return JSONResponse({"data": [_out(session, caller.session) for session in found]})


@router.delete("/{session_id}", status_code=204, responses=problems(404))
async def delete(
    ctx: Ctx, request: Request, caller: Caller, session_id: Annotated[RowId, Path(description="Its id")]
) -> Response:
    """End a session: one of the caller, or any with the scope ``manage``."""
    found = next((session for session in await ctx.access.sessions.valid() if session.id == session_id), None)
    if found is None or (found.user.id != caller.user_id and not caller.allows("manage")):
        raise Problem(ProblemCode.NOT_FOUND, f"the session {session_id} does not exist")
    audit_detail(request, user=found.user.name)
    now_ms, name = ctx.clock.wall_ms(), found.user.name
    await ctx.store.write(lambda tx: sessions.delete(tx, session_id))
    ctx.streams.end_streams(ctx.access.end_session(session_id))
    await ctx.store.write(lambda tx: sessions.announce_end(tx, now_ms, name, session_id))
    return Response(status_code=204)
