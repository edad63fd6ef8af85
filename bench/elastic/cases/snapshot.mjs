// Starts from a snapshot of the initialised function, against the function's own cold start, which computes for 3 s.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eachOf, until } from '../../harness/concurrency.mjs';
import { HttpClient } from '../../harness/http-client.mjs';
import { atLeast, atMost, mb, ms, section, times } from '../../harness/report.mjs';
import { median, percentile } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { call, callAs, deploy, heavy } from '../functions.mjs';

const restoreLimitMs = 150;
const leastFaster = 15;
const clones = 8;
// Longer than all the clones together take to be there: none of them serves two calls.
const handlerMs = 3000;
// The next sandbox is prepared, and the last instance gone.
const quietMs = 250;
const functionsPerLanguage = 4;
// One call each, so that every call is a start.
const once = { isolation: 'gvisor', maxCallsPerInstance: 1, memory: '256MB', timeout: '60s' };
const kept = { keepWarm: { idle: '0s', frozen: '0s', snapshot: '1h' } };
const notKept = { keepWarm: { idle: '0s', frozen: '0s', snapshot: '0s' } };

export async function snapshot(plan) {
  const node = await VirgaNode.start(await temporaryFolder());
  const client = new HttpClient(node.gateway, clones);
  const results = [];
  for (const [language, source] of Object.entries(heavy)) {
    results.push({ language, ...(await measure(node, client, language, source, plan)) });
  }
  client.close();
  await node.stop();
  return { figures: results, sections: [tableOf(results, plan)], targets: results.flatMap(targetsOf) };
}

async function measure(node, client, language, source, { restores, coldStarts, scaleOuts }) {
  const names = Array.from({ length: functionsPerLanguage }, (_, index) => `restored-${language}-${index}`);
  for (const [index, name] of names.entries()) {
    // The first is scaled out, the others are called once per instance.
    await deploy(node.api, name, source, { ...once, ...kept, ...(index === 0 ? { maxCallsPerInstance: 0, maxInstances: clones } : {}) });
  }
  // A function each: one that is called again and again gets instances ahead of its calls.
  const coldNames = Array.from({ length: coldStarts + 1 }, (_, index) => `cold-${language}-${index}`);
  for (const name of coldNames) {
    await deploy(node.api, name, source, { ...once, ...notKept });
  }
  await call(client, coldNames.pop()); // Makes the pool.
  const cold = [];
  for (const name of coldNames) {
    await node.api.poolsFull();
    cold.push((await callAs('cold', client, name)).firstByte);
  }

  const folder = join(node.data, 'snapshots');
  const before = await below(folder);
  await eachOf(names, 2, (name) => call(client, name));
  await until('there are snapshots', async () => (await below(folder)).snapshots - before.snapshots >= names.length);
  await atZero(node, names);
  const { functions } = await node.api.activity();
  const memory = functions.filter(({ name }) => names.includes(name)).reduce((sum, entry) => sum + entry.memory, 0);
  const taken = await below(folder);
  const disk = (taken.bytes - before.bytes) / (taken.snapshots - before.snapshots);

  const restored = [];
  // Now and then the autoscaler has a clone ready before the call.
  let others = 0;
  const alone = names.slice(1);
  for (let index = 0; restored.length < restores; index++) {
    const answer = await call(client, alone[index % alone.length]);
    if (answer.headers['virga-start'] === 'restored') {
      restored.push(answer.firstByte);
    } else if (++others > restores) {
      throw new Error(`${others} calls were not answered by a clone that was restored for them, but by one that is ${answer.headers['virga-start']}`);
    }
    await delay(quietMs);
  }
  const outs = [];
  for (let index = 0; index < scaleOuts; index++) {
    await atZero(node, [names[0]]);
    const answers = await Promise.all(Array.from({ length: clones }, () => call(client, names[0], `?ms=${handlerMs}`)));
    outs.push(answers.map(({ firstByte }) => firstByte - handlerMs));
  }
  for (const name of [...names, ...coldNames]) {
    await node.api.deleteFunction(name);
  }
  return { cold, restored, memory, disk, outs };
}

const atZero = (node, names) =>
  until('the functions are at zero', async () => {
    const { functions } = await node.api.activity();
    return functions.filter(({ name }) => names.includes(name)).every(({ instances }) => instances.busy + instances.idle + instances.frozen + instances.starting === 0);
  });

/** How many finished snapshots lie in a folder, and how large they are together. */
async function below(folder) {
  // What is being written has a name that begins with a dot, and goes away.
  const snapshots = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const files = await Promise.all(snapshots.map(async (name) => (await readdir(join(folder, name))).map((file) => join(folder, name, file))));
  const sizes = await Promise.all(files.flat().map(async (file) => (await stat(file)).size));
  return { snapshots: snapshots.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

const tableOf = (results, { restores, coldStarts, scaleOuts }) =>
  section({
    title: 'A start from a snapshot (gVisor)',
    note:
      `The function computes for 3 s when it is loaded. \`own cold start\`: ${coldStarts} calls without a snapshot, from a full pool of generic instances in gVisor. \`restored\`: ${restores} calls one after the other, each by a new clone in a prepared sandbox. ` +
      `\`0 to ${clones}\`: ${clones} calls at once that each wait for ${handlerMs / 1000} s in the function, one at a time in an instance; the last one’s answer less that time, median of ${scaleOuts}. ` +
      'Memory is what the functions’ instances occupy at zero; disk is per snapshot.',
    head: ['language', 'own cold start p50', 'restored p50', 'p99', 'cold to restored', `0 to ${clones}`, 'memory', 'disk'],
    rows: results.map(({ language, cold, restored, memory, disk, outs }) => [
      language,
      ms(median(cold)),
      ms(median(restored)),
      ms(percentile(restored, 0.99)),
      times(median(cold) / median(restored)),
      ms(median(outs.map((waits) => Math.max(...waits)))),
      mb(memory),
      mb(disk),
    ]),
  });

const targetsOf = ({ language, cold, restored, memory }) => [
  atMost(`restore ${language} to its answer, p50`, median(restored), restoreLimitMs, ms),
  atLeast(`restore ${language}, times faster than its cold start`, median(cold) / median(restored), leastFaster, times),
  atMost(`memory of a ${language} function with a snapshot`, memory, 0, mb),
];
