"""The conversation on one port: commands, answers, priorities, limits."""
