// Runs before the scripts of a page that is timed: keeps when it was clicked, and when sound began to come in.
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const state = { clicked: 0, heard: 0, loud: 0.02 };

  addEventListener('click', (event) => {
    state.clicked = performance.timeOrigin + event.timeStamp;
    state.heard = 0;
  }, { capture: true });

  async function listen(track) {
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      value.close();
      if (state.heard === 0 && samples.some((sample) => Math.abs(sample) > state.loud)) state.heard = now();
    }
  }

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class RTCPeerConnection extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener('track', ({ track }) => void listen(track.clone()));
    }
  };

  window.__listening = { now, state };
})();
