"""Speech: finding utterances, recognising them, and speaking, with engines in worker processes.

This module imports nothing, because the worker programs import the package too.
"""
