"""The conversation with a modem: live in the page, and as a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from gsmgw.client import ApiError, NoDaemon
from gsmgw.digits import is_digits
from gsmgw.web.languages import N_
from gsmgw.web.live.transcript import follow
from gsmgw.web.routing import Page
from gsmgw.web.view import View

#: How long a file may record; seconds.
SPANS_S = (10, 30, 60, 300)
#: Characters of a file at most.
MOST_CHARACTERS = 8 * 1024 * 1024


def _is_masked(view: View) -> bool:
    """Return False only if the visitor chose to see numbers and texts."""
    return view.asked("show") != "all"


async def transcript(view: View) -> Response:
    """Show the page with the transcript."""
    found = await view.gateway.modem(view.path("name"))
    return view.render("transcript.html", modem=found, masked=_is_masked(view), spans=SPANS_S)


async def live(view: View) -> Response:
    """Stream the transcript into the page."""
    name, masked = view.path("name"), _is_masked(view)
    await view.gateway.modem(name)  # a modem that does not exist is an error before the stream begins
    begin = view.look.part("fragments/transcript_begin.html")
    end = view.look.part("fragments/transcript_end.html", name=name, masked=masked)
    updates = follow(
        lambda on_open: view.gateway.tap(name, masked=masked, on_open=on_open),
        lambda count: view.say(N_("%(n)s lines left out"), n=count),
        begin,
        end,
    )
    return StreamingResponse(updates, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def file(view: View) -> Response:
    """Record the transcript for a while, as a file."""
    name, asked = view.path("name"), view.asked("seconds")
    await view.gateway.modem(name)
    seconds = min(int(asked), max(SPANS_S)) if is_digits(asked) and int(asked) else SPANS_S[1]
    lines = view.gateway.tap(name, masked=_is_masked(view))
    headers = {"Content-Disposition": f'attachment; filename="{_file_name(name)}"'}
    return StreamingResponse(_recorded(lines, seconds), media_type="text/plain; charset=utf-8", headers=headers)


def _file_name(modem: str) -> str:
    kept = "".join(char for char in modem if char.isascii() and (char.isalnum() or char in "-_"))
    return f"transcript-{kept or 'modem'}.txt"


async def _recorded(lines: AsyncIterator[str], seconds: float) -> AsyncIterator[str]:
    left = MOST_CHARACTERS
    try:
        async with asyncio.timeout(seconds):
            async for line in lines:
                left -= len(line)
                if left < 0:
                    return
                yield f"{line}\n"
    except (TimeoutError, ApiError, NoDaemon):
        return


PAGES = [
    Page("/modems/{name}/transcript", transcript),
    Page("/modems/{name}/transcript/live", live),
    Page("/modems/{name}/transcript/file", file),
]
