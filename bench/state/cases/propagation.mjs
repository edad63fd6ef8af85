// How long an update takes from one node to the caches of the others that hold its key.
import { atMost, ms, section } from '../../harness/report.mjs';
import { median, percentile } from '../../harness/statistics.mjs';
import { Cluster } from '../cluster.mjs';

const limitMs = 10_000;
const note =
  'A key that all three nodes have in their caches is put at one of them, in turn, over its control API; the other two are asked for it again and again. ' +
  'From the acknowledgement of the put to the answer with the new value; the asking, some 0.3 ms, is in it.';

export async function propagation({ updates }) {
  const cluster = await Cluster.start();
  const names = cluster.all.map(({ name }) => name);
  const delays = [];
  for (let index = 0; index < updates; index++) {
    const key = `propagation-${index % 10}`;
    const [writer, ...readers] = names.map((_, offset) => cluster.all[(index + offset) % names.length]);
    // Once read, a key is in the cache, and its home node knows that.
    await Promise.all(readers.map((reader) => read(reader, key)));
    const answer = await writer.admin.send('PUT', `/api/v1/state/${key}`, { body: String(index + 1), headers: { 'content-type': 'application/json' } });
    if (answer.status !== 200) {
      throw new Error(`PUT was answered ${answer.status}: ${answer.body}`);
    }
    const acknowledged = performance.now();
    delays.push(...(await Promise.all(readers.map((reader) => seen(reader, key, index + 1, acknowledged)))));
  }
  await cluster.stop();

  const [p50, p99] = [median(delays), percentile(delays, 0.99)];
  return {
    sections: [
      section({
        title: 'Propagation',
        note,
        head: ['updates', 'p50', 'p99', 'slowest'],
        rows: [[String(updates), ms(p50), ms(p99), ms(Math.max(...delays))]],
      }),
    ],
    targets: [atMost('an update in the caches of all three nodes, p99', p99, 100, ms)],
    figures: { p50, p99, slowest: Math.max(...delays) },
  };
}

async function read({ admin }, key) {
  const answer = await admin.send('GET', `/api/v1/state/${key}`);
  return answer.status === 200 ? JSON.parse(answer.body) : null;
}

async function seen(reader, key, value, since) {
  while ((await read(reader, key)) !== value) {
    if (performance.now() - since > limitMs) {
      throw new Error(`${reader.name} does not have ${key} = ${value} after ${limitMs / 1000} s`);
    }
  }
  return performance.now() - since;
}
