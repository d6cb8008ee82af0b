"""One connection to a modem: its start, its service, its end."""
