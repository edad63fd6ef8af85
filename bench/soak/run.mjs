// Ten minutes of everything that goes wrong: see README.md.
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { commit, describeMachine } from '../harness/machine.mjs';
import { replaceSection, table } from '../harness/markdown.mjs';
import { withServers } from '../harness/server-process.mjs';
import { temporaryFolder, VirgaNode } from '../harness/virga-node.mjs';
import { bounds, exceeded, Figures } from '../harness/leak-figures.mjs';
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
// Shorter runs have a baseline that is too young to be published.
const publishedMinutes = 10;
// The rest finds all instances of its function busy with calls that end at their deadline only.
const leastAnswered = 0.9;

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
  const { page, faults } = report({ traffic, before, loaded, after, hasControlGroups: figures.hasControlGroups });
  console.log(`\n${page}`);
  if (minutes >= publishedMinutes) {
    const heading = `Run on ${new Date().toISOString().slice(0, 10)} for ${minutes} min with seed ${seed}, virga ${await commit()}, on ${await describeMachine()}.`;
    await replaceSection(join(import.meta.dirname, '../../docs/benchmarks.md'), 'soak', `${heading}\n\n${page}`);
  }
  if (faults.length > 0) {
    console.log(`\n${faults.length} faults; the first ones:\n${faults.slice(0, 10).join('\n')}\nWhat the node printed last:\n${node.output}`);
    process.exitCode = 1;
  }
});

async function endOf(node) {
  throw new Error(await node.failure);
}

/** What a run has shown, as a page and as a list of what is wrong. */
function report({ traffic, before, loaded, after, hasControlGroups }) {
  const over = exceeded(before, after);
  const figures = Object.entries(bounds).map(([name, { what, slack, show }]) => [
    what,
    ...[before, loaded, after].map((moment) => show(moment[name])),
    `+ ${show(slack)}`,
    over.includes(name) ? '**no**' : 'yes',
  ]);
  const answers = Object.entries(traffic.answers).map(([behaviour, statuses]) => [
    behaviour,
    Object.entries(statuses).map(([status, many]) => `${many} x ${status}`).join(', '),
  ]);
  const share = traffic.answeredShare;
  const page = [
    table(['', 'before', 'under load', 'after', 'may grow by', 'kept'], figures),
    ...(hasControlGroups ? [] : ['No control groups were seen: this machine does not let the node make any.']),
    `${traffic.calls} calls, ${traffic.deployments} deployments, ${traffic.deletions} deletions; ${(share * 100).toFixed(1)} % of the harmless calls were answered.`,
    table(['asked for', 'answers'], answers),
  ].join('\n\n');
  return {
    page,
    faults: [
      ...over.map((name) => `${bounds[name].what}: above its bound`),
      ...(share < leastAnswered ? [`only ${(share * 100).toFixed(1)} % of the harmless calls were answered`] : []),
      ...traffic.surprises,
    ],
  };
}
