// What is drawn of a timeline's samples; how is harness/timeline-svg.mjs.
import { drawPanels } from '../harness/timeline-svg.mjs';

const colours = { published: '#3b82f6', consumed: '#22c55e', lag: '#d97706' };

/**
 * @param {{ at: number, published: number, consumed: number }[]} samples counts from the beginning
 * @param {{ what: string, begin: number, end: number }[]} spans
 */
export function drawTimeline(samples, spans) {
  // Who catches up takes many times what is published: on a logarithmic scale both can be read, and nothing has no place there.
  const rates = (what) =>
    samples.map((sample, index) => {
      const before = samples[index - 1] ?? { at: 0, [what]: 0 };
      const rate = (sample[what] - before[what]) / (sample.at - before.at);
      return rate >= 1 ? rate : null;
    });
  return drawPanels({
    title: 'Messages published and consumed per second, and the lag between them',
    times: samples.map(({ at }) => at),
    spans,
    panels: [
      { title: 'messages per second', logarithmic: true, series: [{ name: 'published', colour: colours.published, values: rates('published'), area: true }, { name: 'consumed', colour: colours.consumed, values: rates('consumed') }] },
      { title: 'lag, messages', series: [{ name: 'lag', colour: colours.lag, values: samples.map(({ published, consumed }) => Math.max(0, published - consumed)), area: true }] },
    ],
  });
}
