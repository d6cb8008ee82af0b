"""Users' templates: what they give, what is refused, and that nothing in them takes time or memory."""

from __future__ import annotations

import contextlib
import re
import time
import tracemalloc
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gsmgw.templates import OUTPUT_LIMIT, SOURCE_LIMIT, EmptyField, Setting, TemplateError, Value, field_name
from gsmgw.templates.template import Template, expand_braces

KNOWN = {"name", "number", "city", "amount", "birthday", "visits", "groups", "vip"}
VALUES: dict[str, Value] = {
    "name": "Anna",
    "number": "+4915112345678",
    "city": "",
    "amount": 1234.5,
    "birthday": date(1990, 2, 1),
    "groups": ["a", "b"],
    "vip": False,
}
GERMAN = Setting(datetime(2026, 12, 24, 17, 5, tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin")), "de")


def render(text: str, setting: Setting = GERMAN, *, allow_empty: bool = False) -> str:
    return Template(text, KNOWN).render(VALUES, setting, allow_empty=allow_empty)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Hello {{ name }}", "Hello Anna"),
        ('{{ city | default: "Ulm" }}', "Ulm"),
        ("{% if city %}in {{ city }}{% else %}nowhere{% endif %}", "nowhere"),
        ("{% for group in groups %}{{ group }} {% endfor %}", "a b "),
        ("{% if vip %}VIP{% endif %}", ""),
        ('{{ amount | money: "EUR" }}', "1.234,50 €"),
        ("{{ amount | number }}", "1.234,5"),
        ('{{ birthday | date: "long" }}', "1. Februar 1990"),
        ('{{ birthday | date: "%d.%m.%y, %A" }}', "01.02.90, Donnerstag"),
        ('{{ birthday | date: "%-d. %B %Y" }}', "1. Februar 1990"),
        ('{{ "now" | date: "%d.%m.%Y %H:%M" }}', "24.12.2026 18:05"),
        ('{{ "now" | time }}', "18:05"),
        ("{{ number | phone }}", "01511 2345678"),
        ('{{ number | phone: "international" }}', "+49 1511 2345678"),
        ("{{ '„Grüße“ – bis bald…' | gsm7 }}", '"Grüße" - bis bald...'),
        ("{% raw %}{name} {{ name }}{% endraw %}", "{name} {{ name }}"),
        ("{ name: 1 }", "{ name: 1 }"),
    ],
)
def test_what_templates_give(text: str, wanted: str) -> None:
    assert render(text) == wanted


def test_a_language_that_does_not_exist_is_english() -> None:
    assert render('{{ amount | money: "EUR" }}', Setting(GERMAN.now, "tlh")) == "€1,234.50"
    assert render('{{ birthday | date: "long" }}', Setting(GERMAN.now, "")) == "February 1, 1990"


def test_a_moment_is_shown_in_the_zone_of_the_recipient() -> None:
    template = Template('{{ name | date: "%H:%M" }}', KNOWN)
    assert template.render({"name": "2026-12-24T17:05:00Z"}, GERMAN) == "18:05"
    assert template.render({"name": datetime(2026, 12, 24, 17, 5, tzinfo=UTC)}, GERMAN) == "18:05"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("Hi {{ nmae }}", (1, 7), 'the field "nmae" does not exist; did you mean name?'),
        ("Hi\n {{ zzz }}", (2, 5), 'the field "zzz" does not exist (fields: '),
        ("Hi {% if nam %}x{% endif %}", (1, 10), "did you mean name?"),
        ("Hi {name}", (1, 4), "would be sent as it stands; write {{ name }}"),
        ("Hi {{ name", (1, 4), "expected '}}' after '{{'"),
        ("Hi {% if name", (1, 4), "expected '%}' after '{%'"),
        ('{% include "x" %}', (1, 4), "unexpected tag 'include'"),
        ('{% render "x" %}', (1, 4), "unexpected tag 'render'"),
        ("{{ name | frobnicate }}", (1, 11), 'the filter "frobnicate" does not exist'),
        ("{{ name | upcas }}", (1, 11), "did you mean upcase?"),
        ("{% if name %}x", None, ""),
        ("{% if name %}" * 9 + "{% endif %}" * 9, None, "block nesting limit"),
        ("x" * (SOURCE_LIMIT + 1), None, "at most 5000 characters"),
    ],
)
def test_what_is_refused_when_a_template_is_saved(text: str, place: tuple[int, int] | None, words: str) -> None:
    with pytest.raises(TemplateError) as raised:
        Template(text, KNOWN)
    assert words in raised.value.detail
    if place is not None:
        assert (raised.value.line, raised.value.column) == place


