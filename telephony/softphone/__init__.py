"""A caller in a browser: WebRTC audio as the caller's leg."""
