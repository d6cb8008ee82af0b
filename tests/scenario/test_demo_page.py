"""``gsmgw demo`` on a terminal ends with the address of the dashboard, which works."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys

import httpx
from support.waiting import GENEROUS_S


def test_the_demo_shows_the_dashboard() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gsmgw", "demo"]
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "COLUMNS": "200"})
    os.close(theirs)
    try:
        shown = ""
        with contextlib.suppress(OSError):  # the end of the terminal
            while "Ctrl-C ends it" not in shown:
                shown += os.read(ours, 4096).decode("utf-8", "replace")
        plain = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", shown)
        found = re.search(r"(http://127\.0\.0\.1:[0-9]+/setup\?code=[0-9-]+)", plain)
        assert found, plain
        page = httpx.get(found[1], timeout=GENEROUS_S)
        assert 'value="' + found[1].rpartition("=")[2] + '"' in page.text
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(GENEROUS_S)
        os.close(ours)
