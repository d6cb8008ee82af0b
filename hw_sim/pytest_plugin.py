"""pytest fixtures for any project: a network, a modem, a phone. They suit blocking and asyncio tests.

The simulation runs on its own thread; the modem is a tty at ``hw_sim_modem.path``. A marker sets options:
``@pytest.mark.hw_sim(profile="quectel-ec25", pin="1234", seed=7, timing="real")``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .background import BackgroundModem, BackgroundPhone, BackgroundSimulation

_NETWORK = ("seed", "timing", "scale", "transport", "log_path")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "hw_sim(profile, pin, seed, timing, ...): the simulated network and modem")


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    marker = request.node.get_closest_marker("hw_sim")
    return dict(marker.kwargs) if marker else {}


@pytest.fixture
def hw_sim_network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BackgroundSimulation]:
    """A network without modems: ``add_modem`` and ``phone`` add to it, ``send`` sends texts, ``log`` has the events."""
    options = {key: value for key, value in _options(request).items() if key in _NETWORK}
    with BackgroundSimulation(**{"seed": 1, "directory": tmp_path / "hw_sim", **options}) as simulation:
        yield simulation


@pytest.fixture
def hw_sim_modem(request: pytest.FixtureRequest, hw_sim_network: BackgroundSimulation) -> BackgroundModem:
    """One modem, powered and registered."""
    options = {key: value for key, value in _options(request).items() if key not in _NETWORK}
    return hw_sim_network.add_modem(**options)


@pytest.fixture
def hw_sim_phone(hw_sim_network: BackgroundSimulation) -> BackgroundPhone:
    """One phone, +491510000001."""
    return hw_sim_network.phone("+491510000001")
