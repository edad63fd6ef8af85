// Runs the simulation's tests and puts the tables that they print into docs/benchmarks.md.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { commit, describeMachine } from '../harness/machine.mjs';
import { replaceSection } from '../harness/markdown.mjs';

const [tests] = process.argv.slice(2);
const options = ['-namespace', 'Virga.Execution.Tests.Scaling.Simulation', '-parallel', 'none', '-showLiveOutput', '-noColor'];
const { status, stdout, stderr } = spawnSync('dotnet', [tests, ...options], { encoding: 'utf8' });
if (status !== 0) {
  console.error(stdout + stderr);
  process.exit(1);
}

// What a test writes comes as lines of `NAME [OUTPUT] TEXT`; each table begins with its heading.
const sections = [];
for (const [, line] of stdout.matchAll(/\[OUTPUT\] (.*)$/gm)) {
  if (line.startsWith('### ')) {
    sections.push({ heading: line, lines: [] });
  } else {
    sections.at(-1).lines.push(line);
  }
}
sections.sort((a, b) => a.heading.localeCompare(b.heading, 'en', { numeric: true }));

const tables = sections.map(({ heading, lines }) => `${heading}\n\n${lines.join('\n')}`).join('\n\n');
const measured = `Simulated on ${new Date().toISOString().slice(0, 10)} with \`./dev bench autoscaler\` on ${await describeMachine()}: virga ${await commit()}.`;
await replaceSection(join(import.meta.dirname, '../../docs/benchmarks.md'), 'autoscaler', `${measured}\n\n${tables}`);
console.log(tables);
