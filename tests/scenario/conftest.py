"""What several of these share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.processes import Site, site, until


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A simulator with one modem and a gateway, as processes of their own, for all tests of a file."""
    with site(tmp_path_factory.mktemp("site"), modems=1) as found:
        with found.start() as client:
            until(lambda: client.modems()[0]["state"] == "ready")
        yield found
