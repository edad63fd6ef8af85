// Which cases there are and what they need: see README.md.
import { runBenchmark } from '../harness/benchmark.mjs';
import { runtimeVersions, versionOf } from '../harness/machine.mjs';
import { redisVersion } from '../harness/redis.mjs';
import { functions, streams } from './cases/functions.mjs';
import { idle } from './cases/idle.mjs';
import { interval } from './cases/interval.mjs';
import { latency } from './cases/latency.mjs';
import { publish } from './cases/publish.mjs';
import { reading } from './cases/reading.mjs';
import { recovery } from './cases/recovery.mjs';
import { timeline } from './cases/timeline.mjs';
import * as plans from './plan.mjs';

await runBenchmark({
  name: 'topics',
  title: 'Topics',
  folder: import.meta.dirname,
  cases: { publish, interval, latency, reading, functions, streams, recovery, idle, timeline },
  plans,
  versions: async () => [...(await runtimeVersions()), await versionOf('nats-server', '--version'), await redisVersion()],
  caseLimitMs: 600_000,
});
