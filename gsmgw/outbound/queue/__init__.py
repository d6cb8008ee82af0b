"""The queue: which message goes next through which modem, and when."""
