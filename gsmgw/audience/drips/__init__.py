"""Drips: what people manage, and the runner that sends each step when it is due."""
