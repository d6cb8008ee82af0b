"""gsmgw watch over a restart of the gateway."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from support.processes import site, until


def test_it_says_when_the_gateway_goes_away_and_when_it_is_back(tmp_path: Path) -> None:
    out, err = tmp_path / "watch.out", tmp_path / "watch.err"
    with site(tmp_path, 1) as place:
        client = place.start()
        command = [sys.executable, "-u", "-m", "gsmgw", "--socket", str(place.socket), "watch", "--after", "0"]
        with out.open("w") as output, err.open("w") as errors:
            child = subprocess.Popen(command, stdout=output, stderr=errors)
        try:
            until(lambda: "modem.state" in out.read_text())
            assert place.gateway is not None
            place.gateway.signal(signal.SIGTERM)
            until(lambda: f"the gateway at {place.socket} went away" in err.read_text())
            client.close()
            client = place.start()
            until(lambda: "the gateway is back" in err.read_text())
            client.send("+4915112345671", "after the restart")
            until(lambda: "message.delivered" in out.read_text())
            shown = out.read_text().splitlines()
            assert len(shown) == len(set(shown)), "an event came twice"
        finally:
            child.kill()
            child.wait()
            client.close()
    assert err.read_text().count("went away") == 1
