// Ten minutes of everything that goes wrong: see README.md.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeMachine } from '../harness/machine.mjs';
import { table } from '../harness/markdown.mjs';
import { withServers } from '../harness/server-process.mjs';
import { temporaryFolder, VirgaNode } from '../harness/virga-node.mjs';
import { bounds, exceeded, Figures } from './figures.mjs';
import { makeFleet } from './fleet.mjs';
import { Traffic } from './traffic.mjs';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
});
const minutes = Number(options.minutes);
const seed = Number(options.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: bench/soak/run [--minutes NUMBER] [--seed INTEGER]');
  process.exit(2);
}
const soakMs = minutes * 60_000;
// Long enough to have compiled every path and filled every pool; a tenth where the whole is shorter.
const warmUpMs = Math.min(60_000, soakMs / 10);
// Instances are kept warm for 5 s; what has not ended after this is not going to.
const quietMs = 20_000;

await withServers(async () => {
  const folder = await temporaryFolder();
  console.log(`Seed ${seed}; ${minutes} min on ${await describeMachine()}.`);
  const node = await VirgaNode.start(folder);
  const traffic = new Traffic(makeFleet(), node, seed);
  await traffic.begin();
  await Promise.race([traffic.run(warmUpMs), endOf(node)]);
  const figures = await Figures.open(node, folder);
  await node.api.poolsFull();
  await delay(quietMs);
  const before = await figures.read();
  console.log('Baseline taken; running.');

  await Promise.race([traffic.run(soakMs), endOf(node)]);
  const loaded = await figures.read();
  await delay(quietMs);
  const after = await figures.settle(before);
  await node.stop();
  process.exitCode = report({ traffic, before, loaded, after, hasControlGroups: figures.hasControlGroups, output: node.output });
});

async function endOf(node) {
  throw new Error(await node.failure);
}

function report({ traffic, before, loaded, after, hasControlGroups, output }) {
  const over = exceeded(before, after);
  const rows = Object.entries(bounds).map(([name, { what, slack, show }]) => [
    what,
    ...[before, loaded, after].map((figures) => show(figures[name])),
    `+ ${show(slack)}`,
    over.includes(name) ? '**no**' : 'yes',
  ]);
  console.log(`\n${table(['', 'before', 'under load', 'after', 'may grow by', 'kept'], rows)}\n`);

  const answers = Object.entries(traffic.answers).map(([behaviour, statuses]) => [
    behaviour,
    Object.entries(statuses).map(([status, many]) => `${many} x ${status}`).join(', '),
  ]);
  console.log(`${traffic.calls} calls, ${traffic.deployments} deployments, ${traffic.deletions} deletions.\n`);
  console.log(`${table(['asked for', 'answers'], answers)}\n`);

  if (!hasControlGroups) {
    console.log('No control groups were seen: this machine does not let the node make any.');
  }
  if (traffic.surprises.length > 0) {
    console.log(`${traffic.surprises.length} answers that should not be; the first ones:\n${traffic.surprises.slice(0, 10).join('\n')}`);
  }
  if (over.length > 0 || traffic.surprises.length > 0) {
    console.log(`What the node printed last:\n${output}`);
    return 1;
  }
  return 0;
}
