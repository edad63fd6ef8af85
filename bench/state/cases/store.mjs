// The store itself, in process: bench/state/store.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { micros, rate, section } from '../../harness/report.mjs';
import { temporaryFolder } from '../../harness/virga-node.mjs';

const run = promisify(execFile);
const program = join(import.meta.dirname, '../store/bin/Release/net10.0');

export async function store({ seconds }) {
  const { stdout } = await run('dotnet', [join(program, 'virga-bench-state-store.dll'), '--json', '--seconds', String(seconds), '--directory', await temporaryFolder()]);
  const figures = JSON.parse(stdout);
  const shown = (value, show) => (value === null || value === undefined ? '' : show(value));
  return {
    sections: [
      section({
        title: 'The store in process',
        note: 'The embedded store of a node alone, without functions and without a network: 100,000 keys, values of 100 bytes.',
        head: ['operation', 'throughput', 'p50', 'p99', 'allocated', 'CPU'],
        rows: figures.map(({ name, perSecond, p50, p99, bytesPerOperation, cpuMicroseconds }) => [
          name,
          rate(perSecond),
          shown(p50, micros),
          shown(p99, micros),
          shown(bytesPerOperation, (bytes) => `${Math.round(bytes)} B`),
          micros(cpuMicroseconds),
        ]),
      }),
    ],
    targets: figures.filter(({ target }) => target).map(({ name, target }) => ({ what: `store in process: ${name}`, ...judged(target) })),
    figures,
  };
}

// `5.2 million/s, asked: at least 5 ✓`
function judged(text) {
  const [figure, asked] = text.split(', asked: ');
  return { figure, target: asked.replace(/ [✓✗]$/, '').replace('at least', '≥').replace('at most', '≤'), met: asked.endsWith('✓') };
}
