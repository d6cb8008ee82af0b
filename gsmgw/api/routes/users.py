"""/v1/users"""

from __future__ import annotations

from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request, Response
from pydantic import AfterValidator, Field

from gsmgw.api.access.audit_log import audit_detail
from gsmgw.api.body import Body
from gsmgw.api.context import Context
from gsmgw.api.dependencies import Caller, Ctx
from gsmgw.api.fields import Flag, Spelling, Text
from gsmgw.api.openapi import problems
from gsmgw.api.paging import ListQuery, page_of
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.outbound import Principal
from gsmgw.store import Tx, sessions, users
from gsmgw.store.users import User
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/users")

#: The name of the caller in a path.
ME: Final = "me"
PASSWORD_CHARS: Final = 8


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):  # the name of another file raises the last two
        raise ValueError("is not a known time zone; write a name such as Europe/Berlin") from None
    return value


def _not_me(value: str) -> str:
    if value.lower() == ME:
        raise ValueError(f"{value!r} stands for the caller; choose another name")
    return value


Password = Annotated[Text, Field(min_length=PASSWORD_CHARS, max_length=200)]
Language = Annotated[
    str,
    Field(description="BCP 47, as en or pt-BR"),
    Spelling(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", "is not a language; write a code such as en or pt-BR"),
]
TimeZone = Annotated[str, Field(max_length=64, description="As Europe/Berlin"), AfterValidator(_known_zone)]
UserName = Annotated[
    str,
    Spelling(
        r"^[A-Za-z0-9][A-Za-z0-9_.@+-]{0,62}$",
        "must have 1 to 63 letters of A to Z, digits and _ . @ + -, and begin with a letter or digit",
    ),
    AfterValidator(_not_me),
]


class UserIn(Body):
    """A new user."""

    name: UserName
    password: Password
    role: resources.UserRole
    language: Language | None = None
    time_zone: TimeZone | None = None


class UserChange(Body):
    """Changes to a user."""

    password: Password = ""
    role: resources.UserRole = "viewer"
    language: Language | None = None
    time_zone: TimeZone | None = None
    disabled: Flag = False


class OwnChange(Body):
    """Changes to the calling user."""

    password: Password = ""
    current_password: Text = Field("", max_length=200, description="Needed with password")
    language: Language | None = None
    time_zone: TimeZone | None = None


def user_resource(user: User) -> resources.User:
    """Return the resource of a user, without the password."""
    role: Any = user.role
    return {
        "name": user.name,
        "role": role,
        "language": user.language,
        "time_zone": user.time_zone,
        "disabled": user.disabled,
        "created_at": stamp(user.created_ms),
        "signed_in_at": stamp(user.signed_in_ms),
    }


async def _named(ctx: Ctx, name: str) -> User:
    found = await ctx.store.read(lambda db: users.by_name(db, name))
    if found is None:
        raise Problem(ProblemCode.NOT_FOUND, f"the user {name!r} does not exist")
    return found


async def _myself(ctx: Ctx, caller: Caller) -> User:
    number = caller.user_id
    found = None if number is None else await ctx.store.write(lambda tx: users.by_id(tx, number))
    if found is None:
        raise Problem(ProblemCode.NOT_FOUND, "the caller is not a user; sign in with POST /v1/sessions")
    return found


Named = Annotated[User, Depends(_named)]
Myself = Annotated[User, Depends(_myself)]


@router.post("", status_code=201, response_model=resources.User, responses=problems(409))
async def create(ctx: Ctx, request: Request, body: UserIn) -> Response:
    """Add a user: ``owner`` may do everything, ``operator`` sends and reads, ``viewer`` reads."""
    audit_detail(request, name=body.name, role=body.role)
    password, now_ms = await ctx.access.sign_in.passwords.hash(body.password), ctx.clock.wall_ms()
    made = await ctx.store.write(
        lambda tx: users.create(tx, now_ms, body.name, body.role, password, body.language, body.time_zone)
    )
    if made is None:
        raise Problem(ProblemCode.WRONG_STATE, f"a user named {body.name!r} exists already")
    return JSONResponse(user_resource(made), 201)


@router.get("", response_model=resources.UserList)
async def index(ctx: Ctx, query: Annotated[ListQuery, Query()]) -> Response:
    """List all users by name, or a page of them."""
    page, more = page_of(await ctx.store.read(users.all_users), query, lambda user: (user.name.lower(),))
    return JSONResponse({"data": [user_resource(user) for user in page], "next_cursor": more})


@router.get("/me", response_model=resources.User, responses=problems(404))
async def show_own(user: Myself) -> Response:
    """Show the user who makes this request."""
    return JSONResponse(user_resource(user))


@router.patch("/me", response_model=resources.User, responses=problems(404))
async def update_own(ctx: Ctx, request: Request, user: Myself, body: OwnChange) -> Response:
    """Change the caller's language, time zone or password. A new password ends all sessions, this one too."""
    fields = body.model_dump(include={"password", "language", "time_zone"}, exclude_unset=True)
    audit_detail(request, name=user.name, changed=sorted(fields))
    if "password" in fields:
        await ctx.access.sign_in.require_password(user, body.current_password)
    return JSONResponse(user_resource(await _change(ctx, user, fields)))


@router.get("/{name}", response_model=resources.User, responses=problems(404))
async def show(user: Named) -> Response:
    """Show one user."""
    return JSONResponse(user_resource(user))


@router.patch("/{name}", response_model=resources.User, responses=problems(404, 409))
async def update(ctx: Ctx, request: Request, caller: Caller, user: Named, body: UserChange) -> Response:
    """Change a user. A new password, or ``disabled``, ends all sessions of the user."""
    fields = body.model_dump(exclude_unset=True)
    audit_detail(request, name=user.name, changed=sorted(fields), **{k: fields[k] for k in ("role",) if k in fields})
    if fields.get("disabled") or fields.get("role", "owner") != "owner":
        await _require_another_owner(ctx, caller, user)
    return JSONResponse(user_resource(await _change(ctx, user, fields)))


@router.delete("/{name}", status_code=204, responses=problems(404, 409))
async def delete(ctx: Ctx, request: Request, caller: Caller, user: Named) -> Response:
    """Remove a user and end all sessions of the user."""
    audit_detail(request, name=user.name)
    await _require_another_owner(ctx, caller, user)
    await _end_sessions(ctx, user)
    await ctx.store.write(lambda tx: users.delete(tx, user.id))
    await _end_sessions(ctx, user)  # one that was made meanwhile
    return Response(status_code=204)


async def _change(ctx: Context, user: User, fields: dict[str, Any]) -> User:
    """Write a change and return the user after it. Raises :class:`Problem` if the user is gone."""
    if "password" in fields:
        fields["password"] = await ctx.access.sign_in.passwords.hash(fields["password"])
    ends = "password" in fields or bool(fields.get("disabled"))

    def change(tx: Tx) -> User | None:
        users.change(tx, user.id, fields)
        if ends:
            sessions.delete_of(tx, user.id)
        return users.by_id(tx, user.id)

    streaming = await _sessions_of(ctx, user)
    changed = await ctx.store.write(change)
    if changed is None:
        raise Problem(ProblemCode.NOT_FOUND, f"the user {user.name!r} does not exist")
    await _forget(ctx, user, streaming, ended=ends)
    return changed


async def _sessions_of(ctx: Context, user: User) -> list[int]:
    return [session.id for session in await ctx.access.sessions.valid() if session.user.id == user.id]


async def _end_sessions(ctx: Context, user: User) -> None:
    ending = await _sessions_of(ctx, user)
    await ctx.store.write(lambda tx: sessions.delete_of(tx, user.id))
    await _forget(ctx, user, ending, ended=True)


async def _forget(ctx: Context, user: User, session_ids: list[int], *, ended: bool) -> None:
    """Read the sessions again and end what is streamed to these: their rights may be others now, or they ``ended``."""
    ctx.access.sessions.reload()
    for number in session_ids:
        ctx.streams.end_streams(ctx.access.end_session(number))
    if ended and session_ids:
        now_ms = ctx.clock.wall_ms()
        await ctx.store.write(lambda tx: sessions.announce_end(tx, now_ms, user.name))


async def _require_another_owner(ctx: Context, caller: Principal, user: User) -> None:
    """Raise :class:`Problem` where a user would take the last owner away; the socket without a session may."""
    owners = await ctx.store.write(users.owners)
    if caller.session and owners == [user.id]:
        detail = f"{user.name!r} is the only owner; give another user the role owner first"
        raise Problem(ProblemCode.WRONG_STATE, detail)
