"""The list of messages: its query, its pages, and their links (twilio.com/docs/messaging/api/message-resource#list)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from gsmgw.bridges.twilio import words
from gsmgw.bridges.twilio.rejected import Rejected
from gsmgw.bridges.values import wall_ms
from gsmgw.digits import is_digits
from gsmgw.model.events import Json

#: Messages of a page: the default, and the most.
PAGE_SIZE, LARGEST_PAGE = 50, 1000
_DAY = timedelta(days=1)
_TOKEN = "PA"


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The query of a list. Times are milliseconds; ``after`` is the last message of the page before."""

    to: str | None
    sender: str | None
    sent_since_ms: int | None
    sent_until_ms: int | None
    size: int
    number: int
    after: int | None


def parse_query(given: Mapping[str, str]) -> ListQuery:
    """Return the query in these parameters. Raises :class:`Rejected`."""
    since_ms, until_ms = _sent_between(given)
    return ListQuery(
        to=given.get("To") or None,
        sender=given.get("From") or None,
        sent_since_ms=since_ms,
        sent_until_ms=until_ms,
        size=min(max(_count(given, "PageSize", PAGE_SIZE), 1), LARGEST_PAGE),
        number=_count(given, "Page", 0),
        after=_after(given.get("PageToken")),
    )


def page(resources: Sequence[Json], query: ListQuery, path: str, given: Mapping[str, str], after: str | None) -> Json:
    """Return a page; ``after`` is the identifier of its last message if more follow."""
    kept = {name: value for name, value in given.items() if name not in ("Page", "PageToken", "PageSize")}
    start = query.number * query.size

    def link(**more: object) -> str:
        return f"{path}?{urlencode({**kept, 'PageSize': query.size, **more})}"

    following = None if after is None else link(Page=query.number + 1, PageToken=_TOKEN + after)
    return {
        "messages": list(resources),
        "page": query.number,
        "page_size": query.size,
        "start": start,
        "end": start + max(len(resources) - 1, 0),
        "uri": link(Page=query.number, **({"PageToken": given["PageToken"]} if "PageToken" in given else {})),
        "first_page_uri": link(Page=0),
        "next_page_uri": following,
        "previous_page_uri": None,
    }


def _sent_between(given: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return the span of ``DateSent`` (a day), ``DateSent>`` and ``DateSent<`` (from and until a moment, inclusive)."""
    if given.get("DateSent"):
        day = _moment(given, "DateSent").replace(hour=0, minute=0, second=0, microsecond=0)
        return _ms(day, "DateSent"), _ms(day + _DAY, "DateSent")
    since = _ms(_moment(given, "DateSent>"), "DateSent>") if given.get("DateSent>") else None
    until = _ms(_moment(given, "DateSent<"), "DateSent<") + 1000 if given.get("DateSent<") else None
    return since, until


def _moment(given: Mapping[str, str], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given[name])
    except ValueError:
        raise Rejected(words.BAD_REQUEST, f"{name}: is not a valid date or ISO 8601 time.") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ms(moment: datetime, name: str) -> int:
    try:
        return wall_ms(moment)
    except ValueError as exc:
        raise Rejected(words.BAD_REQUEST, f"{name}: {exc}.") from None


def _count(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name)
    if not text:
        return default
    if not is_digits(text) or len(text) > 9:
        raise Rejected(words.BAD_REQUEST, f"{name}: is not a valid number.")
    return int(text)


def _after(token: str | None) -> int | None:
    if not token:
        return None
    found = words.message_id(token.removeprefix(_TOKEN))
    if found is None:
        raise Rejected(words.BAD_REQUEST, "PageToken: is not a valid token of a page.")
    return found
