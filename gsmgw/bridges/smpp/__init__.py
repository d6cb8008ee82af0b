"""An SMPP 3.4 server: programs that speak SMPP send and receive through the gateway."""
