"""The operator's browser endpoint: SDP, ICE, DTLS, SRTP and RTP without media tracks."""
