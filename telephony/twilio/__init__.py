"""Twilio Media Streams, both ways."""
