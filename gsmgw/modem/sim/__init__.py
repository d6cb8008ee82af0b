"""The SIM: PIN, unlocking, network registration."""
