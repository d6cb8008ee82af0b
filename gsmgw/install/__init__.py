"""What an installation puts in place around the program: units, rules, users, man pages, completion."""
