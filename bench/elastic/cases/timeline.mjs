// Load that rises, jumps, stops and rises again, and what the node makes of it, as a picture.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HttpClient } from '../../harness/http-client.mjs';
import { atMost, count, ms, section } from '../../harness/report.mjs';
import { percentile } from '../../harness/statistics.mjs';
import { canMakeSwap, hasSwap, withSwap } from '../../harness/swap.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { call, deploy, hello, pause } from '../functions.mjs';
import { drawTimeline } from '../timeline-chart.mjs';

const sampleMs = 250;
const tickMs = 10;
const mostAtATime = 400;
const name = 'timeline';
const picture = 'images/elastic.svg';

/** Seconds, and calls per second at their beginning and end. */
const phases = [
  { what: 'quiet', seconds: 3, from: 0, to: 0 },
  { what: 'ramp', seconds: 20, from: 0, to: 150 },
  { what: 'burst', seconds: 6, from: 400, to: 400 },
  { what: 'steady', seconds: 12, from: 50, to: 50 },
  { what: 'pause', seconds: 14, from: 0, to: 0 },
  { what: 'ramp', seconds: 18, from: 0, to: 150 },
  { what: 'pause', seconds: 10, from: 0, to: 0 },
];

export async function timeline({ scale }) {
  const run = () => measure(phases.map((phase) => ({ ...phase, seconds: phase.seconds * scale })));
  const { samples, spans } = canMakeSwap() || (await hasSwap()) ? await withSwap('4G', run) : await run();
  const svg = drawTimeline(samples, spans);
  if (scale === 1) {
    const docs = join(import.meta.dirname, '../../../docs');
    await mkdir(join(docs, 'images'), { recursive: true });
    await writeFile(join(docs, picture), svg);
  }
  const all = samples.flatMap(({ latencies }) => latencies);
  const failed = samples.reduce((sum, sample) => sum + sample.failed, 0);
  return {
    figures: samples.map(({ latencies, ...sample }) => ({ ...sample, calls: latencies.length })),
    sections: [
      section({
        title: 'A minute and a half',
        note:
          `![Load, waiting calls, instances by tier, latency and memory over time](${picture})\n\n` +
          'One node function that waits for 20 ms, one call at a time in an instance, kept idle for 4 s and then frozen; its calls come whether the earlier ones are answered or not. ' +
          `Instances, waiting calls and memory are sampled every ${sampleMs} ms from \`GET /api/v1/node/activity\`, latencies by the client over the last second.`,
        head: ['calls', 'failed', 'p50', 'p99', 'most instances warm', 'most frozen'],
        rows: [
          [
            count(all.length),
            count(failed),
            ms(percentile(all, 0.5)),
            ms(percentile(all, 0.99)),
            String(Math.max(...samples.map(({ busy, idle }) => busy + idle))),
            String(Math.max(...samples.map(({ frozen }) => frozen))),
          ],
        ],
      }),
    ],
    targets: [atMost('calls of the timeline that failed', failed, 0, String)],
  };
}

async function measure(plan) {
  const node = await VirgaNode.start(await temporaryFolder());
  const client = new HttpClient(node.gateway, mostAtATime);
  await deploy(node.api, 'first', hello.node);
  await call(client, 'first'); // Makes the pool.
  await node.api.deleteFunction('first');
  await deploy(node.api, name, pause.node, { maxInstances: 40, keepWarm: { idle: '4s', frozen: '10m', snapshot: '0s' } });
  await node.api.poolsFull();

  const traffic = { latencies: [], failed: 0, offered: 0 };
  const spans = spansOf(plan);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const [samples] = await Promise.all([sample(node, traffic, seconds, spans.at(-1).end), offer(client, traffic, seconds, spans)]);
  client.close();
  await node.stop();
  return { samples, spans };
}

function spansOf(plan) {
  let begin = 0;
  return plan.map((phase) => {
    const span = { ...phase, begin, end: begin + phase.seconds };
    begin = span.end;
    return span;
  });
}

async function offer(client, traffic, seconds, spans) {
  let owed = 0;
  const calls = [];
  for (let last = seconds(); last < spans.at(-1).end; ) {
    await delay(tickMs);
    const now = seconds();
    const span = spans.find(({ end }) => now < end);
    owed += span === undefined ? 0 : (now - last) * (span.from + ((span.to - span.from) * (now - span.begin)) / span.seconds);
    last = now;
    for (; owed >= 1; owed--) {
      traffic.offered++;
      calls.push(one(client, traffic));
    }
  }
  await Promise.all(calls);
}

async function one(client, traffic) {
  const { status, firstByte } = await client.send('GET', `/f/${name}`);
  traffic.failed += status === 200 ? 0 : 1;
  traffic.latencies.push(firstByte);
}

async function sample(node, traffic, seconds, end) {
  const samples = [];
  for (let next = 0; seconds() < end; next += sampleMs / 1000) {
    await delay(Math.max(0, (next - seconds()) * 1000));
    const { node: all, functions } = await node.api.activity();
    const { busy, idle, frozen, starting } = functions.find((entry) => entry.name === name)?.instances ?? { busy: 0, idle: 0, frozen: 0, starting: 0 };
    const at = seconds();
    const { latencies, failed, offered } = traffic;
    [traffic.latencies, traffic.failed, traffic.offered] = [[], 0, 0];
    samples.push({ at, offered, latencies, failed, busy, idle, frozen, starting, waiting: all.queued, memory: all.memory });
  }
  return samples;
}
