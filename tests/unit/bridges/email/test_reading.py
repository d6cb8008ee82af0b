"""Mails as programs and devices send them, and the texts that they become."""

from __future__ import annotations

import base64
import random
import time
from email.message import EmailMessage

import pytest

from gsmgw.bridges.email.markup import text_of_html
from gsmgw.bridges.email.reading import BadMail, read_mail
from gsmgw.model import parse_id


def text_of(mail: str | bytes, **options: str | int) -> str:
    raw = mail.encode() if isinstance(mail, str) else mail
    return read_mail(raw, **options).text  # type: ignore[arg-type]


REPLY = "Subject: Re: SMS Anna\nIn-Reply-To: <sms.1@x>\nContent-Type: text/plain; charset=utf-8\n\n"


def test_the_subject_by_choice() -> None:
    mail = "Subject: Disk full\n\nVolume 1"
    assert text_of(mail) == "Disk full\nVolume 1"
    assert text_of(mail, subject_rule="none") == "Volume 1"
    assert text_of(mail, subject_rule="only") == "Disk full"
    assert text_of("Subject: Alarm\n\nAlarm at the door") == "Alarm at the door"  # not twice
    assert text_of("Subject: Only this\n\n", subject_rule="none") == "Only this"
    assert text_of("\nNo subject", subject_rule="only") == "No subject"
    assert text_of("Subject: Re: x\n\nAn answer") == "An answer"


def test_long_texts_are_cut() -> None:
    assert text_of("\n" + "word " * 100, max_characters=20) == "word word word wo..."


def test_encoded_headers_and_bodies() -> None:
    body = base64.b64encode("Grüße aus Köln".encode("iso-8859-1")).decode()
    mail = (
        "Subject: =?utf-8?B?w5xiZXJsYXVm?= =?iso-8859-1?Q?_K=F6ln?=\n"
        f"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n\n{body}\n"
    )
    assert text_of(mail) == "Überlauf Köln\nGrüße aus Köln"
    quoted = (
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=\n=C3=9Fe"
    )
    assert text_of(quoted) == "Grüße"


@pytest.mark.parametrize("charset", ["utf-8", "us-ascii", "nonsense", "zip", "", "iso-8859-1", "\x01", "x" * 500])
def test_a_wrong_charset_is_read_as_what_it_may_be(charset: str) -> None:
    latin = f"Content-Type: text/plain; charset={charset}\n\n".encode() + "Grüße".encode("windows-1252")
    assert text_of(latin) == "Grüße"
    assert text_of(b"Subject: Gr\xfc\xdfe\n\n") == "Grüße"
    assert text_of("Subject: Grüße\n\n".encode()) == "Grüße"


def test_plain_text_before_html_and_attachments_by_name() -> None:
    mail = EmailMessage()
    mail["Subject"] = "Motion"
    mail.set_content("Camera 1: motion\n")
    mail.add_alternative("<p>Camera <b>1</b>: motion in HTML</p>", subtype="html")
    mail.add_attachment(b"\xff\xd8", maintype="image", subtype="jpeg", filename="Tür\r\n 1.jpg".replace("\r\n", ""))
    mail.add_attachment("log", filename="log.txt")
    assert text_of(mail.as_bytes()) == "Motion\nCamera 1: motion\n[Tür 1.jpg]\n[log.txt]"


def test_an_attached_mail_is_not_read() -> None:
    inner, mail = EmailMessage(), EmailMessage()
    inner.set_content("inner secret")
    mail.set_content("outer")
    mail.add_attachment(inner, filename="inner.eml")
    assert text_of(mail.as_bytes()) == "outer\n[inner.eml]"


def test_many_attachments() -> None:
    mail = EmailMessage()
    mail.set_content("pictures")
    for number in range(8):
        mail.add_attachment(b"x", maintype="image", subtype="png", filename=f"{number}.png")
    assert text_of(mail.as_bytes()).splitlines() == ["pictures", *(f"[{n}.png]" for n in range(5)), "[+3]"]


def test_html_only() -> None:
    html = (
        "<html><head><title>T</title><style>p {color: red}</style></head><body><h1>UPS&nbsp;1</h1>"
        "<p>On   battery:\n<b>12</b> minutes &amp; falling</p><ul><li>Load 40&nbsp;%<li>Temp 30&deg;</ul>"
        "<table><tr><td>Input</td><td>0 V</td></tr></table><script>alert(1)</script><img src=x alt=no></body></html>"
    )
    expected = "UPS 1\n\nOn battery: 12 minutes & falling\n\n- Load 40 %\n- Temp 30°\n\nInput 0 V"
    assert text_of(f"Content-Type: text/html\n\n{html}") == expected


