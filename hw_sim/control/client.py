"""The client of the control socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

Answer = dict[str, Any]


class ControlError(Exception):
    """The simulator refused the request, or does not answer."""


class NoSimulator(ControlError):
    """No simulator listens on the socket."""


def request(path: str | Path, op: str, timeout: float = 30.0, **fields: Any) -> Answer:
    """Send one request and return the answer, blocking. Raises ControlError, NoSimulator."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(timeout)
            client.connect(str(path))
            client.sendall(json.dumps({"op": op, **fields}).encode() + b"\n")
            with client.makefile("rb") as answers:
                line = answers.readline()
    except PermissionError as error:
        raise NoSimulator(f"no permission to use {path}: only the user who started the simulator may") from error
    except OSError as error:
        raise NoSimulator(
            f"no simulator at {path} ({error.strerror or error}). Start one: hw-sim run --control {path}"
        ) from error
    if not line:
        raise ControlError("the simulator closed the connection")
    answer: Answer = json.loads(line)
    if not answer.get("ok"):
        raise ControlError(str(answer.get("error")))
    return answer
