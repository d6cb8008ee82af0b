"""AT commands by subject: each function sends one or more commands and reads the responses."""
