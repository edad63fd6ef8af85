// Runs the cases and writes what they measured: see README.md.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commit, describeMachine, versionOf } from '../harness/machine.mjs';
import { replaceSection } from '../harness/markdown.mjs';
import { withServers } from '../harness/server-process.mjs';
import { compile } from './cases/compile.mjs';
import { size } from './cases/size.mjs';
import { specialise } from './cases/specialise.mjs';
import { transfer } from './cases/transfer.mjs';
import { warm } from './cases/warm.mjs';
import { frameworkManifest, workerd } from './peers.mjs';
import { full, quick } from './plan.mjs';
import { targetTable } from '../harness/report.mjs';

const cases = { warm, specialise, compile, size, transfer };
const here = import.meta.dirname;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    case: { type: 'string', multiple: true, default: Object.keys(cases) },
  },
});
for (const name of options.case) {
  if (!Object.hasOwn(cases, name)) {
    console.error(`There is no case "${name}"; there are ${Object.keys(cases).join(', ')}.`);
    process.exit(2);
  }
}

const plan = options.quick ? quick : full;
const started = performance.now();
const results = await withServers(async () => {
  const results = [];
  for (const name of options.case) {
    console.error(`Measuring ${name}`);
    const result = await cases[name](plan);
    console.log(`${result.sections.join('\n\n')}\n`);
    results.push(result);
  }
  return results;
});

const versions = [
  `virga ${await commit()}`,
  `node ${process.version}`,
  `.NET ${await versionOf('dotnet', '--version')}`,
  await versionOf('/usr/bin/python3', '--version'),
  `functions-framework ${JSON.parse(await readFile(frameworkManifest, 'utf8')).version}`,
  await versionOf(workerd, '--version'),
  await versionOf('bwrap', '--version'),
];
const targets = results.flatMap((result) => result.targets);
const minutes = Math.round((performance.now() - started) / 60_000);
const summary = [
  `Measured on ${new Date().toISOString().slice(0, 10)} in ${minutes} min with \`./dev bench invoke\` on ${await describeMachine()}: ${versions.join(', ')}.`,
  targetTable(targets),
];
console.log(summary.join('\n\n'));

const complete = options.case.length === Object.keys(cases).length;
if (complete && !options.quick) {
  const page = [...summary, ...results.flatMap((result) => result.sections)].join('\n\n');
  await writeFile(join(here, 'results.md'), `# Results of bench/invoke\n\n${page}\n`);
  await replaceSection(join(here, '../../docs/benchmarks.md'), 'invoke', page);
} else {
  console.error('Nothing was written down: only a full run of all cases is.');
}
process.exitCode = targets.every((target) => target.met) ? 0 : 1;
