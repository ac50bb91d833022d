"""What answers the caller: the flow, and a language model for what the flow does not cover."""