@pytest.mark.parametrize(
    "html",
    [
        '<div>Yes</div><div class="gmail_quote"><div>On Monday Ann wrote:</div><blockquote>Coming?</blockquote></div>',
        '<p>Yes</p><div id="divRplyFwdMsg"><b>From:</b> Ann</div><div>Coming?</div>',
        "Yes<br><blockquote type=cite>Coming?</blockquote>",
        "<div>Yes</div><div>-- </div><div>Ann Lee</div>",
        "<div>Yes</div><div id=appendonsend></div><hr>Coming?",
    ],
)
def test_quotes_of_html(html: str) -> None:
    assert text_of(f"Subject: Re: x\nContent-Type: text/html\n\n{html}") == "Yes"


def test_html_that_nobody_closed() -> None:
    started = time.monotonic()
    assert text_of_html("<div>" * 20_000 + "deep") == "deep"
    assert text_of_html("<b>a<i>b</b>c</i></p></p>d<") == "abc\n\nd<" or text_of_html("<b>a</b>") == "a"
    text_of_html("<" * 100_000)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 23 Nov 2026 at 20:41, Anna <sms@gate.example> wrote:\n> Coming?\n>\n> Anna",
        "On Mon, 23 Nov 2026 at 20:41, Anna Someone With A Long Name\n<sms@gate.example> wrote:\n\n> Coming?",
        "Am 23.11.26 um 20:41 schrieb Anna (SMS):\n> Kommst du?",
        "Am Mo., 23. Nov. 2026 um 20:41 Uhr schrieb Anna <sms@gate.example>:\n\n> Kommst du?",
        "Le lun. 23 nov. 2026 à 20:41, Anna <sms@gate.example> a écrit :\n> Tu viens ?",
        "El lun, 23 nov 2026 a las 20:41, Anna (<sms@gate.example>) escribió:\n> ¿Vienes?",
        "Il giorno lun 23 nov 2026 alle ore 20:41 Anna <sms@gate.example> ha scritto:\n> Vieni?",
        "Em seg., 23 de nov. de 2026 às 20:41, Anna <sms@gate.example> escreveu:\n> Vens?",
        "Op ma 23 nov 2026 om 20:41 schreef Anna <sms@gate.example>:\n> Kom je?",
        "pon., 23 lis 2026 o 20:41 Anna <sms@gate.example> napisał(a):\n> Idziesz?",
        "Den mån 23 nov. 2026 kl 20:41 skrev Anna <sms@gate.example>:\n> Kommer du?",
        "пн, 23 нояб. 2026 г. в 20:41, Anna <sms@gate.example>:\n> Придёшь?",
        "2026年11月23日(月) 20:41 Anna <sms@gate.example>さんは書きました:\n> 来る?",
        "-----Original Message-----\nFrom: Anna\nSent: Monday\nTo: Ann\nSubject: SMS\n\nComing?",
        "-----Ursprüngliche Nachricht-----\nVon: Anna\nGesendet: Montag\n\nKommst du?",
        "________________________________\nFrom: Anna\nSent: Monday\nTo: Ann\nSubject: SMS\n\nComing?",
        "Von: Anna <sms@gate.example>\nGesendet: Montag, 23. November 2026 20:41\nAn: Ann\nBetreff: SMS\n\nKommst du?",
        "De : Anna <sms@gate.example>\nEnvoyé : lundi 23 novembre 2026\nÀ : Ann\nObjet : SMS\n\nTu viens ?",
        "On Monday Anna wrote:\nComing?\nunmarked as Outlook does it",
        "Sent from my iPhone\n\n> On 23. Nov 2026, at 20:41, Anna <sms@gate.example> wrote:\n> \n> Coming?",
        "Von meinem iPhone gesendet",
        "-- \nAnn Lee\nManaging everything",
        "--\nAnn Lee",
    ],
)
def test_an_answer_is_sent_without_what_it_quotes(quoted: str) -> None:
    assert text_of(f"{REPLY}Yes, at 8.\n\n{quoted}\n") == "Yes, at 8."


def test_answers_below_and_between_quotes() -> None:
    mail = f"{REPLY}On Monday Anna wrote:\n> Coming?\n\nYes\n\n> And Ben?\n\nNo\n"
    assert text_of(mail).split() == ["Yes", "No"]


def test_what_looks_like_a_quote_in_an_alarm_stays() -> None:
    body = "Volume 1:\n> 90 % full\n--\nOn Monday the disk wrote:\nerrors"
    assert text_of(f"Subject: Alarm\n\n{body}", subject_rule="none") == body
    assert text_of("Subject: x\n\nAlarm\n-- \nDiskStation", subject_rule="none") == "Alarm"


