// A consumer goes while its producer goes on, comes again and catches up: as a picture.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atMost, count, rate as perSecondText, section } from '../../harness/report.mjs';
import { load } from '../load.mjs';
import { startVirga } from '../servers.mjs';
import { drawTimeline } from '../timeline-chart.mjs';

const picture = 'images/topics.svg';
const fullSeconds = 40;
// Consumed to within so many messages of the producer: what is under way between them.
const caughtUp = 2000;

export async function timeline({ rate, seconds, stop, start }) {
  const server = await startVirga('sync');
  const { samples } = await load('timeline', { port: server.port, topic: 'timeline', rate, seconds, stop, start });
  await server.stop();

  const lag = ({ published, consumed }) => Math.max(0, published - consumed);
  const most = Math.max(...samples.map(lag));
  const end = samples.findIndex((sample) => sample.at > start + 0.25 && lag(sample) <= caughtUp);
  const took = end < 0 ? Infinity : samples[end].at - start;
  const begin = samples.findIndex(({ at }) => at >= start);
  const fastest = end > begin ? (samples[end].consumed - samples[begin].consumed) / (samples[end].at - samples[begin].at) : 0;
  const spans = [
    { what: 'both', begin: 0, end: stop },
    { what: 'consumer away', begin: stop, end: start },
    { what: 'consumer back', begin: start, end: samples.at(-1).at },
  ];
  if (seconds === fullSeconds) {
    const docs = join(import.meta.dirname, '../../../docs');
    await mkdir(join(docs, 'images'), { recursive: true });
    await writeFile(join(docs, picture), drawTimeline(samples, spans));
  }
  return {
    sections: [
      section({
        title: 'A consumer that was away',
        note:
          `![Messages published and consumed per second, and the lag between them, over time](${picture})\n\n` +
          `A producer sends ${count(rate)} messages of 1 KB a second, each acknowledged on disk; its consumer goes after ${stop} s, comes again after ${start} s and takes what has come meanwhile, while the producer goes on.`,
        head: ['greatest lag', 'caught up after', 'consumed meanwhile'],
        rows: [[`${count(most)} messages`, `${took.toFixed(2)} s`, perSecondText(fastest)]],
      }),
    ],
    targets: [atMost('time to catch up with the producer, to the time that the consumer was away', took / (start - stop), 0.5, (ratio) => `${ratio.toFixed(2)} x`)],
    figures: { samples, most, took, fastest },
  };
}
