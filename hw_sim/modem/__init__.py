"""A simulated modem: SIM, storage, radio and AT ports. No I/O."""
