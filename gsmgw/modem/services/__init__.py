"""Calls and USSD."""
