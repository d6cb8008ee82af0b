"""The Liquid environment: a small set of tags and filters, each with limits.

A template comes from a user, so that nothing in it may take the memory or the time of the daemon. Liquid limits the
output, loops and variables; the filters are limited here, one value at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import Any

import liquid
from liquid import Mode
from liquid.exceptions import FilterArgumentError
from liquid.undefined import FalsyStrictUndefined

from gsmgw.templates import filters

#: Maximum number of turns of all loops together, characters or items of a value, digits of a number, and nested blocks.
LOOP_LIMIT = 200
VALUE_LIMIT = 2000
_DIGIT_LIMIT = 40
_DEPTH_LIMIT = 5
#: Bytes of the output: a text of 1600 characters in UTF-8.
_OUTPUT_LIMIT_BYTES = 6400

_TAGS = frozenset(
    {
        "content", "output", "illegal", "if", "unless", "case", "for", "break", "continue", "assign", "capture",
        "comment", "#", "raw", "echo", "cycle",
    }
)  # fmt: skip
_FILTERS = frozenset(
    {
        "abs", "append", "at_least", "at_most", "capitalize", "ceil", "compact", "default", "divided_by", "downcase",
        "first", "floor", "join", "last", "lstrip", "minus", "modulo", "plus", "prepend", "remove", "remove_first",
        "remove_last", "replace", "replace_first", "replace_last", "reverse", "round", "rstrip", "size", "slice",
        "sort", "sort_natural", "split", "squish", "strip", "strip_newlines", "times", "truncate", "truncatewords",
        "uniq", "upcase",
    }
)  # fmt: skip


class _Environment(liquid.Environment):
    """Liquid with our limits."""

    block_nesting_limit = _DEPTH_LIMIT
    context_depth_limit = _DEPTH_LIMIT * 4  # each block and loop extends the context
    loop_iteration_limit = LOOP_LIMIT
    local_namespace_limit = 20_000
    output_stream_limit = _OUTPUT_LIMIT_BYTES


@lru_cache(maxsize=1)
def environment() -> liquid.Environment:
    """Return the environment of all templates."""
    made = _Environment(tolerance=Mode.STRICT, undefined=FalsyStrictUndefined, strict_filters=True)
    made.tags = {name: tag for name, tag in made.tags.items() if name in _TAGS}
    made.filters = {name: _limited(name, each) for name, each in made.filters.items() if name in _FILTERS}
    for name, each in filters.FILTERS.items():
        made.add_filter(name, each)
    return made


def _limited(name: str, apply: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that refuses values which are too large, before and after."""

    @wraps(apply)
    def limited(value: Any, *args: Any, **kwargs: Any) -> Any:
        for each in (value, *args, *kwargs.values()):
            _check_size(name, each)
        result = apply(value, *args, **kwargs)
        _check_size(name, result)
        return result

    return limited


def _check_size(name: str, value: object) -> None:
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        too_large = abs(value) >= 10**_DIGIT_LIMIT
    elif isinstance(value, str | range | Sequence):
        too_large = len(value) > VALUE_LIMIT
    else:
        return
    if too_large:
        raise FilterArgumentError(f"a value is too large for the filter {name!r}", token=None)
