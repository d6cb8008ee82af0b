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

from gsmgw.demo import SHORT


def _simulator_page(base: str, code: str, page: httpx.Response) -> str:
    """The page of the simulated phones, after the account was made."""
    token = re.search(r'name="form_token" value="(\w+)"', page.text)
    assert token
    fields = {"form_token": token[1], "code": code, "name": "ann", "password": "x" * 12, "again": "x" * 12}
    with httpx.Client(base_url=base, cookies=page.cookies, timeout=GENEROUS_S) as http:
        made = http.post("/setup", data=fields)
        assert made.headers["location"] == "/start", made.text
        return http.get("/simulator").text


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
        code = found[1].rpartition("=")[2]
        assert f'value="{code}"' in page.text
        assert SHORT in _simulator_page(found[1].partition("/setup")[0], code, page)
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(GENEROUS_S)
        os.close(ours)
