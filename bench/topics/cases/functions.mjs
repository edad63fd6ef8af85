// Topic, node function, topic: by a trigger with an output, and by a stream function; a message a call, and many.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atLeast, count, rate, section } from '../../harness/report.mjs';
import { load } from '../load.mjs';
import { Rounds } from '../../harness/rounds.mjs';
import { startVirga } from '../servers.mjs';

const file = 'change.mjs';
const batched = 500;
const callsAtOnce = 64;
const note =
  'Messages of 100 bytes of JSON go into a topic; a node function (isolation `process`) adds a member to each, and what it answers is published to another topic, from which it is consumed. ' +
  `The producer keeps 20,000 messages between the two topics (5,000 where each is a call). Batched: up to ${batched} messages a call. Topics with durability \`interval\`; both topics, the function and the client share the machine. Median of the rounds.`;

/** What stands between the topics. */
export const triggers = {
  'trigger, batched': (api) => trigger(api, 'trigger-batched', { batch: { maxMessages: batched, maxWait: '5ms' } }),
  'trigger, a call each': (api) => trigger(api, 'trigger-single', { concurrency: callsAtOnce }),
};
export const streamFunctions = {
  'stream function, batched': (api) => stream(api, 'stream-batched', { batch: batched, parallelism: 4 }),
  'stream function, a call each': (api) => stream(api, 'stream-single', { parallelism: callsAtOnce }),
};

const function_ = 'change';
const isBatched = (way) => way.endsWith('batched');

export const functions = (plan) => measure('Topic, function, topic: triggers', triggers, plan);
export const streams = (plan) => measure('Topic, function, topic: stream functions', streamFunctions, plan);

async function measure(title, ways, { rounds, seconds }) {
  const taken = new Rounds();
  for (const [way, make] of Object.entries(ways)) {
    // A node of its own for each: the others' subscriptions would take messages, too.
    const server = await startVirga('interval');
    const { api } = server.node;
    const spec = { environment: 'node', package: await api.uploadSource(file, await readFile(join(import.meta.dirname, '../functions', file), 'utf8')) };
    await api.putFunction(function_, { ...spec, isolation: 'process', timeout: '1m', keepWarm: '15m', concurrency: callsAtOnce, maxInstances: 2 });
    await make(api);
    for (let round = 0; round < rounds; round++) {
      const window = isBatched(way) ? 20_000 : 5000;
      taken.take(way, await load('pipe', { port: server.port, in: 'in', out: 'out', window, batch: isBatched(way) ? 100 : 1, size: 100, seconds, warm: round === 0 ? 3 : 1 }));
    }
    await server.stop();
  }

  const lost = Object.values(taken.figures).flat().reduce((sum, { sent, received }) => sum + Math.max(0, sent - received), 0);
  return {
    sections: [
      section({
        title,
        note,
        head: ['what', 'messages', 'slowest round', 'fastest round'],
        rows: Object.entries(taken.figures).map(([way, figures]) => {
          const rates = figures.map(({ perSecond }) => perSecond);
          return [way, rate(taken.of(way, 'perSecond')), rate(Math.min(...rates)), rate(Math.max(...rates))];
        }),
      }),
    ],
    targets: [
      ...Object.keys(ways).map((way) => atLeast(`topic, function, topic: ${way}`, taken.of(way, 'perSecond'), isBatched(way) ? 20_000 : 5000, rate)),
      { what: `${title.toLowerCase()}: messages that did not come out`, figure: count(lost), target: '≤ 0', met: lost === 0 },
    ],
    figures: taken.figures,
  };
}

const trigger = (api, name, spec) =>
  api.putTrigger(name, { source: { topic: { topics: ['in'], type: 'shared', from: 'earliest' } }, function: function_, output: 'out', ...spec });

const stream = (api, name, spec) => api.putStream(name, { inputs: ['in'], from: 'earliest', function: function_, output: 'out', processing: 'at-least-once', ...spec });
