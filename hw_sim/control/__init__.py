"""The control socket: its server, and the client that the commands use."""
