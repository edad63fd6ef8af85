// How much fits: functions that are only deployed, and instances that are only frozen.
import { setTimeout as delay } from 'node:timers/promises';
import { eachOf, until } from '../../harness/concurrency.mjs';
import { HttpClient } from '../../harness/http-client.mjs';
import { groupResidentBytes } from '../../harness/instance-memory.mjs';
import { descendants, residentBytes } from '../../harness/process-figures.mjs';
import { atMost, count, mb, ms, section } from '../../harness/report.mjs';
import { median } from '../../harness/statistics.mjs';
import { canMakeSwap, hasSwap, machineMemory, withSwap } from '../../harness/swap.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { call, deploy, hello } from '../functions.mjs';

const atATime = 8;
const startsAtATime = 2;
const settleMs = 3000;
const languages = ['node', 'python'];

export async function density(plan) {
  return canMakeSwap() || (await hasSwap()) ? withSwap('4G', () => measure(plan)) : measure(plan);
}

async function measure({ functions, frozen }) {
  const node = await VirgaNode.start(await temporaryFolder());
  const client = new HttpClient(node.gateway, startsAtATime);
  const names = Array.from({ length: functions }, (_, index) => `dense-${index}`);
  await deploy(node.api, names[0], hello.node);
  await delay(settleMs);
  const before = { node: await residentBytes(node.pid), processes: (await descendants(node.pid)).length };
  const started = performance.now();
  await eachOf(names.slice(1), atATime, (name, index) => deploy(node.api, name, hello[languages[index % languages.length]], { keepWarm: { idle: '1s', frozen: '1h', snapshot: '0s' } }));
  const deployMs = performance.now() - started;
  await delay(settleMs);
  const deployed = { node: await residentBytes(node.pid), processes: (await descendants(node.pid)).length };

  const used = names.slice(1, frozen + 1);
  // Two calls make the pools, so that the machine's memory is compared with and without the frozen instances only.
  await call(client, names.at(-1));
  await call(client, names.at(-2));
  await node.api.poolsFull();
  await delay(settleMs);
  const empty = await machineMemory();
  const startedAll = performance.now();
  await eachOf(used, startsAtATime, (name) => call(client, name));
  const startMs = performance.now() - startedAll;
  await until(`${frozen} instances are frozen`, async () => (await statesOf(node, used)).every((state) => state === 'frozen'), { limitMs: 180_000, stepMs: 1000 });
  await node.api.poolsFull();
  await delay(settleMs);
  const full = await machineMemory();
  const resident = await eachOf(used, atATime, async (name) => groupResidentBytes((await node.api.instances(name))[0].pid));
  const thawed = await eachOf(used.slice(0, 20), 1, async (name) => (await call(client, name)).firstByte);
  client.close();
  await node.stop();

  const perFunction = (deployed.node - before.node) / (functions - 1);
  const sum = resident.reduce((total, bytes) => total + bytes, 0);
  const taken = empty.available - full.available;
  return {
    figures: { before, deployed, deployMs, empty, full, resident, thawed, startMs },
    sections: [
      section({
        title: 'Density',
        note:
          `${count(functions)} functions, half node, half python, deployed ${atATime} at a time; then ${frozen} of them called once and left until they are frozen${(await hasSwap()) ? ', with swap in compressed memory (zram)' : ', without swap'}. ` +
          'Resident memory of the frozen ones is what their control groups are charged with, less pages of files. What the machine lost is MemAvailable, so it includes the compressed swap.',
        head: ['', ''],
        rows: [
          [`deploying ${count(functions)} functions`, `${(deployMs / 1000).toFixed(1)} s`],
          ['the node’s memory before and after', `${mb(before.node)}, ${mb(deployed.node)}`],
          ['per deployed function, in the node that deployed them', `${count(perFunction)} B`],
          ['processes of functions that are only deployed', String(deployed.processes - before.processes)],
          [`calling ${frozen} of them for the first time, ${startsAtATime} at a time`, `${(startMs / 1000).toFixed(1)} s`],
          [`resident memory of ${frozen} frozen instances, together`, mb(sum)],
          ['of one, median', mb(median(resident))],
          ['memory that the machine lost to them', mb(taken)],
          ['of that, compressed swap (holding)', `${mb(full.compressed - empty.compressed)} (${mb(full.swapped - empty.swapped)})`],
          ['a call of one of them then, p50 of 20', ms(median(thawed))],
        ],
      }),
    ],
    targets: [atMost(`processes for ${count(functions)} deployed functions`, deployed.processes - before.processes, 0, String)],
  };
}

const statesOf = (node, names) => eachOf(names, atATime, async (name) => (await node.api.instances(name))[0]?.state ?? 'gone');
