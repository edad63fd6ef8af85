// Which cases there are and what they need: see README.md.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runBenchmark } from '../harness/benchmark.mjs';
import { python, runtimeVersions, versionOf } from '../harness/machine.mjs';
import { redisVersion } from '../harness/redis.mjs';
import { workerd } from '../invoke/peers.mjs';
import { compose } from './cases/compose.mjs';
import { consistency } from './cases/consistency.mjs';
import { get } from './cases/get.mjs';
import { locality } from './cases/locality.mjs';
import { propagation } from './cases/propagation.mjs';
import { put } from './cases/put.mjs';
import { recovery } from './cases/recovery.mjs';
import { store } from './cases/store.mjs';
import { peers } from './functions.mjs';
import * as plans from './plan.mjs';

await runBenchmark({
  name: 'state',
  title: 'Shared state',
  folder: import.meta.dirname,
  cases: { get, put, store, compose, locality, consistency, propagation, recovery },
  plans,
  versions: async () => [
    ...(await runtimeVersions()),
    await versionOf(python, '--version'),
    await redisVersion(),
    `ioredis ${JSON.parse(await readFile(join(peers, 'node_modules/ioredis/package.json'), 'utf8')).version}`,
    await versionOf(workerd, '--version'),
  ],
  caseLimitMs: 240_000,
});
