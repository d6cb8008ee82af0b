"""gsmgw: a text-message gateway for GSM/LTE modems."""

__version__ = "0.1.0"