def test_flowed_text_is_joined() -> None:
    mail = "Content-Type: text/plain; format=flowed\n\nThis is one \nlong line.\nAnother.\n-- \nAnn"
    assert text_of(mail) == "This is one long line.\nAnother."


def test_control_characters_are_left_out() -> None:
    assert text_of("Subject: a\x00b\x1b[31m\u202ec\n\nx\x07y\r\nz") == "ab[31mc\nxy\nz"


ONE, TWO = parse_id("1m8gax8011twk"), parse_id("1m8gawrha0q3t")
THREAD = "<peer.0123@gate.example>"


@pytest.mark.parametrize(
    ("headers", "answered"),
    [
        ("In-Reply-To: <sms.1m8gax8011twk.17@gate.example>", ONE),
        ("References: <peer.0123@gate.example>\r\n <sms.1m8gawrha0q3t.16@gate.example>\r\n <x@home.example>", TWO),
        (f"References: {THREAD} <sms.1m8gawrha0q3t.16@g> <x@home> <sms.1m8gax8011twk.17@g>", ONE),
        ("In-Reply-To: <sms.1m8gawrha0q3t.16@g>\nReferences: <sms.1m8gax8011twk.17@g>", TWO),
        (f"In-Reply-To: {THREAD}\nReferences: {THREAD} <sms.1m8gax8011twk.17@g>", ONE),
        ("In-Reply-To: sms.1m8gax8011twk.17@gate.example", None),
        ("In-Reply-To: <sms.1m8gax8011twi.17@gate.example>", None),
        ("In-Reply-To: <sms.zzzzzzzzzzzzz.17@gate.example>", None),
        (f"In-Reply-To: <sms.1m8gax8011twk.{'9' * 5000}@gate.example>", None),
        ("In-Reply-To: <x@home.example>", None),
        ("Subject: Re: SMS Anna", None),
    ],
)
def test_the_answered_text_is_found(headers: str, answered: int | None) -> None:
    assert read_mail(f"{headers}\n\nyes".encode()).answers == answered


def test_the_same_mail_is_known_again() -> None:
    def ident(mail: str) -> str | None:
        return read_mail(mail.encode()).ident

    one = "Message-ID: <1@x>\nSubject: a\n\nb"
    assert ident(one) == ident(f"Received: from y\n{one}")
    assert ident(one) != ident(one.replace("<1@x>", "<2@x>"))
    dated = "Date: Mon, 23 Nov 2026 20:41:00 +0000\n\ntext"
    assert ident(dated) == ident(dated)
    assert ident(dated) != ident(dated.replace("41", "42"))
    assert ident("Subject: a\n\nb") is None


def test_alarms_are_automatic_and_accepted() -> None:
    assert text_of("Auto-Submitted: auto-generated\n\ncron") == "cron"
    assert text_of("Auto-Submitted: no\n\nAnn") == "Ann"
    for value in ("auto-replied", "Auto-Notified; x=y", "auto-replied (vacation)"):
        with pytest.raises(BadMail):
            text_of(f"Auto-Submitted: {value}\n\naway")


def test_nested_multiparts() -> None:
    mail = EmailMessage()
    mail.set_content("inside")
    for _ in range(10):
        outer = EmailMessage()
        outer.make_mixed()
        outer.attach(mail)
        mail = outer
    assert text_of(mail.as_bytes()) == "inside"
    started = time.monotonic()
    lines = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(5000))
    with pytest.raises(BadMail, match="multiparts"):
        text_of(lines + "x\n" * 400_000)
    assert time.monotonic() - started < 30


def test_no_mail_makes_it_fail() -> None:
    """Any mail is a text or refused. The cases are changes of a real mail, so that the parser gets deep."""
    mail = EmailMessage()
    mail["Subject"] = "Übung"
    mail.set_content("Text mit Umlauten: äöü\n\n-- \nAnn")
    mail.add_alternative("<p>HTML <b>Ü</b></p>", subtype="html")
    mail.add_attachment(b"\x00\x01", maintype="application", subtype="x-y", filename="Überraschung.bin")
    whole = mail.as_bytes()
    chance = random.Random(11)
    for _ in range(1500):
        broken = bytearray(whole)
        for _n in range(chance.randrange(1, 12)):
            place = chance.randrange(len(broken))
            match chance.randrange(3):
                case 0:
                    broken[place] = chance.randrange(256)
                case 1:
                    del broken[place : place + chance.randrange(1, 40)]
                case _:
                    broken[place:place] = chance.choice(
                        [b"\r\n", b"=?utf-8?q?", b"--==", b";", b'"', b"\xff", b"%00''"]
                    )
        try:
            text = text_of(bytes(broken))
        except BadMail:
            continue
        assert text
        text.encode()
