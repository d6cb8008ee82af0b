"""mosquitto of Debian as a broker, and a client that keeps all that it hears."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from support.processes import until

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def require_mosquitto() -> str:
    """The program. Skips without it, except in CI."""
    if MOSQUITTO is None:
        assert os.environ.get("CI") != "true", "mosquitto is missing: sh tests/conformance/install-debian.sh"
        pytest.skip("mosquitto is not installed: sudo sh tests/conformance/install-debian.sh")
    return MOSQUITTO


class Mosquitto:
    """A broker that comes and goes; what it has to keep is on disk."""

    def __init__(self, directory: Path, settings: str = "allow_anonymous true") -> None:
        self._program = require_mosquitto()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._file = directory / "mosquitto.conf"
        self._file.write_text(
            f"user root\nlistener {self.port} 127.0.0.1\n{settings}\n"
            f"persistence true\npersistence_location {directory}/\n"
            "autosave_interval 1\nautosave_on_changes true\n"
        )
        self._log = (directory / "mosquitto.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            [self._program, "-c", str(self._file)], stdout=self._log, stderr=subprocess.STDOUT
        )

        def answers() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        until(answers)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it so that it saves what it has to keep."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait()

    def close(self) -> None:
        """End it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._log.close()


class Ear:
    """A client that subscribes to everything and connects again by itself."""

    def __init__(self, port: int, **options: Any) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="ear", clean_session=False, **options)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_message = lambda _c, _u, m: self.heard.append((m.topic, bytes(m.payload), m.retain))
        self._client.on_connect = lambda c, *_: c.subscribe("#", 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        until(self._client.is_connected)

    def say(self, topic: str, payload: Any, *, retain: bool = False) -> None:
        """Publish, and wait until the broker has it."""
        content = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        published: list[paho.MQTTMessageInfo] = []

        def arrived() -> bool:
            if not published or published[-1].rc != paho.MQTT_ERR_SUCCESS:  # not connected just then
                published.append(self._client.publish(topic, content, 1, retain))
                return False
            return published[-1].is_published()

        until(arrived)

    def at(self, topic: str) -> list[Any]:
        """Return the messages at a topic, parsed."""
        return [json.loads(payload) if payload else None for name, payload, _ in list(self.heard) if name == topic]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextlib.contextmanager
def broker(directory: Path, settings: str = "allow_anonymous true") -> Iterator[Mosquitto]:
    """A running broker."""
    directory.mkdir(exist_ok=True)
    found = Mosquitto(directory, settings)
    found.start()
    try:
        yield found
    finally:
        found.close()


def settled(ear: Ear, pause_s: float = 0.5) -> None:
    """Wait until nothing new was heard for a while."""
    seen = -1
    while len(ear.heard) != seen:
        seen = len(ear.heard)
        time.sleep(pause_s)
