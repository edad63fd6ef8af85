// Runs the cases and writes what they measured: see README.md.
import { loadavg } from 'node:os';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commit, describeMachine, versionOf } from '../harness/machine.mjs';
import { replaceSection } from '../harness/markdown.mjs';
import { section, targetTable } from '../harness/report.mjs';
import { ServerProcess, withServers } from '../harness/server-process.mjs';
import { functions, streams } from './cases/functions.mjs';
import { idle } from './cases/idle.mjs';
import { interval } from './cases/interval.mjs';
import { latency } from './cases/latency.mjs';
import { publish } from './cases/publish.mjs';
import { reading } from './cases/reading.mjs';
import { recovery } from './cases/recovery.mjs';
import { timeline } from './cases/timeline.mjs';
import { full, quick } from './plan.mjs';

const cases = { publish, interval, latency, reading, functions, streams, recovery, idle, timeline };
const resultsFile = join(import.meta.dirname, 'results.json');
const caseLimitMs = 240_000;
// Every temporary folder is removed when the process ends, by a listener each.
process.setMaxListeners(100);

const { values: options, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true, default: [] } },
  allowPositionals: true,
});
const chosen = [...options.only, ...positionals];
const unknown = chosen.find((name) => !Object.hasOwn(cases, name));
if (unknown !== undefined) {
  console.error(`There is no case "${unknown}"; there are ${Object.keys(cases).join(', ')}.`);
  process.exit(2);
}

const plan = options.quick ? quick : full;
const virga = await commit();
const failed = [];
const measured = await withServers(async () => {
  const results = {};
  for (const name of chosen.length > 0 ? chosen : Object.keys(cases)) {
    console.error(`Measuring ${name}`);
    const [date, load, started] = [new Date().toISOString().slice(0, 16).replace('T', ' '), loadavg()[0], performance.now()];
    try {
      const { sections, targets, figures } = await withinLimit(cases[name](plan[name]));
      const seconds = Math.round((performance.now() - started) / 1000);
      console.log(`${sections.join('\n\n')}\n`);
      results[name] = { date, load, seconds, virga, sections, targets, figures };
    } catch (error) {
      // The other cases are worth having: this one's servers are ended, and the run ends with a failure.
      console.error(`${name} failed: ${error.stack}`);
      failed.push(name);
      await ServerProcess.stopAll();
      continue;
    }
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
  await replaceSection(join(import.meta.dirname, '../../docs/benchmarks.md'), 'topics', await page(await kept()));
}
if (failed.length > 0) {
  console.error(`Without result: ${failed.join(', ')}.`);
}
process.exitCode = failed.length > 0 ? 3 : targets.every((target) => target.met) ? 0 : 1;

/** The result of a case, or an error when it takes longer than any case should: a benchmark that hangs tells nothing. */
async function withinLimit(work) {
  let timer;
  const limit = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`not done after ${caseLimitMs / 1000} s`)), caseLimitMs)));
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

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
    await versionOf('nats-server', '--version'),
    (await versionOf('redis-server', '--version')).replace(/ sha=.*/, ''),
  ];
  return [
    `Measured with \`./dev bench topics\` on ${await describeMachine()}: ${versions.join(', ')}.`,
    section({
      title: 'Topics: when',
      note: 'Load is what the machine had to do in the minute before, from elsewhere or from the case before: above 1, figures are worse than on a quiet machine.',
      head: ['case', 'measured (UTC)', 'virga', 'load before', 'took'],
      rows: present.map((name) => [name, results[name].date, results[name].virga, results[name].load.toFixed(1), `${results[name].seconds} s`]),
    }),
    targetTable(present.flatMap((name) => results[name].targets)).replace('### Against', '### Topics: against'),
    ...present.flatMap((name) => results[name].sections),
  ].join('\n\n');
}
