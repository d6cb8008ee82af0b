"""How programs reach a port: a pseudo-terminal, a TCP listener, or calls in the same process."""
