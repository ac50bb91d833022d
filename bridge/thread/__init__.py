"""The thread: what was said, stored, told to whoever listens, and delivered to alive5."""
