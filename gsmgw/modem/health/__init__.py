"""Checks, telemetry and recovery of a modem in service."""
