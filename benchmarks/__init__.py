"""The figures that the project holds itself to, measured from outside on the real server."""
