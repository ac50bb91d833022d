"""How well the thread tells what was said: its words, how late they come, and what they cost the audio."""
