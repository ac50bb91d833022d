"""Sentences that the bot says of its own accord, in one place so that they can be read together."""

from __future__ import annotations

CONNECTING = "One moment please, I am connecting you to a person."
NOBODY_FREE = "I am sorry, nobody is free right now. I can carry on helping you."
BACK_AGAIN = "You are back with the assistant. Is there anything else I can help you with?"
NOT_UNDERSTOOD = "Sorry, I did not get that."
ANYTHING_ELSE = "Is there anything else I can help you with?"
STILL_THERE = "Are you still there?"
OFFER_PERSON = "I am sorry, I cannot help you with that myself. Would you like to speak to a person?"
FILLER = "One moment please."
ALL_RIGHT = "All right."
GOODBYE = "Thank you for calling. Goodbye."
SHUTTING_DOWN = "I am sorry, I have to end this call now. Please call again in a few minutes."

CANNED = (
    CONNECTING,
    NOBODY_FREE,
    BACK_AGAIN,
    NOT_UNDERSTOOD,
    OFFER_PERSON,
    FILLER,
    STILL_THERE,
    ALL_RIGHT,
    GOODBYE,
    SHUTTING_DOWN,
)
"""What is synthesised before the first call, so that it starts at once and outlives a dead voice."""
