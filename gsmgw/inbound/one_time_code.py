"""Find the one-time code in a received text. Pure.

People who test sign-ups wait for a text and want its code. There is no standard for such texts but one: the last line
``@example.com #123456`` (origin-bound one-time codes, WICG). For all others the code is the candidate nearest to a word
such as "code".
"""

from __future__ import annotations

import re

from gsmgw.digits import is_digits

#: ``@example.com #123456`` at the end, perhaps with the domain of an embedded frame behind it.
_ORIGIN_BOUND = re.compile(r"^@\S+ #([^\s#@]{4,12})(?: @\S+)?\s*\Z", re.MULTILINE)
#: Words that announce a code, in the languages of our users; beginnings of words.
_ANNOUNCED = re.compile(
    r"code|c[oó]d[ei]go|codice|kod|kód|cod\b|koodi|κωδικ|код|пароль|parol|pin\b|tan\b|otp|pass(?:word|wort|code)"
    r"|mot de passe|contrase|senha|hasło|heslo|jelszó|lösenord|adgangskode|şifre|sifre|验证码|驗證碼|认证|認証|コード"
    r"|番号|인증|קוד|رمز|كود|token|verif",
    re.IGNORECASE,
)
#: Digits alone or in two or three groups, or capitals and digits mixed. Not a part of a number, amount, time or date.
_CANDIDATE = re.compile(
    r"(?<![\w+@#/.,:€$£%-])(?:[A-Z]{1,2}-)?"
    r"(?P<digits>[0-9]{3}[ -][0-9]{3}|[0-9]{4}[ -][0-9]{4}|[0-9]{2}[ -][0-9]{2}[ -][0-9]{2}|[0-9]{4,8})"
    r"(?![\w€$£%]|[.,:/-][0-9]| [0-9]{3}| ?(?:€|(?:EUR|USD|GBP|PLN|CHF)\b))"
    r"|(?<![\w@#/.-])(?P<mixed>(?=[A-Z0-9]*[0-9])(?=[A-Z0-9]*[A-Z])[A-Z0-9]{5,10})(?![\w-])"
)
_NO_CODE = re.compile(r"(?:19|20)[0-9][0-9]")
#: Characters between a word and its code at most.
_REACH = 80
#: Characters that the end of a sentence counts for.
_SENTENCE = 20


def one_time_code(text: str) -> str | None:
    """Return the one-time code of a text, without spaces and hyphens; None without one, or if it is ambiguous."""
    bound = _ORIGIN_BOUND.search(text)
    if bound is not None:
        return bound[1]
    found = [(match.start(), match.end(), _value(match)) for match in _CANDIDATE.finditer(text)]
    words = [(match.start(), match.end()) for match in _ANNOUNCED.finditer(text)]
    if not words:
        likely = {value for _, _, value in found if is_digits(value) and not _NO_CODE.fullmatch(value)}
        return likely.pop() if len(likely) == 1 else None
    near = [(_distance(text, start, end, words), value) for start, end, value in found]
    near = [(distance, value) for distance, value in near if distance <= _REACH]
    return min(near)[1] if near else None


def _value(match: re.Match[str]) -> str:
    digits = match["digits"]
    return match["mixed"] if digits is None else re.sub("[ -]", "", digits)


def _distance(text: str, start: int, end: int, words: list[tuple[int, int]]) -> int:
    """Return the distance to the nearest word. The end of a sentence in between makes it longer."""
    return min(_length(text[after:start] if after <= start else text[end:before]) for before, after in words)


def _length(between: str) -> int:
    return len(between) + (_SENTENCE if re.search(r"[.!?] ", between) else 0)
