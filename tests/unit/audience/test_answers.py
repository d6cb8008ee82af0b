"""How the answer to a question is read."""

from __future__ import annotations

import pytest

from gsmgw.audience.consent.words import all_words
from gsmgw.audience.field_values import ValueRefused
from gsmgw.audience.questions.reading import all_texts, default_texts, example_of, read_answer
from gsmgw.model.contacts import ContactField, FieldType, FieldValue

PARTY = ContactField("party", FieldType.NUMBER)
DAY = ContactField("day", FieldType.DATE)
COMING = ContactField("coming", FieldType.BOOLEAN)
SIZE = ContactField("size", FieldType.CHOICE, ("Small", "Extra large", "Größe 40"))
WISH = ContactField("wish", FieldType.TEXT)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (PARTY, "4", 4),
        (PARTY, " 4 people. ", 4),
        (PARTY, "we are 4, thanks", 4),
        (PARTY, "2,5", 2.5),
        (PARTY, "٤", 4),
        (DAY, "2026-12-24", "2026-12-24"),
        (DAY, "am 24.12.2026 bitte", "2026-12-24"),
        (COMING, "Yes", True),
        (COMING, "yes please!", True),
        (COMING, "Nein danke", False),
        (COMING, "ja klar", True),
        (COMING, "No", False),
        (SIZE, "small", "Small"),
        (SIZE, "2", "Extra large"),
        (SIZE, "Nr. 2 bitte", "Extra large"),
        (SIZE, "extra large please", "Extra large"),
        (SIZE, "grosse 40", "Größe 40"),
        (WISH, "  stop the bill, 2 of them ", "stop the bill, 2 of them"),
    ],
)
def test_an_answer_that_can_be_read(field: ContactField, text: str, value: FieldValue) -> None:
    assert read_answer(field, text, ["de", "en"]) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (PARTY, "four"),
        (PARTY, "4 or 5"),
        (PARTY, "my number is 12 but that is not what you asked"),
        (PARTY, "1.234.567"),
        (PARTY, "CANCEL"),
        (DAY, "tomorrow"),
        (DAY, "3/4/2026"),
        (DAY, "31.02.2026"),
        (COMING, "perhaps"),
        (COMING, "yes but no"),
        (COMING, "yes I would come if I only knew the way"),
        (SIZE, "blue"),
        (SIZE, "4"),
        (SIZE, "0"),
        (SIZE, "small or extra large"),
        (WISH, "   "),
    ],
)
def test_an_answer_that_cannot_be_read(field: ContactField, text: str) -> None:
    with pytest.raises(ValueRefused):
        read_answer(field, text, ["de", "en"])


def test_the_likelier_language_decides_about_a_word_of_both() -> None:
    assert read_answer(COMING, "ne", ["cs", "en"]) is False
    assert read_answer(COMING, "no", ["es", "en"]) is False


def test_each_language_of_consent_has_its_texts_and_reads_its_own_example() -> None:
    assert set(all_texts()) == set(all_words().languages)
    for language in all_texts():
        yes, no = example_of(COMING, [language]).split(" / ")
        assert read_answer(COMING, yes, [language]) is True, language
        assert read_answer(COMING, no, [language]) is False, language
        assert "{example}" in default_texts([language]).again, language


def test_what_an_answer_may_look_like() -> None:
    assert example_of(SIZE, ["en"]) == "1 = Small, 2 = Extra large, 3 = Größe 40"
    for field in (PARTY, DAY):
        read_answer(field, example_of(field, ["en"]), ["en"])
