// Which cases there are and what they need: see README.md.
import { readFile } from 'node:fs/promises';
import { runBenchmark } from '../harness/benchmark.mjs';
import { python, runtimeVersions, versionOf } from '../harness/machine.mjs';
import { frameworkManifest, workerd } from '../invoke/peers.mjs';
import { burst } from './cases/burst.mjs';
import { cold } from './cases/cold.mjs';
import { crowd } from './cases/crowd.mjs';
import { density } from './cases/density.mjs';
import { rotation } from './cases/rotation.mjs';
import { snapshot } from './cases/snapshot.mjs';
import { thaw } from './cases/thaw.mjs';
import { timeline } from './cases/timeline.mjs';
import * as plans from './plan.mjs';

await runBenchmark({
  name: 'elastic',
  title: 'Elastic',
  folder: import.meta.dirname,
  cases: { thaw, snapshot, cold, burst, crowd, rotation, density, timeline },
  plans,
  versions: async (present) => [
    ...(await runtimeVersions()),
    await versionOf(python, '--version'),
    await versionOf('bwrap', '--version'),
    ...(present.includes('snapshot') ? [await versionOf('runsc', '--version')] : []),
    ...(present.includes('cold') ? [`functions-framework ${JSON.parse(await readFile(frameworkManifest, 'utf8')).version}`, await versionOf(workerd, '--version')] : []),
  ],
  caseLimitMs: 600_000,
});
