"""The environment of exec hooks, including the variables of gammu-smsd's RunOnReceive. Pure.

gammu-smsd describes these in gammu-smsd-run(7): SMS_n_... for each part that came over the air, DECODED_n_... for the
text that was joined from several.
"""

from __future__ import annotations

from collections.abc import Mapping

from gsmgw.model import Direction, Event, MessageRecord, format_id

#: Prefixes of variables for gsmgw itself, which are not passed on.
_PRIVATE = ("NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_", "GSMGW_")


def environment(
    inherited: Mapping[str, str], event: Event, message: MessageRecord | None, socket: str
) -> dict[str, str]:
    """Return the complete environment of a hook for an event."""
    found = {name: value for name, value in inherited.items() if not name.startswith(_PRIVATE)}
    found |= {"GSMGW_EVENT": event.type, "GSMGW_EVENT_ID": str(event.id), "GSMGW_SOCKET": socket}
    if event.modem is not None:
        found["GSMGW_MODEM"] = event.modem
    if message is not None:
        found["GSMGW_MESSAGE_ID"] = format_id(message.id)
        if message.direction is Direction.INBOUND:
            found |= smsd_variables(message)
    return found


def smsd_variables(message: MessageRecord) -> dict[str, str]:
    """Return the variables for a received message. The texts of its parts join to the message's text."""
    parts = message.segments
    text = None if message.text is None else message.text.replace("\0", "")
    found = {"SMS_MESSAGES": str(parts), "DECODED_PARTS": "1" if parts > 1 and text is not None else "0"}
    if message.modem is not None:
        found["PHONE_ID"] = message.modem
    for number in range(1, parts + 1):
        found[f"SMS_{number}_NUMBER"] = message.peer.replace("\0", "")
        found[f"SMS_{number}_CLASS"] = "-1" if message.message_class is None else str(message.message_class)
        found[f"SMS_{number}_REFERENCE"] = "0"
        if text is not None:
            found[f"SMS_{number}_TEXT"] = text[(number - 1) * len(text) // parts : number * len(text) // parts]
    if text is not None:
        found["DECODED_1_TEXT"] = text
    return found
