"""A phone on a cable: what the phone app is told through the adb server."""
