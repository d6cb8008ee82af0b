"""The AT dialogue of TS 27.005 and TS 27.007: bytes in, events out. Pure: no I/O, no clock."""
