// A thousand functions that are called in turn and scale to zero in between: does anything stay behind?
import { setTimeout as delay } from 'node:timers/promises';
import { eachOf, until } from '../../harness/concurrency.mjs';
import { HttpClient } from '../../harness/http-client.mjs';
import { bounds, exceeded, Figures } from '../../harness/leak-figures.mjs';
import { atMost, count, section } from '../../harness/report.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { call, deploy, hello } from '../functions.mjs';

const callers = 4;
const deployersAtATime = 8;
const quietMs = 5000;
// Of the time at the rotation, what is run before the figures are taken that the end is compared with.
const warmUpShare = 0.2;

export async function rotation({ functions, seconds }) {
  const folder = await temporaryFolder();
  const node = await VirgaNode.start(folder);
  const client = new HttpClient(node.gateway, callers);
  const names = Array.from({ length: functions }, (_, index) => `turn-${index}`);
  await eachOf(names, deployersAtATime, (name, index) =>
    // Half of them are frozen for a second before they end.
    deploy(node.api, name, hello[index % 4 === 0 ? 'node' : 'python'], { keepWarm: { idle: '500ms', frozen: index % 8 < 4 ? '1s' : '0s', snapshot: '0s' } }),
  );

  const seen = { calls: 0, cold: 0, thawed: 0, warm: 0, failed: 0, functions: new Set() };
  let turn = 0;
  const rotate = async (forMs) => {
    const end = performance.now() + forMs;
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (performance.now() < end) {
          const name = names[turn++ % names.length];
          const { status, headers } = await client.send('GET', `/f/${name}`);
          seen.calls++;
          if (status === 200) {
            seen[headers['virga-start']]++;
          } else {
            seen.failed++;
          }
          seen.functions.add(name);
        }
      }),
    );
  };
  const quiet = async () => {
    await until('all functions are at zero', async () => (await node.api.activity()).functions.every(({ instances }) => instances.busy + instances.idle + instances.frozen + instances.starting === 0));
    await node.api.poolsFull();
    await delay(quietMs);
  };

  await call(client, names[0]);
  const figures = await Figures.open(node, folder);
  await rotate(seconds * 1000 * warmUpShare);
  await quiet();
  const before = await figures.read();
  await rotate(seconds * 1000 * (1 - warmUpShare));
  const loaded = await figures.read();
  await quiet();
  const after = await figures.settle(before);
  client.close();
  await node.stop();

  const over = exceeded(before, after);
  return {
    figures: { before, loaded, after, ...seen, functions: seen.functions.size },
    sections: [
      section({
        title: `${count(functions)} functions to zero and back`,
        note:
          `A quarter node, the rest python, called in turn by ${callers} callers for ${seconds} s; each instance ends half a second after its call, or is frozen first and ends a second later. ` +
          `${count(seen.calls)} calls of ${count(seen.functions.size)} functions, ${count(seen.cold)} of them cold, ${count(seen.thawed)} thawed, ${count(seen.warm)} warm, ${seen.failed} failed. The first figures are taken after a fifth of the time, when every pool is there.`,
        head: ['', 'before', 'in rotation', 'after', 'may grow by'],
        rows: Object.entries(bounds).map(([name, { what, slack, show }]) => [what, ...[before, loaded, after].map((moment) => show(moment[name])), show(slack)]),
      }),
    ],
    targets: [
      atMost(`${count(functions)} functions in rotation, figures that grew`, over.length, 0, String),
      atMost(`${count(functions)} functions in rotation, calls that failed`, seen.failed, 0, String),
    ],
  };
}
