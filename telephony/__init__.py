"""Phone wire formats, provider sessions and call control."""
