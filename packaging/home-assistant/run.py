"""Starts the gateway and its dashboard as an app of Home Assistant, with the options and the broker that it gives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = Path("/data")
SUPERVISOR = "http://supervisor"


def ask(path: str) -> dict[str, Any]:
    """Return what the Supervisor answers; nothing if it has none, for example without the app of a broker."""
    request = urllib.request.Request(
        f"{SUPERVISOR}{path}", headers={"Authorization": f"Bearer {os.environ.get('SUPERVISOR_TOKEN', '')}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            found = json.load(answer)
    except (urllib.error.URLError, TimeoutError, ValueError):
        return {}
    return dict(found.get("data") or {})


def quoted(value: str) -> str:
    """Return a text as TOML."""
    return json.dumps(value, ensure_ascii=False)


def configuration(options: Mapping[str, Any], broker: Mapping[str, Any], ingress: str, directory: Path) -> str:
    """Return the configuration file. The password of the broker goes into a file beside it."""
    lines = [
        "[gateway]",
        f"state_dir = {quoted(str(directory / 'state'))}",
        f"socket = {quoted(str(directory / 'gsmgw.sock'))}",
    ]
    if options.get("country"):
        lines.append(f"country = {quoted(options['country'].upper())}")
    lines += ["", "[api]", 'listen = "0.0.0.0:8775"', "", "[web]", 'listen = "0.0.0.0:8776"']
    lines += [f"prefix = {quoted(ingress.rstrip('/'))}"] if ingress.strip("/") else []
    lines += ["frame_ancestors = [\"'self'\"]", 'trusted_proxies = ["172.30.32.2"]']
    if broker:
        scheme = "mqtts" if broker.get("ssl") else "mqtt"
        address = f"{scheme}://{broker['host']}:{broker['port']}"
        lines += ["", "[mqtt]", f"url = {quoted(address)}"]
        lines.append(f"base = {quoted(options.get('base') or 'gsmgw/home')}")
        if broker.get("username"):
            lines.append(f"username = {quoted(broker['username'])}")
            password = private(directory / "mqtt.password", str(broker.get("password") or ""))
            lines.append(f"password_file = {quoted(str(password))}")
        for each in options.get("notify") or ():
            lines += ["", "[[mqtt.notify]]", f"name = {quoted(each['name'])}", f"to = {quoted(each['to'])}"]
    return "\n".join(lines) + "\n"


def private(path: Path, content: str) -> Path:
    """Write a file that only its owner may read."""
    path.touch(mode=0o600)
    path.write_text(content + "\n", encoding="utf-8")
    return path


def tell_code(file: Path) -> None:
    """Print the code for the first account, while there is no account."""
    for _ in range(30):
        done = subprocess.run(
            ["gsmgw", "--socket", str(DATA / "gsmgw.sock"), "users", "code"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            print(f"Code for the first account: {done.stdout.strip()}", flush=True)
        if done.returncode != 3:  # 3: not there yet
            return
        time.sleep(1)


def main() -> None:
    """Write the configuration, start both, and end when one of them ends."""
    options = json.loads((DATA / "options.json").read_text(encoding="utf-8"))
    broker, ingress = ask("/services/mqtt"), str(ask("/addons/self/info").get("ingress_entry") or "")
    file = private(DATA / "gsmgw.toml", configuration(options, broker, ingress, DATA))
    if not broker:
        print("No MQTT broker: install the app 'Mosquitto broker' for devices in Home Assistant.", flush=True)
    children = [
        subprocess.Popen(["gsmgw", "run", "--config", str(file)]),
        subprocess.Popen(["gsmgw", "web", "--config", str(file)]),
    ]

    def stop(*_: object) -> None:
        for child in children:
            child.terminate()

    tell_code(file)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    os.wait()
    stop()
    sys.exit(max(child.wait() for child in children))


if __name__ == "__main__":
    main()
