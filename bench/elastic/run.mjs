// Runs the cases and writes what they measured: see README.md.
import { loadavg } from 'node:os';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commit, describeMachine, versionOf } from '../harness/machine.mjs';
import { replaceSection } from '../harness/markdown.mjs';
import { section, targetTable } from '../harness/report.mjs';
import { withServers } from '../harness/server-process.mjs';
import { frameworkManifest, workerd } from '../invoke/peers.mjs';
import { burst } from './cases/burst.mjs';
import { cold } from './cases/cold.mjs';
import { crowd } from './cases/crowd.mjs';
import { density } from './cases/density.mjs';
import { rotation } from './cases/rotation.mjs';
import { snapshot } from './cases/snapshot.mjs';
import { thaw } from './cases/thaw.mjs';
import { timeline } from './cases/timeline.mjs';
import { full, quick } from './plan.mjs';

const cases = { thaw, snapshot, cold, burst, crowd, rotation, density, timeline };
const resultsFile = join(import.meta.dirname, 'results.json');

const { values: options, positionals } = parseArgs({ options: { quick: { type: 'boolean', default: false } }, allowPositionals: true });
const unknown = positionals.find((name) => !Object.hasOwn(cases, name));
if (unknown !== undefined) {
  console.error(`There is no case "${unknown}"; there are ${Object.keys(cases).join(', ')}.`);
  process.exit(2);
}

const plan = options.quick ? quick : full;
const virga = await commit();
const measured = await withServers(async () => {
  const results = {};
  for (const name of positionals.length > 0 ? positionals : Object.keys(cases)) {
    console.error(`Measuring ${name}`);
    const [date, load, started] = [new Date().toISOString().slice(0, 16).replace('T', ' '), loadavg()[0], performance.now()];
    const { sections, targets, figures } = await cases[name](plan[name]);
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`${sections.join('\n\n')}\n`);
    results[name] = { date, load, seconds, virga, sections, targets, figures };
    if (!options.quick) {
      await keep(name, results[name]);
    }
  }
  return results;
});

const targets = Object.values(measured).flatMap((result) => result.targets);
console.log(targetTable(targets));
if (options.quick) {
  console.error('Nothing was written down: a quick run shows only that everything works.');
} else {
  await replaceSection(join(import.meta.dirname, '../../docs/benchmarks.md'), 'elastic', await page(await kept()));
}
process.exitCode = targets.every((target) => target.met) ? 0 : 1;

/** What was measured last of each case, by this run or an earlier one. */
async function kept() {
  try {
    return JSON.parse(await readFile(resultsFile, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') {
      return {};
    }
    throw error;
  }
}

async function keep(name, result) {
  const rounded = JSON.stringify({ ...(await kept()), [name]: result }, (_, value) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value));
  await writeFile(resultsFile, `${rounded}\n`);
}

async function page(results) {
  const present = Object.keys(cases).filter((name) => Object.hasOwn(results, name));
  const versions = [
    `node ${process.version}`,
    `.NET ${await versionOf('dotnet', '--version')}`,
    await versionOf('/usr/bin/python3', '--version'),
    await versionOf('bwrap', '--version'),
    ...(present.includes('snapshot') ? [await versionOf('runsc', '--version')] : []),
    ...(present.includes('cold') ? [`functions-framework ${JSON.parse(await readFile(frameworkManifest, 'utf8')).version}`, await versionOf(workerd, '--version')] : []),
  ];
  return [
    `Measured with \`./dev bench elastic\` on ${await describeMachine()}: ${versions.join(', ')}.`,
    section({
      title: 'Elastic: when',
      note: 'Load is what the machine had to do in the minute before, from elsewhere or from the case before: above 1, figures are worse than on a quiet machine.',
      head: ['case', 'measured (UTC)', 'virga', 'load before', 'took'],
      rows: present.map((name) => [name, results[name].date, results[name].virga, results[name].load.toFixed(1), `${results[name].seconds} s`]),
    }),
    targetTable(present.flatMap((name) => results[name].targets)).replace('### Against', '### Elastic: against'),
    ...present.flatMap((name) => results[name].sections),
  ].join('\n\n');
}
