// How figures of this benchmark are written where those of bench/harness are too coarse.
export const micros = (microseconds) =>
  microseconds >= 1000 ? `${(microseconds / 1000).toFixed(1)} ms` : `${microseconds.toFixed(microseconds < 10 ? 2 : microseconds < 100 ? 1 : 0)} µs`;
export const rate = (perSecond) => (perSecond >= 1e6 ? `${(perSecond / 1e6).toFixed(2)} million/s` : `${Math.round(perSecond).toLocaleString('en-US')}/s`);
