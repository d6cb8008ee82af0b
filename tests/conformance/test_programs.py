"""Third-party programs by scenario and profile, as docs/explanation/simulator-conformance.md lists them."""

from __future__ import annotations

from pathlib import Path

import pytest
from conformance.conftest import PROFILES, STEPS, Results
from conformance.drivers import DRIVERS, Driver, missing

pytestmark = [pytest.mark.interop, pytest.mark.long]

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "simulator-conformance.md"


def row(program: str, profile: str, found: dict[str, str]) -> str:
    """A line of the table: the first word of each result."""
    return f"| {program} | {profile} | " + " | ".join(found[step].partition(":")[0] for step in STEPS) + " |"


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
def test_program(driver: type[Driver], profile: str, request: pytest.FixtureRequest, required: bool) -> None:
    absent = missing(driver)
    if absent:
        reason = f"{', '.join(absent)} not installed: tests/conformance/install-debian.sh"
        if required:
            pytest.fail(reason)
        pytest.skip(reason)
    results: Results = request.getfixturevalue("results")
    found = results[driver.name, profile].result()
    assert row(driver.name, profile, found) in PAGE.read_text(encoding="utf-8"), found
