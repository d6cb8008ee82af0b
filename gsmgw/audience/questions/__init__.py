"""Open questions: how an answer is read, and the texts that thank or ask again."""
