"""What browsers, bots and agents connect to; the process, settings and command line."""
