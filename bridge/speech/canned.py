"""Sentences that can be spoken while the voice is down: synthesised at start and kept in memory."""

from __future__ import annotations

APOLOGY = "I'm sorry, I am having trouble speaking right now."
ONE_MOMENT = "One moment, please."
SAY_AGAIN = "I'm sorry, I did not get that. Could you say it again?"
TRANSFER = "Please hold while I connect you to a person."

CANNED = (APOLOGY, ONE_MOMENT, SAY_AGAIN, TRANSFER)
CANNED_RATES = (8000, 16000, 24000)
