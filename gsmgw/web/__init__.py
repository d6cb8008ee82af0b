"""The dashboard: server-rendered pages in a process of its own, and a client of the API like any other."""
