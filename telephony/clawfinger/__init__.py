"""The Clawfinger phone app: a phone that posts each utterance and fetches each reply whole."""
