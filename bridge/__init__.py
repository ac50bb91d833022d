"""The call itself: media, patching, bot, speech, transcript and thread."""
