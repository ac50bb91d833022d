"""A phone, an operator and a demonstration for the terminal: clients of the server like any other."""
