"""The filters for dates, money, phone numbers and the GSM-7 alphabet."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol, get_args

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import UnknownCurrencyError, format_currency, format_decimal, validate_currency
from liquid.exceptions import FilterArgumentError
from liquid.undefined import is_undefined

from gsmgw.numbers import NumberForm, show_number
from gsmgw.pdu.alphabet import DEFAULT
from gsmgw.pdu.transliteration import transliterate


class RenderSetting(Protocol):
    """The setting of the filters, see :class:`gsmgw.templates.Setting`."""

    @property
    def now(self) -> datetime:
        """The moment, in the recipient's zone."""

    @property
    def language(self) -> str:
        """The language of the text."""

    @property
    def zone(self) -> tzinfo | None:
        """The recipient's zone."""


#: The setting of the template that is being rendered.
SETTING: ContextVar[RenderSetting] = ContextVar("SETTING")

_STYLES = frozenset({"short", "medium", "long", "full"})
#: Directives of strftime(3) that give the same everywhere, with an optional ``-`` for no padding.
_DIRECTIVES = re.compile(r"%(-?)([aAbBdDeFHIjmMpRSTuUyYzZ%])")
_FORMAT_LIMIT = 100


def show_date(value: Any, form: str = "medium") -> str:
    """Show a date: ``short``, ``medium``, ``long`` or ``full`` in the recipient's language, or strftime(3)."""
    setting = SETTING.get()
    moment = _moment(value, setting)
    locale = _locale(setting.language)
    if form in _STYLES:
        return _spaced(format_date(moment, form, locale=locale))
    return _strftime(moment, form, locale)


def show_time(value: Any, form: str = "short") -> str:
    """Show the time of a moment in the recipient's zone and language."""
    setting = SETTING.get()
    moment = _moment(value, setting)
    if not isinstance(moment, datetime):
        raise FilterArgumentError(f"{value!r} has no time", token=None)
    if form not in _STYLES:
        raise FilterArgumentError(f"{form!r} is not a form of time: {', '.join(sorted(_STYLES))}", token=None)
    return _spaced(format_time(moment, form, tzinfo=setting.zone, locale=_locale(setting.language)))


def money(value: Any, currency: str) -> str:
    """Show an amount in a currency (ISO 4217) as the recipient's language writes it."""
    amount = _decimal(value)
    try:
        validate_currency(currency)
    except (UnknownCurrencyError, AttributeError):
        detail = f"{currency!r} is not a currency: write its code, for example EUR"
        raise FilterArgumentError(detail, token=None) from None
    return _spaced(format_currency(amount, currency, locale=_locale(SETTING.get().language)))


def number(value: Any) -> str:
    """Show a number with the separators of the recipient's language."""
    return _spaced(format_decimal(_decimal(value), locale=_locale(SETTING.get().language)))


def phone(value: Any, form: NumberForm = "national") -> str:
    """Show a phone number: ``national``, ``international`` or ``e164``."""
    forms = get_args(NumberForm)
    if form not in forms:
        raise FilterArgumentError(f"{form!r} is not a form of phone numbers: {', '.join(forms)}", token=None)
    return show_number(str(value), form)


def gsm7(value: Any) -> str:
    """Replace characters outside of the GSM-7 alphabet by similar ones, so that a text needs fewer segments."""
    return transliterate(str(value), DEFAULT)[0]


def _moment(value: Any, setting: RenderSetting) -> date | datetime:
    if is_undefined(value):
        str(value)  # raises: the field is empty
    if value in ("now", "today"):
        return setting.now
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
        except ValueError:
            raise FilterArgumentError(f"{value!r} is not a date: write 2026-12-24", token=None) from None
    if isinstance(value, datetime):
        return value.replace(tzinfo=setting.zone) if value.tzinfo is None else value.astimezone(setting.zone)
    if isinstance(value, date):
        return value
    raise FilterArgumentError(f"{value!r} is not a date", token=None)


def _strftime(moment: date | datetime, form: str, locale: Locale) -> str:
    if len(form) > _FORMAT_LIMIT:
        raise FilterArgumentError(f"a date format has at most {_FORMAT_LIMIT} characters", token=None)
    rest = _DIRECTIVES.sub("", form)
    if "%" in rest:
        wrong = rest[rest.index("%") : rest.index("%") + 2]
        raise FilterArgumentError(f"{wrong!r} is not a directive of date formats", token=None)
    whole = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    return _DIRECTIVES.sub(lambda match: _directive(whole, match[1], match[2], locale), form)


#: Names in the recipient's language, as Babel's patterns (CLDR) write them.
_NAMES = {"a": "EEE", "A": "EEEE", "b": "MMM", "B": "MMMM", "p": "a"}


def _directive(moment: datetime, flag: str, letter: str, locale: Locale) -> str:
    if letter in _NAMES:
        return _spaced(format_datetime(moment, _NAMES[letter], locale=locale))
    shown = moment.strftime(f"%{letter}")
    return (shown.lstrip("0 ") or "0") if flag else shown


def _locale(language: str) -> Locale:
    for tag in (language, language.partition("-")[0], "en"):
        try:
            return Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError, TypeError):
            continue
    return Locale("en")


def _decimal(value: Any) -> Decimal:
    if is_undefined(value):
        str(value)  # raises: the field is empty
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        raise FilterArgumentError(f"{value!r} is not a number", token=None) from None
    if not found.is_finite() or found.adjusted() > 15:
        raise FilterArgumentError(f"{value!r} is not a number that can be shown", token=None)
    return found


def _spaced(text: str) -> str:
    """Replace the no-break spaces of CLDR: in GSM-7 there are none, and they would make the text UCS-2."""
    return text.replace("\xa0", " ").replace("\u202f", " ").replace("\u2009", " ")


FILTERS: Mapping[str, Callable[..., str]] = {
    "date": show_date,
    "time": show_time,
    "money": money,
    "number": number,
    "phone": phone,
    "gsm7": gsm7,
}
