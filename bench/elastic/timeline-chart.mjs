// What is drawn of the timeline's samples; how is harness/timeline-svg.mjs.
import { percentile } from '../harness/statistics.mjs';
import { drawPanels } from '../harness/timeline-svg.mjs';

const windowSeconds = 1;

const colours = { load: '#3b82f6', served: '#22c55e', waiting: '#d97706', busy: '#16a34a', idle: '#86cfa0', starting: '#d97706', frozen: '#6ba8d6', p50: '#8b5cf6', p99: '#db2777', memory: '#0d9488' };

/**
 * @param {{ at: number, offered: number, latencies: number[], busy: number, idle: number, frozen: number, starting: number, waiting: number, memory: number }[]} samples
 * @param {{ what: string, begin: number, end: number }[]} spans the phases of the load
 */
export function drawTimeline(samples, spans) {
  const times = samples.map(({ at }) => at);
  const latencies = samples.map(({ at }) => samples.filter((other) => other.at > at - windowSeconds && other.at <= at).flatMap((other) => other.latencies));
  const share = (part) => latencies.map((values) => (values.length === 0 ? null : percentile(values, part)));
  const rates = (values) => samples.map((_, index) => rateAt(samples, values, index));
  const panels = [
    { title: 'calls per second', series: [{ name: 'offered', colour: colours.load, values: rates(({ offered }) => offered), area: true }, { name: 'answered', colour: colours.served, values: rates(({ latencies: answered }) => answered.length) }] },
    { title: 'calls waiting', series: [{ name: 'waiting', colour: colours.waiting, values: samples.map(({ waiting }) => waiting), area: true }] },
    { title: 'instances', stacked: true, series: ['busy', 'idle', 'starting', 'frozen'].map((tier) => ({ name: tier, colour: colours[tier], values: samples.map((sample) => sample[tier]) })) },
    { title: 'latency, ms', logarithmic: true, series: [{ name: 'p99', colour: colours.p99, values: share(0.99) }, { name: 'p50', colour: colours.p50, values: share(0.5) }] },
    { title: 'memory of instances, MB', series: [{ name: 'resident', colour: colours.memory, values: samples.map(({ memory }) => memory / 1e6), area: true }] },
  ];
  return drawPanels({ title: 'Load, waiting calls, instances by tier, latency and memory over time', times, spans, panels });
}

/** Per second, over the samples of the last second. */
function rateAt(samples, valueOf, index) {
  const now = samples[index].at;
  const first = samples.findIndex(({ at }) => at > now - windowSeconds);
  const since = first === 0 ? 0 : samples[first - 1].at;
  const sum = samples.slice(first, index + 1).reduce((total, sample) => total + valueOf(sample), 0);
  return now > since ? sum / (now - since) : 0;
}
