"""Figures, run by ``make bench``: throughput, latency, memory. Never asserted in the test suite."""
