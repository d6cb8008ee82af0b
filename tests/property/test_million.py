"""Some thousands of the cases of which a long run tries a million (tests/support/million.py)."""

from __future__ import annotations

import logging
import random

import pytest
from support.million import run


async def test_no_request_row_or_pdu_does_harm(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # shown when it fails
    await run(1500, seed)
