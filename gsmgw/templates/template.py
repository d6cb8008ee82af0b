"""A compiled template."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

from liquid.exceptions import (
    ContextDepthError,
    LiquidError,
    LocalNamespaceLimitError,
    LoopIterationLimitError,
    OutputStreamLimitError,
    UndefinedError,
)

from gsmgw.templates.environment import LOOP_LIMIT, environment
from gsmgw.templates.errors import EmptyField, TemplateError
from gsmgw.templates.filters import SETTING
from gsmgw.templates.names import OUTPUT_LIMIT, SOURCE_LIMIT, Setting, Value, field_name, is_empty

#: The parts of a template that matter for single braces: what is Liquid's, a name in single braces, a lone brace.
_BRACES = re.compile(
    r"\{%-? *raw *-?%\}.*?\{%-? *endraw *-?%\}|\{\{.*?\}\}|\{%.*?%\}|\{ *([^\W0-9][\w -]*) *\}|[{}]", re.DOTALL
)
_LIMITS: Mapping[type[LiquidError], str] = {
    OutputStreamLimitError: f"the text is longer than {OUTPUT_LIMIT} characters",
    LoopIterationLimitError: f"loops take more than {LOOP_LIMIT} turns",
    LocalNamespaceLimitError: "the variables of the template are too large",
    ContextDepthError: "blocks are nested too deeply (at most 5)",
}


class Template:
    """A template that is valid for the fields that exist."""

    def __init__(self, text: str, known: Collection[str], noun: str = "field") -> None:
        """Compile a template. Raises :class:`TemplateError`, for a field that is not one of ``known`` as well.

        ``noun`` is what the user calls a field.
        """
        if len(text) > SOURCE_LIMIT:
            raise TemplateError(f"a template has at most {SOURCE_LIMIT} characters; this one has {len(text)}")
        self.text = text
        _refuse_braces(text, known)
        try:
            self._compiled = environment().from_string(text)
            analysis = self._compiled.analyze()
        except LiquidError as exc:
            raise _described(exc) from None
        except RecursionError:
            raise TemplateError("blocks are nested too deeply (at most 5)") from None
        for name, places in analysis.filters.items():
            if name not in environment().filters:
                raise TemplateError(_unknown(name, environment().filters, "filter"), *_place(text, places[0].index))
        #: The names of the fields that the template uses.
        self.fields = frozenset(analysis.globals)
        for name, uses in analysis.globals.items():
            if name not in known:
                raise TemplateError(_unknown(name, known, noun), *_place(text, uses[0].span.index))

    def render(self, values: Mapping[str, Value], setting: Setting, *, allow_empty: bool = False) -> str:
        """Return the text for one recipient. Raises :class:`EmptyField` or :class:`TemplateError`.

        With ``allow_empty`` an empty field is shown as nothing.
        """
        present = {name: values[name] for name in self.fields if not is_empty(values.get(name))}
        if allow_empty:
            present = {**dict.fromkeys(self.fields, ""), **present}
        mark = SETTING.set(setting)
        try:
            text = self._compiled.render(present)
        except UndefinedError as exc:
            name = _undefined_name(exc)
            raise EmptyField(name) if name in self.fields else _described(exc) from None
        except LiquidError as exc:
            raise _described(exc) from None
        except (ArithmeticError, ValueError, TypeError, RecursionError) as exc:
            raise TemplateError(f"cannot be rendered: {exc}") from None
        finally:
            SETTING.reset(mark)
        if len(text) > OUTPUT_LIMIT:
            raise TemplateError(_LIMITS[OutputStreamLimitError])
        return text


def _refuse_braces(text: str, known: Collection[str]) -> None:
    """Refuse what would be sent as it stands: ``{name}``, and ``{{`` without its end."""
    for match in _BRACES.finditer(text):
        if match[0] == "{" and text[match.end() : match.end() + 1] in ("{", "%"):
            opened = text[match.start() : match.end() + 1]
            closing = {"{{": "}}", "{%": "%}"}[opened]
            raise TemplateError(f"expected {closing!r} after {opened!r}", *_place(text, match.start()))
        if match[1] is not None and (name := field_name(match[1])) in known:
            detail = f"{match[0]} would be sent as it stands; write {{{{ {name} }}}} for the field"
            raise TemplateError(detail, *_place(text, match.start()))


def expand_braces(text: str, known: Collection[str], noun: str = "field") -> str:
    """Write ``{name}`` out as ``{{ name }}``. Raises :class:`TemplateError` for other names and for lone braces."""

    def expand(match: re.Match[str]) -> str:
        place = _place(text, match.start())
        if match[0] in "{}":
            brace = match[0]
            raise TemplateError(f"unmatched {brace!r}; for a brace write {{% raw %}}{brace}{{% endraw %}}", *place)
        if match[1] is None:
            return match[0]
        name = field_name(match[1])
        if name not in known:
            raise TemplateError(_unknown(name, known, noun), *place)
        return f"{{{{ {name} }}}}"

    return _BRACES.sub(expand, text)


def _unknown(name: str, known: Collection[str], kind: str) -> str:
    near = get_close_matches(name, known, 1, 0.5)
    hint = f"; did you mean {near[0]}?" if near else f" ({kind}s: {', '.join(sorted(known))})"
    return f'the {kind} "{name}" does not exist{hint}'


def _undefined_name(exc: UndefinedError) -> str:
    quoted = re.match(r"'([^']*)' is undefined", str(exc.message))
    return quoted[1] if quoted else ""


def _described(exc: LiquidError) -> TemplateError:
    detail = _LIMITS.get(type(exc), str(exc.message or type(exc).__name__))
    if exc.token is None or exc.token.start_index < 0:
        return TemplateError(detail)
    return TemplateError(detail, *_place(exc.token.source, exc.token.start_index))


def _place(text: str, index: int) -> tuple[int, int]:
    before = text[: max(0, index)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
