"""python-gsmmodem-new behind JSON lines: a process of its own, because it brings threads and warnings.

Commands on stdin: {"do": "send", "to": ..., "text": ..., "flash": bool, "report": bool} or {"do": "quit"}.
Events on stdout: ready (with the IMEI), sent, received, report, error.
"""

from __future__ import annotations

import json
import sys
import warnings

warnings.simplefilter("ignore")

from gsmmodem.modem import GsmModem  # noqa: E402  the warnings of its import are silenced first


def say(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def main(port: str) -> None:
    modem = GsmModem(
        port,
        115200,
        smsReceivedCallbackFunc=lambda sms: say("received", text=sms.text, sender=sms.number),
        smsStatusReportCallback=lambda report: say("report", reference=report.reference, status=report.deliveryStatus),
        requestDelivery=True,
    )
    modem.connect()
    modem.processStoredSms()
    say("ready", imei=modem.imei)
    for line in sys.stdin:
        wanted = json.loads(line)
        if wanted["do"] == "quit":
            break
        try:
            sms = modem.sendSms(wanted["to"], wanted["text"], sendFlash=wanted["flash"])
            say("sent", reference=sms.reference)
        except Exception as error:  # noqa: BLE001  whatever the library raises is the finding
            say("error", error=repr(error))
    modem.close()


if __name__ == "__main__":
    main(sys.argv[1])
