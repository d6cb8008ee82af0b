"""Taking over received messages."""
