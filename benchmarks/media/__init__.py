"""Our bridge beside one of stock aiortc: the same calls, the same client, the same bad roads."""
