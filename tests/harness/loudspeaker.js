// Runs before the scripts of a page under test. Hears what the page itself plays: its ring, not a call.
(() => {
  const connect = AudioNode.prototype.connect;
  const ears = new Map();

  function ear(context) {
    if (!ears.has(context)) {
      const analyser = new AnalyserNode(context, { fftSize: 32768, smoothingTimeConstant: 0 });
      ears.set(context, analyser);
    }
    return ears.get(context);
  }

  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) connect.call(this, ear(this.context));
    return connect.call(this, target, ...rest);
  };

  window.__loudspeaker = {
    // The loudest sample of the last 0.7 s, from 0 to 1.
    peak() {
      let most = 0;
      for (const analyser of ears.values()) {
        const samples = new Float32Array(analyser.fftSize);
        analyser.getFloatTimeDomainData(samples);
        for (const sample of samples) most = Math.max(most, Math.abs(sample));
      }
      return most;
    },
  };
})();
