"""The other sides of the server, for tests and benchmarks: a process, operators, tones."""
