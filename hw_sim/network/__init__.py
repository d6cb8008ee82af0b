"""The virtual network: its rules, the service centre, the phones."""
