"""Other people's modem programs behind one face: start, identify, send, what was received and reported, clean up."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from hw_sim.background import BackgroundModem, BackgroundPhone
from hw_sim.transcripts.format import parse_transcript

#: How long a program may take for what takes a second: twelve of them share the cores with everything else.
DEADLINE_S = 120.0


def until(look: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
    """The first true answer of ``look``; other people's programs write files and have no events to wait for."""
    end = time.monotonic() + deadline_s
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.1)
    return found


def read(path: Path) -> str:
    """A file's text as far as it is there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


class Driver:
    """One program on one modem. ``needs`` is what has to be installed."""

    name: ClassVar[str] = ""
    needs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, folder: Path, modem: BackgroundModem, phone: BackgroundPhone, profile: str) -> None:
        self.folder, self.modem, self.phone, self.profile = folder, modem, phone, profile
        self.imei: str = modem.change(lambda m: m.imei)
        self.processes: list[subprocess.Popen[str]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Driver:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
        self.processes.clear()

    def spawn(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        out = (self.folder / f"{Path(command[0]).name}.out").open("a")
        try:
            process = subprocess.Popen(
                command, **{"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, "text": True, **options}
            )
        finally:
            out.close()
        self.processes.append(process)
        return process

    def run(self, *command: str, text: str | None = None, failing: bool = False) -> str:
        """A command to its end; what it printed. RuntimeError when it failed, unless it may (``failing``)."""
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=DEADLINE_S, env=environment, check=False
        )
        said = done.stdout + done.stderr
        with (self.folder / "commands.log").open("a") as log:
            log.write(f"$ {' '.join(command)}\n{said}\n")
        if done.returncode and not failing:
            raise RuntimeError(said.strip()[-200:])
        return said

    def start(self) -> None:
        """Begin; a program that is called for each thing has nothing to do here."""

    def identified(self) -> bool:
        raise NotImplementedError

    def send(self, text: str, *, unicode: bool = False, flash: bool = False, report: bool = False) -> None:
        raise NotImplementedError

    def received(self) -> str:
        """All received text, joined."""
        raise NotImplementedError

    def reported(self) -> bool:
        raise NotImplementedError

    def clean(self) -> None:
        """Delete what was received, where the program does not do it by itself."""

    def rest(self) -> None:
        """Wait until it is done with what came of a text, where it cannot do two things at a time."""


class Gammu(Driver):
    name = "gammu"
    needs = ("gammu",)

    def start(self) -> None:
        self._config = self.folder / "gammurc"
        self._config.write_text(f"[gammu]\ndevice = {self.modem.path}\nconnection = at115200\n")

    def _gammu(self, *arguments: str) -> str:
        return self.run("gammu", "-c", str(self._config), *arguments)

    def identified(self) -> bool:
        return self.imei in self._gammu("identify")

    def send(self, text: str, *, unicode: bool = False, flash: bool = False, report: bool = False) -> None:
        options = ["-text", text]
        if len(text) > 160:
            options += ["-len", str(len(text))]
        options += ["-unicode"] * unicode + ["-flash"] * flash + ["-report"] * report
        self._gammu("sendsms", "TEXT", self.phone.number, *options)

    def received(self) -> str:
        # each message: headers up to an empty line, its text, two empty lines
        return "".join(re.findall(r"\n\n(.+?)\n\n", self._gammu("getallsms"), re.DOTALL))

    def reported(self) -> bool:
        said = (self.folder / "commands.log").read_text()
        return "Status report" in said or "delivery" in said.lower()

    def clean(self) -> None:
        for folder in ("1", "3"):
            with contextlib.suppress(RuntimeError):
                self._gammu("deleteallsms", folder)


class GammuSmsd(Driver):
    name = "gammu-smsd"
    needs = ("gammu-smsd", "gammu-smsd-inject")

    def start(self) -> None:
        for part in ("in", "out", "sent", "err"):
            (self.folder / part).mkdir()
        self._config = self.folder / "smsdrc"
        self._config.write_text(
            f"[gammu]\ndevice = {self.modem.path}\nconnection = at115200\n[smsd]\nservice = files\n"
            f"logfile = {self.folder}/log\ndebuglevel = 255\ninboxpath = {self.folder}/in/\n"
            f"outboxpath = {self.folder}/out/\nsentsmspath = {self.folder}/sent/\nerrorsmspath = {self.folder}/err/\n"
            "inboxformat = standard\ncommtimeout = 1\nloopsleep = 1\nreceivefrequency = 1\nstatusfrequency = 0\n"
            "checkbattery = 0\nchecksignal = 0\ndeliveryreport = log\n"
        )
        self.spawn("gammu-smsd", "-c", str(self._config))

    def _log(self) -> str:
        return read(self.folder / "log")

    def identified(self) -> bool:
        return bool(until(lambda: self.imei in self._log()))

    def send(self, text: str, *, unicode: bool = False, flash: bool = False, report: bool = False) -> None:
        options = ["-text", text]
        if len(text) > 160:
            options += ["-len", str(len(text))]
        options += ["-unicode"] * unicode + ["-flash"] * flash + ["-report"] * report
        self.run("gammu-smsd-inject", "-c", str(self._config), "TEXT", self.phone.number, *options)

    def received(self) -> str:
        return "".join(read(path) for path in sorted((self.folder / "in").glob("*.txt")))

    def reported(self) -> bool:
        return f"Delivered to {self.phone.number}" in self._log()


class Smstools(Driver):
    name = "smstools"
    needs = ("smsd",)

    def start(self) -> None:
        for part in ("outgoing", "checked", "incoming", "sent", "failed", "report"):
            (self.folder / part).mkdir()
        ds = 1 if self.profile != "siemens-tc35" else 2
        config = self.folder / "smsd.conf"
        config.write_text(
            "devices = M\n"
            + "".join(
                f"{d} = {self.folder}/{d}\n" for d in ("outgoing", "checked", "incoming", "sent", "failed", "report")
            )
            + f"logfile = {self.folder}/log\ninfofile = {self.folder}/info\npidfile = {self.folder}/pid\nloglevel = 7\n"
            "delaytime = 1\ndelaytime_mainprocess = 1\nautosplit = 3\nreceive_before_send = no\n"
            f"[M]\ndevice = {self.modem.path}\nincoming = yes\nreport = yes\nbaudrate = 115200\nrtscts = no\n"
            f"init = AT+CNMI=2,1,0,{ds},0\nusing_routed_status_report = yes\n"
            f"memory_start = {1 if self.profile not in ('huawei-e1752', 'quectel-ec25') else 0}\n"
        )
        self.spawn("smsd", f"-c{config}", "-t")
        self._number = 0

    def identified(self) -> bool:
        return bool(until(lambda: self.imei in read(self.folder / "log")))

    def send(self, text: str, *, unicode: bool = False, flash: bool = False, report: bool = False) -> None:
        self._number += 1
        head = f"To: {self.phone.number.lstrip('+')}\n" + "Alphabet: UTF-8\n" * unicode + "Flash: yes\n" * flash
        draft = self.folder / f"draft{self._number}"
        draft.write_text(head + "Report: yes\n" * report + "\n" + text, encoding="utf-8")
        draft.rename(self.folder / "outgoing" / f"m{self._number}")

    def received(self) -> str:
        return "".join(read(path) for path in sorted((self.folder / "incoming").iterdir()))

    def reported(self) -> bool:
        return any("Status: 0" in read(path) for path in (self.folder / "report").iterdir())


class Kannel(Driver):
    name = "kannel"
    needs = ("bearerbox", "smsbox")

    def start(self) -> None:
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
            admin, box, self._http = (listener.getsockname()[1] for listener in sockets)
        config = self.folder / "kannel.conf"
        log = self.folder
        memory = "ME" if self.profile == "quectel-ec25" else "SM"
        config.write_text(
            f"group = core\nadmin-port = {admin}\nadmin-password = x\nadmin-interface = 127.0.0.1\n"
            f"smsbox-port = {box}\nsmsbox-interface = 127.0.0.1\ndlr-storage = internal\n"
            f"log-file = {log}/bearerbox.log\nlog-level = 0\naccess-log = {log}/access.log\n\n"
            f"group = smsc\nsmsc = at\nsmsc-id = m\nmodemtype = m\ndevice = {self.modem.path}\nspeed = 115200\n"
            "my-number = 491700000001\nsim-buffering = true\n\n"
            "group = modems\nid = m\nname = m\ndetect-string = m\ninit-string = AT+CNMI=2,1,0,1,0\n"
            f"message-storage = {memory}\n" + ("message-start = 0\n" if memory == "ME" else "") + "\n"
            f"group = smsbox\nbearerbox-host = 127.0.0.1\nbearerbox-port = {box}\nsendsms-port = {self._http}\n"
            f"sendsms-interface = 127.0.0.1\nlog-file = {log}/smsbox.log\nlog-level = 0\n\n"
            "group = sendsms-user\nusername = u\npassword = p\nmax-messages = 5\nconcatenation = true\n\n"
            'group = sms-service\nkeyword = default\ncatch-all = true\nmax-messages = 0\ntext = "x"\n'
        )
        self.spawn("bearerbox", str(config))
        until(lambda: _listens(box))
        self.spawn("smsbox", str(config))
        until(lambda: _listens(self._http))

    def identified(self) -> bool:
        return bool(until(lambda: "AT SMSC successfully opened" in read(self.folder / "bearerbox.log")))

    def send(self, text: str, *, unicode: bool = False, flash: bool = False, report: bool = False) -> None:
        query = {"username": "u", "password": "p", "from": "491700000001", "to": self.phone.number, "text": text}
        query |= {"charset": "UTF-8", "coding": "2" if unicode else "0"}
        if flash:
            query["mclass"] = "0"
        if report:
            query |= {"dlr-mask": "31", "dlr-url": "http://127.0.0.1:1/"}
        address = f"http://127.0.0.1:{self._http}/cgi-bin/sendsms?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=DEADLINE_S) as answer:
            if not answer.read().startswith(b"0:"):
                raise RuntimeError("not accepted")

    def _access(self) -> str:
        return read(self.folder / "access.log")

    def received(self) -> str:
        return "".join(re.findall(r"Receive SMS .*?\[msg:\d+:(.*?)\] \[udh", self._access()))

    def reported(self) -> bool:
        return bool(re.search(r"Receive DLR .*:1\] \[msg", self._access()))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Gnokii(Driver):
    name = "gnokii"
    needs = ("gnokii",)

    def start(self) -> None:
        (self.folder / ".cache" / "gnokii").mkdir(parents=True)
        self._config = self.folder / "gnokiirc"
        self._config.write_text(
            f"[global]\nport = {self.modem.path}\nmodel = AT\nconnection = serial\nserial_baudrate = 115200\n"
            "[logging]\ndebug = off\nrlpdebug = off\n"
        )

    def _gnokii(self, *arguments: str, text: str | None = None, failing: bool = False) -> str:
        return self.run("gnokii", "--config", str(self._config), *arguments, text=text, failing=failing)

    def identified(self) -> bool:
        # gnokii gives each command a time of its own, which a busy machine may use up; a person would start it again.
        return any(self.imei in self._gnokii("--identify", failing=True) for _ in range(3))

    def send(self, text: str, *, unicode: bool = False, flash: bool = False, report: bool = False) -> None:
        options = ["-C", "0"] * flash + ["-r"] * report
        self._gnokii("--sendsms", self.phone.number, *options, text=text)

    @property
    def _base(self) -> int:
        return self.modem.change(lambda m: m.profile.storage.base)

    def _memory(self) -> str:
        return str(self.modem.change(lambda m: m.selected[2]))

    def received(self) -> str:
        said = self._gnokii("--getsms", self._memory(), str(self._base), "end", failing=True)  # an empty slot fails it
        return "".join("".join(pair) for pair in re.findall(r"Text:\n(.+)\n|Linked \(\d/\d\):\n(.+)\n", said))

    def reported(self) -> bool:
        said = self._gnokii("--getsms", "SR", "1", "end", failing=True)
        return "Delivery Report" in said

    def clean(self) -> None:
        self._gnokii("--deletesms", self._memory(), str(self._base), str(self._base + 9))


class PythonGsmmodem(Driver):
    name = "python-gsmmodem-new"
    needs = ()

    def start(self) -> None:
        client = Path(__file__).with_name("gsmmodem_client.py")
        self._process = self.spawn(
            sys.executable, str(client), self.modem.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._raw = ""
        self._events: list[dict[str, Any]] = []

    def _heard(self) -> list[dict[str, Any]]:
        assert self._process.stdout is not None
        if select.select([self._process.stdout], [], [], 0)[0]:
            self._raw += os.read(self._process.stdout.fileno(), 65536).decode()
            *lines, self._raw = self._raw.split("\n")
            self._events += [json.loads(line) for line in lines]
        return self._events

    def _of(self, *kinds: str) -> list[dict[str, Any]]:
        return [event for event in self._heard() if event["event"] in kinds]

    def identified(self) -> bool:
        return bool(until(lambda: self._of("ready"))[0]["imei"] == self.imei)

    def send(self, text: str, *, unicode: bool = False, flash: bool = False, report: bool = False) -> None:
        until(lambda: self._of("ready"))
        before = len(self._of("sent", "error"))
        assert self._process.stdin is not None
        wanted = {"do": "send", "to": self.phone.number, "text": text, "flash": flash}
        self.phone.switch(False)  # no report before all parts are sent: see rest
        try:
            self._process.stdin.write(json.dumps(wanted) + "\n")
            self._process.stdin.flush()
            last = until(lambda: self._of("sent", "error")[before:])[0]
        finally:
            self.phone.switch(True)
        if last["event"] == "error":
            raise RuntimeError(last["error"])

    def received(self) -> str:
        return "".join(event["text"] for event in self._of("received"))

    def reported(self) -> bool:
        return any(event["status"] == 0 for event in self._of("report"))

    def rest(self) -> None:
        """Let the reports come, and be dealt with.

        An indication that it has not read when it writes a command counts as that command's answer (serial_comms.py,
        _handleLineRead), and what it does about one, it does on a thread of its own, also between the prompt and the
        payload of a text.
        """

        def come() -> tuple[int, int]:
            """Reports that are due, and that the modem was given."""
            return self.modem.change(
                lambda m: (
                    sum(e["modem"] == m.name and e["report"] for e in m.network.log.of("submit")),
                    sum(e["modem"] == m.name for e in m.network.log.of("report")),
                )
            )

        def done() -> bool:
            """All of them told, or, on the EC25, looked for where there is none."""
            said = parse_transcript(read(self.folder.parent / "transcripts" / f"{self.modem.name}.transcript"))
            last = max((n for n, piece in enumerate(said) if b"+CDS" in piece.data), default=-1)
            since = b"".join(piece.data for piece in said[last + 1 :])
            asked, answer = since.rpartition(b"AT+CMGR=")[1:]
            return len(self._of("report")) >= come()[1] or bool(asked and b"\r\n" in answer and b"+CMGR:" not in answer)

        until(lambda: len(set(come())) == 1)
        with contextlib.suppress(
            TimeoutError
        ):  # one that it took for an answer is lost to it: what it does next shows whether
            until(done, 20)


DRIVERS: tuple[type[Driver], ...] = (Gammu, GammuSmsd, Smstools, Kannel, Gnokii, PythonGsmmodem)


def missing(driver: type[Driver]) -> list[str]:
    """The programs of a driver that are not installed."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [program for program in driver.needs if shutil.which(program, path=path) is None]
