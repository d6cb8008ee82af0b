"""The suite's own guard: a test that leaves something behind fails."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

LEAKS = {
    "task": (
        "import asyncio\nasync def test_it(): asyncio.get_running_loop().t = asyncio.create_task(asyncio.sleep(60))"
    ),
    "descriptor": "import os\ndef test_it(): os.dup(0)",
    "thread": (
        "import threading, time\n"
        "def test_it(): threading.Thread(target=time.sleep, args=(4,), name='stray', daemon=True).start()"
    ),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_a_test_that_leaves_something_behind_fails(kind: str, pytester: pytest.Pytester) -> None:
    conftest = (Path(__file__).parents[2] / "conftest.py").read_text()
    pytester.makeconftest(conftest)
    pytester.makeini("[pytest]\nasyncio_mode=auto\nasyncio_default_fixture_loop_scope=function\n")
    pytester.makepyfile(LEAKS[kind])
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*left behind: *{kind}*"])
