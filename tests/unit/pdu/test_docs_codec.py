"""The examples of docs/reference/codec.md work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "codec.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_examples() -> None:
    names: dict[str, Any] = {}
    assert len(EXAMPLES) >= 5
    for number, example in enumerate(EXAMPLES):
        exec(compile(example, f"docs/reference/codec.md example {number}", "exec"), names)  # noqa: S102


def test_every_public_name_is_there() -> None:
    import gsmgw.pdu

    assert len(set(gsmgw.pdu.__all__)) == len(gsmgw.pdu.__all__)
    assert all(hasattr(gsmgw.pdu, name) for name in gsmgw.pdu.__all__)
