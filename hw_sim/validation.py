"""Values that come by name from afar: a fault's options, the network's rules, the fields of an operation.

What may come is read from annotations. A refusal says which one it is, what is wanted and what came, and of a name that
there is none which one may have been meant.
"""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints


class OptionError(ValueError):
    """A value that is not wanted, or a name that there is none of."""


@dataclass(frozen=True, slots=True)
class Within:
    """Bounds of a number, both included."""

    low: float
    high: float = math.inf

    def __str__(self) -> str:
        return f"{self.low:g} or more" if self.high == math.inf else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """The texts there are, where a Literal cannot name them."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A text's form as a regular expression, and in words."""

    pattern: str
    words: str


Share = Annotated[float, Within(0, 1)]
Seconds = Annotated[float, Within(0)]
Count = Annotated[int, Within(1)]
#: The name of a link in the simulation's directory.
LinkName = Annotated[str, Form(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "a file name of letters, digits, dots, - and _")]
#: What a modem writes in a line: octets, for which characters up to U+00FF stand.
LineText = Annotated[str, Form(r"[\x20-\xff]+", "a text of printable characters up to U+00FF")]
#: Of something that goes on and on: shorter ones would leave no time for anything else.
Interval = Annotated[float, Within(0.001)]
#: <err> of +CMS ERROR and +CME ERROR.
ErrorCode = Annotated[int, Within(0, 65535)]
#: <rssi> of +CSQ; 99 is not known.
Rssi = Annotated[int, Within(0, 99)]
Number = Annotated[str, Form(r"\+?[0-9]+", "digits, with a + or without")]
Pin = Annotated[str, Form(r"[0-9]{4,8}", "4 to 8 digits")]


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that says there is no ``name``: the nearest of those there are, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), names, 1)
    if not near and len(name) > 2:
        near = [known_name for known_name in names if name.lower() in known_name]
    if near:
        return f"; did you mean {' or '.join(near)}?"
    if len(names) < 2:
        return f"; there is only {names[0]}" if names else "; there are none"
    return f"; there are {', '.join(names)}"


def parameters(function: Callable[..., Any], skip: int = 1) -> dict[str, inspect.Parameter]:
    """What a function may be given by name, without its first ``skip`` parameters; ``from_`` is called ``from``."""
    found = list(inspect.signature(function).parameters.values())[skip:]
    return {entry.name.rstrip("_"): entry for entry in found if entry.kind is not inspect.Parameter.VAR_KEYWORD}


def arguments(
    function: Callable[..., Any], given: Mapping[str, Any], *, where: str, noun: str, skip: int = 1
) -> dict[str, Any]:
    """``given`` as keyword arguments of ``function``. Raises OptionError, whose text begins with ``where``.

    ``noun`` is what one of them is called ("option"). Names beyond its parameters pass when it takes any (``**rest``).
    """
    known = parameters(function, skip)
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function).parameters.values()
    takes_any = any(entry.kind is inspect.Parameter.VAR_KEYWORD for entry in signature)
    for name in given:
        if name not in known and not takes_any:
            raise OptionError(f"{where} has no {noun} {name}{nearest(name, known)}")
    missing = [name for name, entry in known.items() if entry.default is entry.empty and name not in given]
    if missing:
        raise OptionError(f"{where} needs {' and '.join(missing)}")
    made = {name: value for name, value in given.items() if name not in known}
    for name in known.keys() & given.keys():
        hint, value = hints[known[name].name], given[name]
        if type(value) is int and _is_text(hint):  # a command line cannot tell 1234 from "1234"
            value = str(value)
        made[known[name].name] = convert(hint, value, f"{where}: {name}")
    return made


def _is_text(hint: Any) -> bool:
    return hint is str or (get_origin(hint) in (Annotated, Union, UnionType) and any(map(_is_text, get_args(hint))))


def convert(wanted: Any, value: Any, where: str) -> Any:
    """``value`` as an annotation wants it. Raises OptionError, whose text begins with ``where``."""
    origin, args = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return value
    if origin is Annotated:
        return _within(args[1], convert(args[0], value, where), where)
    if origin in (Union, UnionType):
        if value is None and NoneType in args:
            return None
        (kind,) = (arg for arg in args if arg is not NoneType)
        return convert(kind, value, where)
    if origin is Literal:
        return _one_of(args, value, where)
    if origin is tuple:
        return _tuple(args, value, where)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise OptionError(f"{where}: a table is wanted, not {value!r}")
        return {key: convert(args[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin is list:
        if not isinstance(value, list):
            raise OptionError(f"{where}: a list is wanted, not {value!r}")
        return [convert(args[0], item, f"{where}[{at}]") for at, item in enumerate(value)]
    return _plain(wanted, value, where)


_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def _plain(wanted: Any, value: Any, where: str) -> Any:
    number = isinstance(value, int) and not isinstance(value, bool)
    if wanted is float and number:
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and not number):
        raise OptionError(f"{where}: {_WORDS.get(wanted, wanted.__name__)} is wanted, not {value!r}")
    return value


def _tuple(args: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise OptionError(f"{where}: a list is wanted, not {value!r}")
    if args[-1:] == (...,):
        return tuple(convert(args[0], item, f"{where}[{at}]") for at, item in enumerate(value))
    if len(args) != len(value):
        raise OptionError(f"{where}: {len(args)} values are wanted, not {len(value)}")
    return tuple(convert(kind, item, where) for kind, item in zip(args, value, strict=True))


def _within(limit: Within | OneOf | Form, value: Any, where: str) -> Any:
    if isinstance(limit, OneOf):
        return _one_of(limit.names, value, where)
    if isinstance(limit, Form):
        if not re.fullmatch(limit.pattern, value):
            raise OptionError(f"{where}: {limit.words} is wanted, not {value!r}")
    elif not limit.low <= value <= limit.high:  # which is so for no NaN
        raise OptionError(f"{where}: {limit} is wanted, not {value!r}")
    return value


def _one_of(names: tuple[str, ...], value: Any, where: str) -> Any:
    if value not in names:
        raise OptionError(f"{where} is one of {', '.join(map(str, names))}, not {value!r}")
    return value
