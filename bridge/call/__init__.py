"""One call from start to end: its states, what the caller hears, and who has it."""
