// Runs before the scripts of every page under test. Notes the page's peer connections and can hear
// what they receive: samples, not what the page says of itself.
(() => {
  const RATE = 8000;
  const Native = window.RTCPeerConnection;
  const connections = [];
  let listening = null;

  window.RTCPeerConnection = class RTCPeerConnection extends Native {
    constructor(...given) {
      super(...given);
      connections.push(this);
    }
  };

  const open = () => connections.filter((connection) => connection.signalingState !== 'closed');

  // Mixes what comes in at 8 kHz. Read as a track, because a worklet's module would need an address that
  // every page's content policy allows.
  async function listen() {
    const context = new AudioContext({ sampleRate: RATE });
    const mix = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    await context.resume();
    const processor = new MediaStreamTrackProcessor({ track: mix.stream.getAudioTracks()[0] });
    const ear = { context, mix, tracks: new Map(), take: () => {} };
    pump(processor.readable.getReader(), ear);
    return ear;
  }

  async function pump(reader, ear) {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      value.close();
      ear.take(samples);
    }
  }

  function connectTracks({ context, mix, tracks }) {
    for (const connection of open()) {
      for (const { track } of connection.getReceivers()) {
        if (track.kind !== 'audio' || tracks.has(track)) continue;
        const stream = new MediaStream([track]);
        // Chromium pulls a remote track only where an element plays it.
        const player = new Audio();
        player.muted = true;
        player.srcObject = stream;
        player.play();
        const source = context.createMediaStreamSource(stream);
        source.connect(mix);
        // Kept here so that neither is collected while it plays.
        tracks.set(track, { player, source });
      }
    }
  }

  // The next `seconds` of all that comes in, mixed, as base64 of float32 samples at 8 kHz.
  async function hear(seconds) {
    listening ??= listen();
    const ear = await listening;
    connectTracks(ear);
    const wanted = Math.round(seconds * RATE);
    const heard = new Float32Array(wanted);
    let have = 0;
    await new Promise((resolve) => {
      ear.take = (samples) => {
        heard.set(samples.subarray(0, wanted - have), have);
        have += samples.length;
        if (have >= wanted) resolve();
      };
    });
    ear.take = () => {};
    let text = '';
    for (const byte of new Uint8Array(heard.buffer)) text += String.fromCharCode(byte);
    return btoa(text);
  }

  // The newest open connection's statistics, one object per entry.
  async function stats() {
    const connection = open().at(-1);
    return connection ? [...(await connection.getStats()).values()] : [];
  }

  // Lets go of the connections that are closed, so that the page's memory can be measured.
  function forget() {
    const kept = open();
    connections.splice(0, connections.length, ...kept);
  }

  window.__harness = { connections, forget, hear, stats };
})();
