// What a node costs: its start, its memory, and what 10,000 deployed functions with routes add to either.
import { setTimeout as delay } from 'node:timers/promises';
import { residentBytes } from '../../harness/process-figures.mjs';
import { median } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { load } from '../../harness/wrk.mjs';
import { hello } from '../functions.mjs';
import { atMost, count, mb, ms, section, times, us } from '../../harness/report.mjs';

const idleMemoryLimit = 120e6;
const perFunctionLimit = 2048;
// What two measurements of the same node differ by on a shared machine.
const tolerance = 1.05;
const controlConnections = 8;

export async function size(plan) {
  const [few, many] = [await temporaryFolder(), await temporaryFolder()];
  await prepare(few, 1);
  const growth = await prepare(many, plan.deployed);
  const [fewIdle, manyIdle] = [await restarts(few, plan), await restarts(many, plan)];
  const perFunction = (manyIdle.resident - fewIdle.resident) / (plan.deployed - 1);
  const warm = await warmCalls(few, many, plan);
  const deployed = `${count(plan.deployed)} functions`;
  return {
    sections: [
      section({
        title: 'The node itself',
        note: `Started with an existing data folder, until /readyz answers 200; resident memory ${plan.settleMs / 1000} s later, nothing called. Medians of ${plan.starts} starts. Every function has a route; a warm call of one of them by wrk at one connection, alternating between both nodes.`,
        head: ['', '1 function', deployed],
        rows: [
          ['start to ready', ms(fewIdle.startMs), ms(manyIdle.startMs)],
          ['resident memory, idle', mb(fewIdle.resident), mb(manyIdle.resident)],
          ['per deployed function', '', `${count(perFunction)} B`],
          ['per deployed function, in the node that deployed them', '', `${count(growth / (plan.deployed - 1))} B`],
          ['warm node call, p50', us(warm.few), us(warm.many)],
        ],
      }),
    ],
    targets: [
      atMost('node, start to ready', fewIdle.startMs, 1000, ms),
      atMost('node, resident memory idle', fewIdle.resident, idleMemoryLimit, mb),
      atMost('memory per deployed idle function', perFunction, perFunctionLimit, (bytes) => `${count(bytes)} B`),
      atMost(`warm call with ${deployed}, to the same with 1`, warm.many / warm.few, tolerance, times),
    ],
  };
}

/** Deploys functions with routes into a data folder; gives what the node's memory grew by from the first of them to the last. */
async function prepare(folder, functions) {
  const node = await VirgaNode.start(folder);
  const digest = await node.api.uploadSource(hello.node.file, hello.node.text);
  const add = async (index) => {
    const name = `idle-${index}`;
    await node.api.putFunction(name, { environment: 'node', package: digest, isolation: 'bubblewrap' });
    await node.api.putRoute(name, { methods: ['GET'], path: `/idle/${index}`, function: name });
  };
  await add(0);
  await delay(1000);
  const before = await residentBytes(node.pid);
  let next = 1;
  const addUntilDone = async () => {
    while (next < functions) {
      await add(next++);
    }
  };
  await Promise.all(Array.from({ length: controlConnections }, addUntilDone));
  await delay(1000);
  const after = await residentBytes(node.pid);
  await node.stop();
  return after - before;
}

async function restarts(folder, { starts, settleMs }) {
  const [startMs, resident] = [[], []];
  for (let index = 0; index < starts; index++) {
    const node = await VirgaNode.start(folder);
    startMs.push(node.startMs);
    await delay(settleMs);
    resident.push(await residentBytes(node.pid));
    await node.stop();
  }
  return { startMs: median(startMs), resident: median(resident) };
}

async function warmCalls(fewFolder, manyFolder, { rounds, warmUpSeconds, measureSeconds, deployed }) {
  const few = await VirgaNode.start(fewFolder);
  const many = await VirgaNode.start(manyFolder);
  const nodes = [
    { url: `${few.gateway}/idle/0`, p50: [] },
    { url: `${many.gateway}/idle/${deployed - 1}`, p50: [] },
  ];
  for (const { url } of nodes) {
    await load(url, { connections: 1, seconds: warmUpSeconds });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { url, p50 } of nodes) {
      p50.push((await load(url, { connections: 1, seconds: measureSeconds })).p50);
    }
  }
  await Promise.all([few.stop(), many.stop()]);
  return { few: median(nodes[0].p50), many: median(nodes[1].p50) };
}
