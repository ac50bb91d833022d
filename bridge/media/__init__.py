"""Codecs, RTP, ordering and the clock: what carries sound."""
