"""``python -m hw_sim``."""

from .cli import main

main()
