"""Campaigns: what people manage, the text for each recipient, and the runner that hands them to the queue."""
