"""What AT+CMEE=2 writes in place of the numbers (TS 27.007 9.2, TS 27.005 3.2.5), compared without case and blanks."""

from __future__ import annotations


def normalise(text: str) -> str:
    """The form in which texts are compared: modems differ in case, blanks, hyphens and quotes."""
    return "".join(char for char in text.lower() if char.isalnum())


def _table(rows: dict[str, int]) -> dict[str, int]:
    return {normalise(text): code for text, code in rows.items()}


CME_TEXTS = _table(
    {
        "phone failure": 0,
        "no connection to phone": 1,
        "phone-adaptor link reserved": 2,
        "operation not allowed": 3,
        "operation not supported": 4,
        "PH-SIM PIN required": 5,
        "PH-FSIM PIN required": 6,
        "PH-FSIM PUK required": 7,
        "SIM not inserted": 10,
        "SIM PIN required": 11,
        "SIM PUK required": 12,
        "SIM failure": 13,
        "SIM busy": 14,
        "SIM wrong": 15,
        "incorrect password": 16,
        "SIM PIN2 required": 17,
        "SIM PUK2 required": 18,
        "memory full": 20,
        "invalid index": 21,
        "not found": 22,
        "memory failure": 23,
        "text string too long": 24,
        "invalid characters in text string": 25,
        "dial string too long": 26,
        "invalid characters in dial string": 27,
        "no network service": 30,
        "network timeout": 31,
        "network not allowed - emergency calls only": 32,
        "emergency calls only": 32,
        "network personalization PIN required": 40,
        "network personalization PUK required": 41,
        "incorrect parameters": 50,
        "invalid parameter": 50,
        "unknown": 100,
        "unknown error": 100,
    }
)

CMS_TEXTS = _table(
    {
        "unassigned (unallocated) number": 1,
        "unassigned number": 1,
        "operator determined barring": 8,
        "call barred": 10,
        "short message transfer rejected": 21,
        "destination out of service": 27,
        "unidentified subscriber": 28,
        "facility rejected": 29,
        "unknown subscriber": 30,
        "network out of order": 38,
        "temporary failure": 41,
        "congestion": 42,
        "resources unavailable, unspecified": 47,
        "resources unavailable": 47,
        "requested facility not subscribed": 50,
        "requested facility not implemented": 69,
        "invalid short message transfer reference value": 81,
        "invalid message, unspecified": 95,
        "invalid mandatory information": 96,
        "protocol error, unspecified": 111,
        "interworking, unspecified": 127,
        "telematic interworking not supported": 128,
        "SC busy": 192,
        "no SC subscription": 193,
        "SC system failure": 194,
        "invalid SME address": 195,
        "destination SME barred": 196,
        "SIM SMS storage full": 208,
        "no SMS storage capability in SIM": 209,
        "error in MS": 210,
        "memory capacity exceeded": 211,
        "unspecified error cause": 255,
        "ME failure": 300,
        "SMS service of ME reserved": 301,
        "SMS ME reserved": 301,
        "operation not allowed": 302,
        "operation not supported": 303,
        "invalid PDU mode parameter": 304,
        "invalid text mode parameter": 305,
        "SIM not inserted": 310,
        "(U)SIM not inserted": 310,
        "SIM PIN required": 311,
        "SIM PIN necessary": 311,
        "PH-SIM PIN required": 312,
        "SIM failure": 313,
        "SIM busy": 314,
        "SIM wrong": 315,
        "SIM PUK required": 316,
        "SIM PIN2 required": 317,
        "SIM PUK2 required": 318,
        "memory failure": 320,
        "invalid memory index": 321,
        "memory full": 322,
        "SMSC address unknown": 330,
        "SCA address unknown": 330,
        "no network service": 331,
        "no network": 331,
        "network timeout": 332,
        "no +CNMA acknowledgement expected": 340,
        "unknown error": 500,
        "unknown": 500,
    }
)