@pytest.mark.parametrize(
    "text", ["{{ city }}", "{{ city | upcase }}", "{{ visits | money: 'EUR' }}", "{{ city | date }}"]
)
def test_an_empty_field_is_no_hole_in_the_text(text: str) -> None:
    with pytest.raises(EmptyField) as raised:
        render(text)
    assert raised.value.field in ("city", "visits")
    assert "default" in str(raised.value)


def test_an_empty_field_may_be_allowed() -> None:
    assert render("from {{ city }}.", allow_empty=True) == "from ."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ name | money: 'EUR' }}", "'Anna' is not a number"),
        ("{{ amount | money: 'EURO' }}", "'EURO' is not a currency"),
        ("{{ name | date }}", "'Anna' is not a date: write 2026-12-24"),
        ("{{ birthday | date: '%Q' }}", "'%Q' is not a directive"),
        ("{{ birthday | date: '%99999d' }}", "is not a directive"),
        ("{{ birthday | time }}", "has no time"),
        ("{{ number | phone: 'funny' }}", "is not a form of phone numbers"),
        ("{{ 1 | divided_by: 0 }}", "divide by 0"),
        ("x" * (OUTPUT_LIMIT + 1), "longer than 1600 characters"),
    ],
)
def test_what_fails_for_a_recipient_is_explained(text: str, words: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(words)):
        render(text)


HOSTILE = [
    "{% for i in (1..1000000000) %}x{% endfor %}",
    "{{ (1..1000000000) | join }}",
    "{{ (1..1000000000) | reverse | first }}",
    "{% for i in (1..100) %}{% for j in (1..100) %}{{ j }}{% endfor %}{% endfor %}",
    "{{ 'a'" + "| replace: 'a', 'aaaaaaaaaa'" * 150 + "}}",
    "{% assign x = 'aaaaaaaaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 100 + "{{ x }}",
    "{{ 9999999999999999999999" + "| times: 9999999999999999999" * 150 + "}}",
    "{{ '" + "a" * 1900 + "' | replace: '', '" + "b" * 1900 + "' }}",
    "{{ 'a' | split: '' | join: '" + "b" * 2000 + "' | append: 'c' | truncate: 99999999999999999999 }}",
    "{% capture x %}" + "{{ name }}" * 300 + "{% endcapture %}" + "{{ x }}" * 100,
    "{% for i in (1..200) %}{% assign y = 'ab' | split: '' | reverse | sort | uniq %}{% endfor %}",
    "{{ name" + "[name]" * 400 + " }}",
    "{{ 1 | round: 99999999999 }}",
    "{{ 'a' | slice: 0, 9999999999999999999999999999999999 }}",
    "{{" * 1000,
    "{%" * 1000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_template_takes_time_or_memory(text: str) -> None:
    render('{{ amount | money: "EUR" }}')  # what is loaded once
    tracemalloc.start()
    begun = time.process_time()
    try:
        render(text)
    except TemplateError:
        pass
    spent = time.process_time() - begun
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spent < 2  # a second of them would be a loop without end; the tracing takes most of it
    assert peak < 20_000_000


PIECES = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{", "}", " name ", "city", "| date", "| default: 'x'", "for i in", "if ", "endif",
     "endfor", "'", '"', ":", "(1..9)", "assign x =", "raw", "endraw", "-", "#", "[", "]", ".", "1", "ä", "\n"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=80))
def test_any_text_is_a_template_or_an_error(text: str) -> None:
    for use in (lambda: render(text), lambda: expand_braces(text, KNOWN)):
        with contextlib.suppress(TemplateError):
            use()


@pytest.mark.parametrize(
    ("title", "name"),
    [("First name", "first_name"), ("  E-Mail ", "e_mail"), ("Straße", "straße"), ("2nd", "_2nd"), ("Name", "name")],
)
def test_columns_have_names(title: str, name: str) -> None:
    assert field_name(title) == name
    Template(f"{{{{ {name} }}}}", {name})
