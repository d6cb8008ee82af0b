"""The server of the control socket: one JSON object per line in, one per line out.

Every request has ``op``; every answer has ``ok``, and ``error`` when it is false. The operations are the methods
of ``Control`` whose names begin with ``op_``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from ..faults import KINDS
from ..network.service_centre import RpError
from ..network.ussd_services import UssdReply
from ..simulation import Simulation
from ..validation import Count, LinkName, Number, Pin, Rssi, Seconds, Within, arguments, nearest
from .client import Answer, ControlError
from .views import modem_view, phone_view

LINE_LIMIT = 1 << 20


class Control:
    """Serves one simulation on a Unix socket."""

    def __init__(self, simulation: Simulation, path: str | Path) -> None:
        self._sim, self._path = simulation, Path(path)
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. Replace a stale socket file; raises OSError when another process listens on it."""
        if self._path.is_socket():
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(ConnectionRefusedError):
                probe.connect(str(self._path))
                raise FileExistsError(f"another process listens on {self._path}; stop it or use another path")
            self._path.unlink()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=LINE_LIMIT)
        os.chmod(self._path, 0o600)

    async def stop(self) -> None:
        """Close the socket and all connections."""
        if self._server is not None:
            self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self.handle(line), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self._clients.discard(task)
            writer.close()

    def handle(self, line: bytes) -> Answer:
        """Return the answer to a request line; errors become answers."""
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ControlError("a request must be a JSON object")
            if "op" not in request:
                raise ControlError(f"a request needs op; use one of {', '.join(self.operations())}")
            op = request.pop("op")
            method = getattr(self, f"op_{op}", None) if isinstance(op, str) else None
            if method is None:
                raise ControlError(f"operation '{op}' does not exist{nearest(str(op), self.operations())}")
            return {"ok": True, **method(**arguments(method, request, where=f"operation {op}", noun="field", skip=0))}
        except json.JSONDecodeError as error:
            return {"ok": False, "error": f"a request must be a JSON object: {error}"}
        except RpError as error:
            return {"ok": False, "error": f"the network refused the message: {error}", "cause": error.cause}
        except KeyError as error:
            return {"ok": False, "error": str(error.args[0])}
        except (ControlError, OSError, ValueError) as error:  # FaultError and OptionError are ValueErrors
            return {"ok": False, "error": str(error)}

    @classmethod
    def operations(cls) -> list[str]:
        return sorted(name[3:] for name in dir(cls) if name.startswith("op_"))

    def op_ping(self) -> Answer:
        """Do nothing: the answer shows that the simulator runs."""
        return {}

    def op_send(
        self,
        from_: str,
        to: str,
        text: str = "",
        flash: bool = False,
        encoding: Literal["gsm7", "ucs2"] | None = None,
        report: bool = False,
        pid: Annotated[int, Within(0, 255)] = 0,
    ) -> Answer:
        """Send a text from a phone (``from``) to a modem or phone (``to``, name or number)."""
        options = {"flash": flash, "encoding": encoding, "report": report, "pid": pid}
        return {"segments": self._sim.send(from_=from_, to=to, text=text, **options)}

    def op_fault(
        self,
        modem: str,
        kind: str,
        for_s: Seconds | None = None,
        count: Count | None = None,
        **options: Any,
    ) -> Answer:
        """Start a fault on a modem, for ``for_s`` seconds or ``count`` effects. Kind ``clear`` ends all faults."""
        target = self._sim.modem(modem)
        if kind == "clear":
            target.faults.clear()
        else:
            target.fault(kind, for_s=for_s, count=count, **options)
        return {"active": [fault.kind for fault in target.faults.active]}

    def op_faults(self) -> Answer:
        """List the kinds of faults and what they imitate."""
        return {"faults": {kind: (fault.__doc__ or "").strip() for kind, fault in sorted(KINDS.items())}}

    def op_unplug(self, modem: str) -> Answer:
        """Unplug a modem."""
        self._sim.modem(modem).unplug()
        return {}

    def op_replug(self, modem: str, name: LinkName | None = None) -> Answer:
        """Plug a modem in, under another link name if given."""
        target = self._sim.modem(modem)
        target.plug(name)
        return {"path": target.path}

    def op_phone(
        self,
        number: str,
        on: bool | None = None,
        status: Annotated[int, Within(0, 255)] | None = None,
        answers: dict[str, str] | None = None,
        clear: bool = False,
    ) -> Answer:
        """Show the texts that a phone received and sent.

        ``on`` switches it, ``status`` is its TP-ST for what it receives (0 delivered), ``answers`` makes it
        answer keywords (``*``: any other word), ``clear`` forgets its texts after this answer.
        """
        phone = self._sim.phone(number)
        if on is not None:
            (phone.switch_on if on else phone.switch_off)()
        if status is not None:
            phone.status = status
        if answers is not None:
            phone.answers(answers)
        view = phone_view(phone)
        if clear:
            phone.received.clear()
            phone.sent.clear()
        return view

    def op_network(self, **rules: Any) -> Answer:
        """Change the network's rules (see rules.Rules) and show all of them."""
        return {"rules": asdict(self._sim.network.set_rules(**rules))}

    def op_modem(
        self,
        modem: str,
        signal: Rssi | None = None,
        drift: Annotated[int, Within(0, 31)] | None = None,
        credit: float | None = None,
    ) -> Answer:
        """Show one modem; ``signal`` sets <rssi> of +CSQ, ``drift`` its random steps, ``credit`` the SIM's money."""
        target = self._sim.modem(modem)
        if signal is not None:
            target.radio.rssi = signal
        if drift is not None:
            target.radio.rssi_drift = drift
        if credit is not None:
            target.card.credit = credit
        return modem_view(target)

    def op_add(
        self,
        name: LinkName | None = None,
        profile: str = "generic",
        number: Number | None = None,
        pin: Pin | None = None,
        boot: bool = False,
        transport: Literal["pty", "tcp", "memory"] | None = None,
    ) -> Answer:
        """Add a modem."""
        made = self._sim.make_modem(name, profile=profile, number=number, pin=pin, boot=boot, transport=transport)
        return modem_view(made)

    def op_call(self, modem: str, from_: Number = "+490000000", end: bool = False) -> Answer:
        """Call a modem from ``from``, or end the call."""
        voice = self._sim.modem(modem).voice
        if end:
            voice.ended_by_peer()
            return {"ringing": False}
        return {"ringing": voice.ring(from_)}

    def op_ussd(self, modem: str, text: str, state: Annotated[int, Within(0, 5)] = 0) -> Answer:
        """Send a USSD message that the network starts; ``state`` is <m> of +CUSD."""
        target = self._sim.modem(modem)
        target.ussd.present(UssdReply(state, text))
        return {}

    def op_schedule(self, faults: list[dict[str, Any]]) -> Answer:
        """Schedule faults: ``at_s`` (from now), ``modem``, ``kind``; ``for_s``, ``count``, ``every_s``, options."""
        self._sim.schedule(faults)
        return {"scheduled": len(faults)}

    def op_events(self, after: Annotated[int, Within(0)] = 0, limit: Count = 1000, kind: str | None = None) -> Answer:
        """Return events from number ``after`` on; ``next`` is the ``after`` of the next request."""
        events, following = self._sim.events.since(after, limit)
        return {"events": [e for e in events if kind is None or e["event"] == kind], "next": following}

    def op_status(self) -> Answer:
        """Show modems, phones and event counts."""
        return {
            "modems": [modem_view(modem) for modem in self._sim.modems.values()],
            "phones": [
                {"number": p.number, "received": p.count, "sent": len(p.sent), "on": p.reachable()}
                for p in self._sim.phones.values()
            ],
            "events": dict(self._sim.events.counts),
        }
