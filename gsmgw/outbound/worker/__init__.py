"""One worker per modem: takes messages from the queue and sees each through to its outcome."""
