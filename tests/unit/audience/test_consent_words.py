"""The words of consent: texts in many languages, texts that are no opt-outs, and any text at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsmgw.audience.consent.classify import COURTESY, MAX_CHARS, Meaning, Reading, classify
from gsmgw.audience.consent.words import Kind, all_words, normalise

#: The languages that the words are promised for.
PROMISED = {
    "en",
    "de",
    "fr",
    "es",
    "pt",
    "it",
    "nl",
    "pl",
    "cs",
    "sv",
    "da",
    "no",
    "fi",
    "tr",
    "ru",
    "uk",
    "el",
    "hu",
    "ro",
    "zh",
    "ja",
    "ar",
}
LISTS = {normalise("news"): "news", normalise("happy hour"): "bar"}


def meaning(text: str, *local: str, profile: str | None = None) -> Meaning | None:
    found = classify(text, lists=LISTS, local=local or ("en",), profile=profile)
    return None if found is None else found.meaning


def test_every_promised_language_has_every_kind_of_word() -> None:
    assert set(all_words().languages) >= PROMISED
    for language in PROMISED:
        kinds = all_words().languages[language]
        assert set(kinds) == set(Kind), language
        assert all(kinds.values()), language
        assert normalise("stop") in kinds[Kind.STOP], language


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "STOP!!!",
        "s.t.o.p",
        "S T O P",
        "🛑 STOP 🛑",
        "ＳＴＯＰ",
        "Stop please",
        "STOP, thank you very much",
        "Please unsubscribe",
        "Opt-out",
        "opt out thanks",
        "STOPALL",
        "Stop it now",
        "STOP STOP",
        "Unsubscribe me please, thanks",
        "Stopp",
        "Bitte abmelden, danke",
        "ABMELDEN!",
        "Hallo, bitte abbestellen",
        "Stop, vielen Dank",
        "ARRÊT",
        "Arrêtez s'il vous plaît merci",
        "désabonnement svp",
        "Stop SVP",
        "STOP SMS",
        "BAJA",
        "Darme de baja por favor",
        "No más mensajes",
        "parar, gracias",
        "parar por favor",
        "Descadastrar, obrigado",
        "disiscrivimi per favore",
        "Basta grazie",
        "Afmelden aub",
        "uitschrijven, dank u wel",
        "Wypisz mnie, proszę",
        "REZYGNUJĘ",
        "Odhlásit prosím",
        "odhlaste mě",
        "Avregistrera mig tack",
        "Sluta tack",
        "Afmeld tak",
        "Avmeld meg takk",
        "Stopp, vær så snill",
        "LOPETA kiitos",
        "poista minut",
        "durdur lütfen",
        "iptal et lütfen",
        "СТОП",
        "Отпишите меня, пожалуйста",
        "стоп спасибо",
        "Відпишіть мене, будь ласка",
        "ΣΤΟΠ παρακαλώ",
        "διαγράψτε με",
        "Leiratkozás köszönöm",
        "LEIRATKOZOM",
        "Dezabonare, vă rog",
        "opriți",
        "退订",
        "退订谢谢",
        "取消订阅，谢谢",
        "停止",
        "ストップ",
        "配信停止お願いします",
        "ｽﾄｯﾌﾟ",
        "توقف",
        "توقف من فضلك",
        "إلغاء الاشتراك لو سمحت",
    ],
)
def test_opt_outs(text: str) -> None:
    found = classify(text, lists=LISTS)
    assert found is not None
    assert (found.meaning, found.weak, found.list) == (Meaning.STOP, False, None)


@pytest.mark.parametrize(
    "text",
    [
        "We have got to STOP this bill",
        "we have got to STOP this bill, write to your senator",
        "Hello",
        "",
        "   ",
        "🎉",
        "12345",
        "See you at the bus tomorrow at five",
        "Can I come at 10 instead?",
        "Yes I will be there",
        "C",
        "1",
        "Fine",
        "Thank you",
        "I will be there before the shops close and the buses stop",
        "Danke, bis morgen",
        "Kann ich den Termin verschieben?",
        "Der Bus hält an der dritten Stop Stelle nach dem Bahnhof",
        "À demain",
        "Hasta mañana",
        "明天见",
        "また明日",
        "До завтра",
        "Please cancel my appointment on Monday",
    ],
)
def test_texts_that_are_no_opt_outs(text: str) -> None:
    assert meaning(text) in (None, Meaning.YES)


@pytest.mark.parametrize(
    "text",
    [
        "leave me alone",
        "Please leave me alone, I have asked you three times now",
        "Don't text me",
        "stop this bill",
        "don't stop",
        "STOP knitting club",
        "please stop my subscription now",
        "Lasst mich in Ruhe!",
        "Woher haben Sie meine Nummer?",
        "Laissez-moi tranquille",
        "Déjenme en paz",
        "lasciatemi in pace",
        "laat me met rust",
        "Dajcie mi spokój",
        "Оставьте меня в покое",
        "Дайте мені спокій",
        "Αφήστε με ήσυχο",
        "Hagyjanak békén",
        "别烦我",
        "もう送らないで",
        "اتركوني وشأني",
        "beni rahat bırakın",
        "Lämna mig ifred",
        "Lad mig være",
        "La meg være",
        "Jättäkää minut rauhaan",
        "Dejte mi pokoj",
        "me deixe em paz",
        "lăsați-mă în pace",
    ],
)
def test_suspects(text: str) -> None:
    assert meaning(text) is Meaning.SUSPECT


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("START", Meaning.START),
        ("unstop", Meaning.START),
        ("Anmelden bitte", Meaning.START),
        ("старт", Meaning.START),
        ("HELP", Meaning.HELP),
        ("Hilfe!", Meaning.HELP),
        ("Aide svp", Meaning.HELP),
        ("INFO", Meaning.HELP),
        ("مساعدة", Meaning.HELP),
        ("Yes", Meaning.YES),
        ("ja", Meaning.YES),
        ("Oui merci", Meaning.YES),
        ("SÍ", Meaning.YES),
        ("да", Meaning.YES),
        ("はい", Meaning.YES),
    ],
)
def test_other_keywords(text: str, wanted: Meaning) -> None:
    assert meaning(text) is wanted


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("STOP news", "news"),
        ("stop NEWS please", "news"),
        ("Abmelden News", "news"),
        ("stop happy hour", "bar"),
        ("STOP Happy-Hour!", "bar"),
    ],
)
def test_a_stop_may_name_a_list(text: str, name: str) -> None:
    found = classify(text, lists=LISTS)
    assert found is not None
    assert (found.meaning, found.list) == (Meaning.STOP, name)


def test_at_most_three_courtesy_words() -> None:
    assert meaning("stop please thanks sorry") is Meaning.STOP
    assert meaning("stop please thanks sorry hello") is Meaning.SUSPECT
    assert COURTESY == 3


def test_courtesy_is_that_of_one_language() -> None:
    assert meaning("abmelden please") is Meaning.SUSPECT
    assert meaning("abmelden bitte") is Meaning.STOP


def test_weak_words_count_alone_in_english_or_the_language_of_the_country() -> None:
    for text in ("CANCEL", "End", "quit"):
        found = classify(text, local=("de", "en"))
        assert found is not None
        assert (found.meaning, found.weak) == (Meaning.STOP, True)
    assert meaning("fine", "en") is None
    assert meaning("fine", "it", "en") is Meaning.STOP
    assert meaning("please cancel my appointment", "en") is None


def test_the_profile_of_the_us_makes_its_keywords_final() -> None:
    for text in ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "Opt out"):
        found = classify(text, profile="us")
        assert found is not None
        assert (found.meaning, found.weak) == (Meaning.STOP, False), text
    assert classify("YES", profile="us") == Reading(Meaning.START, "yes", "en")
    assert classify("INFO", profile="us") == Reading(Meaning.HELP, "info", "en")
    info = classify("INFO")
    assert info is not None
    assert info.weak


def test_the_language_of_the_sender_is_preferred() -> None:
    for language in ("de", "fr", "pl"):
        found = classify("STOP", local=(language, "en"))
        assert found is not None
        assert found.language == language


def test_a_word_of_a_language_is_a_stop_in_the_forms_in_which_people_type_it() -> None:
    for language, kinds in all_words().languages.items():
        for phrase in kinds[Kind.STOP]:
            words = " ".join(phrase)
            for text in (words, words.upper(), f"  {words.capitalize()}!! 🙏"):
                assert meaning(text, language) is Meaning.STOP, (language, text)


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    classify(text, lists=LISTS, local=("de", "en"))
    classify(text, lists=LISTS, profile="us")


@given(st.text(min_size=MAX_CHARS + 1, max_size=2000))
def test_long_texts_are_not_about_consent(text: str) -> None:
    assert classify(text) is None


_PHRASES = [
    " ".join(phrase)
    for kinds in all_words().languages.values()
    for phrases in kinds.values()
    for phrase in sorted(phrases)
]


@given(st.lists(st.sampled_from(_PHRASES), max_size=40).map(" ".join))
def test_any_mixture_of_words_is_read_quickly(text: str) -> None:
    began_s = time.process_time()
    classify(text, lists=LISTS, local=("de", "en"))
    assert time.process_time() - began_s < 0.5


@given(st.lists(st.sampled_from(["stop", "please", "thanks", "hello", "bill", "news"]), min_size=1, max_size=9))
def test_an_opt_out_is_a_stop_word_with_at_most_three_of_courtesy(words: list[str]) -> None:
    found = classify(" ".join(words), lists=LISTS)
    polite = sum(word in ("please", "thanks", "hello") for word in words)
    if found is not None and found.meaning is Meaning.STOP:
        assert "stop" in words
        assert "bill" not in words
        assert polite <= COURTESY
        assert words.count("news") <= 1
