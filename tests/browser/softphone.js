// What a console does in the browser, as small as it can be: one peer connection, driven by the test.
window.softphone = {
  connection: null,
  track: null,
  player: null,

  // `source`: "microphone" as an operator's (processed), "plain" without processing, "oscillator" for a
  // page that has no microphone. `codecs`: MIME types in the order to offer. `dtx`: ask for it, and use it.
  async open({ source = 'plain', codecs = null, dtx = false, configuration = {}, early = true } = {}) {
    this.dtx = dtx;
    this.track ??= await this.sound(source);
    const connection = new RTCPeerConnection(configuration);
    this.watch(connection);
    const transceiver = connection.addTransceiver(this.track);
    if (codecs) {
      const known = RTCRtpReceiver.getCapabilities('audio').codecs;
      const chosen = codecs.flatMap((type) => known.filter((codec) => codec.mimeType === type));
      transceiver.setCodecPreferences(chosen);
    }
    return this.offer(early);
  },

  // Restarts ICE on the connection that there is.
  async restart() {
    this.connection.restartIce();
    return this.offer(true);
  },

  async answer(sdp) {
    await this.connection.setRemoteDescription({
      type: 'answer',
      sdp: this.dtx ? sdp.replace(/useinbandfec=1/, 'useinbandfec=1;usedtx=1') : sdp,
    });
  },

  // Milliseconds from the first step of the newest offer until the connection stood.
  async connected() {
    const { connection } = this;
    while (connection.connectionState !== 'connected' || !connection.currentRemoteDescription) {
      await new Promise((resolve) => {
        connection.addEventListener('connectionstatechange', resolve, { once: true });
        connection.addEventListener('signalingstatechange', resolve, { once: true });
      });
    }
    return performance.now() - this.began;
  },

  async sound(source) {
    if (source === 'oscillator') {
      const context = new AudioContext();
      const oscillator = new OscillatorNode(context, { frequency: 1000 });
      const stream = context.createMediaStreamDestination();
      oscillator.connect(stream);
      oscillator.start();
      return stream.stream.getAudioTracks()[0];
    }
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const media = await navigator.mediaDevices.getUserMedia({ audio: source === 'plain' ? plain : true });
    return media.getAudioTracks()[0];
  },

  watch(connection) {
    this.connection?.close();
    this.connection = connection;
    connection.addEventListener('track', ({ track }) => {
      this.player = new Audio();
      this.player.srcObject = new MediaStream([track]);
      this.player.play();
    });
    connection.addEventListener('icecandidate', ({ candidate }) => {
      window.trickled?.(candidate && candidate.toJSON());
    });
  },

  async offer(early) {
    const { connection } = this;
    this.began = performance.now();
    let { sdp } = await connection.createOffer();
    if (this.dtx) sdp = sdp.replace(/useinbandfec=1/, 'useinbandfec=1;usedtx=1');
    await connection.setLocalDescription({ type: 'offer', sdp });
    while (early && connection.iceGatheringState !== 'complete') {
      await new Promise((resolve) => {
        connection.addEventListener('icegatheringstatechange', resolve, { once: true });
      });
    }
    return early ? connection.localDescription.sdp : sdp;
  },
};
