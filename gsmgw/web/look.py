"""How a page looks to one user: language, time zone, colours, and the address of everything on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent
from markupsafe import Markup

from gsmgw.web import words
from gsmgw.web.languages import Translator
from gsmgw.web.site import Site

_WEEK = timedelta(days=6)


def zone_named(name: str | None) -> tzinfo:
    """Return a time zone; that of this machine if the name is not known."""
    try:
        return ZoneInfo(name) if name else (datetime.now().astimezone().tzinfo or UTC)
    except (ValueError, OSError, KeyError):
        return datetime.now().astimezone().tzinfo or UTC


@dataclass(frozen=True, slots=True)
class Look:
    """The preferences that two users must share to see the same fragment."""

    site: Site
    words: Translator
    zone: tzinfo
    role: str
    theme: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Looks with the same key share fragments."""
        return (self.words.language, str(self.zone), self.role)

    @property
    def may_send(self) -> bool:
        """True for a role that sends texts."""
        return self.role in ("owner", "operator")

    @property
    def zone_name(self) -> str | None:
        """The name of the time zone; None if it has none."""
        return self.zone.key if isinstance(self.zone, ZoneInfo) else None

    def part(self, template: str, **context: object) -> str:
        """Render a fragment."""
        return self.site.templates.get_template(template).render(self.context(context))

    def macro(self, template: str, name: str, *values: object) -> str:
        """Render one macro of a file of templates."""
        module = self.site.templates.get_template(template).make_module(self.context({}))
        return str(getattr(module, name)(*values))

    def context(self, more: Mapping[str, object]) -> dict[str, Any]:
        """Return what each template knows."""
        return {
            "look": self,
            "_": self.words.gettext,
            "ngettext": self.words.ngettext,
            "url": self.url,
            "asset": self.asset,
            "ask": self.ask,
            "role": self.role,
            "may_send": self.may_send,
            "may_manage": self.role == "owner",
            **more,
        }

    def url(self, path: str, **query: object) -> str:
        """Return the address of a page."""
        given = {name: value for name, value in query.items() if value not in (None, "", [], ())}
        return self.site.settings.prefix + path + (f"?{urlencode(given, doseq=True)}" if given else "")

    def ask(self, path: str, action: str = "", name: str = "") -> str:
        """Return the question before an action of the form at a route."""
        return self.words.gettext(self.site.questions[path, action], name=name)

    def asset(self, name: str) -> str:
        """Return the address of a static file."""
        return self.site.settings.prefix + self.site.assets.path(name)

    def _local(self, moment: str) -> datetime:
        return datetime.fromisoformat(moment).astimezone(self.zone)

    def moment(self, moment: str | None) -> str:
        """Return a time, short: today without the date, this week with the weekday."""
        if not moment:
            return ""
        local, now = self._local(moment), datetime.now(self.zone)
        clock = format_time(local, "short", locale=self.words.locale)
        if local.date() == now.date():
            return clock
        if timedelta() < now - local < _WEEK:
            return f"{format_date(local, 'EEE', locale=self.words.locale)} {clock}"
        pattern = "d MMM" if local.year == now.year else "d MMM yyyy"
        return f"{format_date(local, pattern, locale=self.words.locale)} {clock}"

    def whole_moment(self, moment: str | None) -> str:
        """Return a time with its date and seconds."""
        return format_datetime(self._local(moment), "medium", locale=self.words.locale) if moment else ""

    def time(self, moment: str | None) -> Markup:
        """Return a time as an element, with the whole time as its title."""
        if not moment:
            return Markup()
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            moment, self.whole_moment(moment), self.moment(moment)
        )

    def day(self, moment: str) -> str:
        """Return the day of a time."""
        local, today = self._local(moment).date(), datetime.now(self.zone).date()
        if local == today:
            return self.words.gettext("Today")
        if local == today - timedelta(days=1):
            return self.words.gettext("Yesterday")
        return format_date(local, "full", locale=self.words.locale)

    def span(self, seconds: float, threshold: float = 1.2) -> str:
        """Return a duration in words, in the largest unit of which there are at least ``threshold``."""
        return format_timedelta(timedelta(seconds=seconds), locale=self.words.locale, threshold=threshold)

    def number(self, value: float | None) -> str:
        """Return a number."""
        return "–" if value is None else format_decimal(value, locale=self.words.locale)

    def money(self, value: float | None, currency: str | None) -> str:
        """Return an amount; the number alone without a currency."""
        if value is None or not currency:
            return self.number(value)
        return format_currency(value, currency, locale=self.words.locale)

    def octets(self, count: int) -> str:
        """Return a size in kB, MB or GB."""
        power = 1 if count < 10**6 else 2 if count < 10**9 else 3
        return f"{self.number(round(count / 1000**power, 1))} {('kB', 'MB', 'GB')[power - 1]}"

    def coded(self, text: str) -> Markup:
        """Return a sentence of the gateway with its `code` as elements."""
        parts = re.split("`+", text)
        return Markup().join(
            Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
        )

    def percent(self, share: float | None) -> str:
        """Return a share."""
        return "–" if share is None else format_percent(share, "#,##0.#%", locale=self.words.locale)

    def say(self, sentence: str) -> str:
        """Return a sentence of the gateway in this language, if the catalogue has it."""
        return self.words.gettext(sentence.replace("%", "%%"))

    def cause(self, code: str) -> str:
        """Return why a message failed, by the code of its error."""
        return self.words.gettext(words.CAUSE[code]) if code in words.CAUSE else code.replace("_", " ")

    def status(self, status: str) -> str:
        """Return the state of a message in words."""
        return self.words.gettext(words.STATUS.get(status, status))

    def modem_state(self, state: str) -> str:
        """Return the state of a modem in words."""
        return self.words.gettext(words.MODEM_STATE.get(state, state))
