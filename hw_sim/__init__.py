"""hw_sim: simulated GSM/LTE modems on a virtual network, for testing software that drives modems."""

__version__ = "0.1.0"
