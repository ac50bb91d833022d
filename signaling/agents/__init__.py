"""Software agents: their WebSocket and REST, as Clawfinger's takeover guide has them."""
