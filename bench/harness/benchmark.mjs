// A benchmark of several cases: runs those that are asked for, keeps what each came to, and writes the page.
import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commit, describeMachine } from './machine.mjs';
import { replaceSection } from './markdown.mjs';
import { section, targetTable } from './report.mjs';
import { ServerProcess, withServers } from './server-process.mjs';

const pageFile = join(import.meta.dirname, '../../docs/benchmarks.md');
const exitCodes = { allMet: 0, missed: 1, notStarted: 2, failed: 3 };

/**
 * Runs what the command line asks for: cases by name or by `--only NAME`, all unless some are named, quickly with `--quick`. Each case is a function of its
 * plan that gives `{ sections, targets, figures }`. What was measured last of each is kept in results.json; all of that is the page.
 * @param {object} benchmark
 * @param {string} benchmark.name of `./dev bench`, and of its part of docs/benchmarks.md
 * @param {string} benchmark.title before its headings there
 * @param {string} benchmark.folder where results.json is
 * @param {Record<string, (plan: object) => Promise<object>>} benchmark.cases
 * @param {{ full: Record<string, object>, quick: Record<string, object> }} benchmark.plans
 * @param {(present: string[]) => Promise<string[]>} benchmark.versions of what takes part in these cases
 * @param {number} benchmark.caseLimitMs no case takes longer
 */
export async function runBenchmark(benchmark) {
  const { isQuick, chosen } = asked(benchmark.cases);
  // Every temporary folder is removed when the process ends, by a listener each.
  process.setMaxListeners(100);
  const results = new KeptResults(benchmark.folder);
  const { measured, failed } = await withServers(() => measure(benchmark, chosen, isQuick, results));

  const targets = measured.flatMap((result) => result.targets);
  console.log(targetTable(targets));
  if (isQuick) {
    console.error('Nothing was written down: a quick run shows only that everything works.');
  } else {
    await replaceSection(pageFile, benchmark.name, await page(benchmark, await results.read()));
  }
  if (failed.length > 0) {
    console.error(`Without result: ${failed.join(', ')}.`);
  }
  process.exitCode = failed.length > 0 ? exitCodes.failed : targets.every((target) => target.met) ? exitCodes.allMet : exitCodes.missed;
}

function asked(cases) {
  const { values: options, positionals } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string', multiple: true, default: [] } },
    allowPositionals: true,
  });
  const named = [...options.only, ...positionals];
  const unknown = named.find((name) => !Object.hasOwn(cases, name));
  if (unknown !== undefined) {
    console.error(`There is no case "${unknown}"; there are ${Object.keys(cases).join(', ')}.`);
    process.exit(exitCodes.notStarted);
  }
  return { isQuick: options.quick, chosen: named.length > 0 ? named : Object.keys(cases) };
}

async function measure({ cases, plans, caseLimitMs }, chosen, isQuick, results) {
  const plan = isQuick ? plans.quick : plans.full;
  const virga = await commit();
  const [measured, failed] = [[], []];
  for (const name of chosen) {
    console.error(`Measuring ${name}`);
    const [date, load, started] = [new Date().toISOString().slice(0, 16).replace('T', ' '), loadavg()[0], performance.now()];
    try {
      const { sections, targets, figures } = await withinLimit(cases[name](plan[name]), caseLimitMs);
      const seconds = Math.round((performance.now() - started) / 1000);
      console.log(`${sections.join('\n\n')}\n`);
      measured.push({ date, load, seconds, virga, sections, targets, figures });
    } catch (error) {
      // The other cases are worth having: this one's servers are ended, and the run ends with a failure.
      console.error(`${name} failed: ${error.stack}`);
      failed.push(name);
      await ServerProcess.stopAll();
      continue;
    }
    if (!isQuick) {
      await results.keep(name, measured.at(-1));
    }
  }
  return { measured, failed };
}

/** The result of a case, or an error when it takes longer than any case should: a benchmark that hangs tells nothing. */
async function withinLimit(work, limitMs) {
  let timer;
  const limit = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`not done after ${limitMs / 1000} s`)), limitMs)));
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** What was measured last of each case, by this run or an earlier one. */
class KeptResults {
  #file;

  constructor(folder) {
    this.#file = join(folder, 'results.json');
  }

  async read() {
    try {
      return JSON.parse(await readFile(this.#file, 'utf8'));
    } catch (error) {
      if (error.code === 'ENOENT') {
        return {};
      }
      throw error;
    }
  }

  async keep(name, result) {
    const rounded = JSON.stringify({ ...(await this.read()), [name]: result }, (_, value) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value));
    await writeFile(this.#file, `${rounded}\n`);
  }
}

async function page({ name: benchmark, title, cases, versions }, results) {
  const present = Object.keys(cases).filter((name) => Object.hasOwn(results, name));
  return [
    `Measured with \`./dev bench ${benchmark}\` on ${await describeMachine()}: ${(await versions(present)).join(', ')}.`,
    section({
      title: `${title}: when`,
      note: 'Load is what the machine had to do in the minute before, from elsewhere or from the case before: above 1, figures are worse than on a quiet machine.',
      head: ['case', 'measured (UTC)', 'virga', 'load before', 'took'],
      rows: present.map((name) => [name, results[name].date, results[name].virga, results[name].load.toFixed(1), `${results[name].seconds} s`]),
    }),
    targetTable(present.flatMap((name) => results[name].targets), `${title}: against the targets`),
    ...present.flatMap((name) => results[name].sections),
  ].join('\n\n');
}
