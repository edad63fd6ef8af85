// A call of a frozen instance, against a warm call of the same instance right after it; and what a frozen instance occupies.
import { setTimeout as delay } from 'node:timers/promises';
import { eachOf, until } from '../../harness/concurrency.mjs';
import { HttpClient } from '../../harness/http-client.mjs';
import { groupResidentBytes, treeCpuNanoseconds, treeResidentBytes } from '../../harness/instance-memory.mjs';
import { atMost, mb, ms, section } from '../../harness/report.mjs';
import { median, percentile } from '../../harness/statistics.mjs';
import { canMakeSwap, hasSwap, withSwap } from '../../harness/swap.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { call, callAs, deploy, hello, holder } from '../functions.mjs';

// Between a thaw and the warm call that it is compared with: a call after a pause is slower than one right after another.
const pauseMs = 30;
const watchedMs = 2000;
const startsAtATime = 2;
const statusesAtATime = 4;
const limits = { resident: 2, 'paged out': 15 };
const residentShare = 1 / 20;

export async function thaw(plan) {
  const results = {};
  if (!(await hasSwap())) {
    results.resident = await measure(plan);
  }
  if (canMakeSwap() || (await hasSwap())) {
    results['paged out'] = await withSwap('4G', () => measure(plan));
  }
  const pagedOut = results['paged out'];
  return {
    figures: results,
    sections: [callTable(results, plan), ...(pagedOut === undefined ? [] : [memoryTable(pagedOut)])],
    targets: [...Object.entries(results).flatMap(callTargets), ...(pagedOut === undefined ? [] : memoryTargets(pagedOut))],
  };
}

async function measure({ perLanguage, rounds, holders }) {
  const node = await VirgaNode.start(await temporaryFolder());
  const client = new HttpClient(node.gateway, 1);
  const small = Object.keys(hello).flatMap((kind) => Array.from({ length: perLanguage }, (_, index) => ({ name: `thaw-${kind}-${index}`, kind, source: hello[kind] })));
  const large = Object.keys(holder).flatMap((kind) => Array.from({ length: holders }, (_, index) => ({ name: `holds-${kind}-${index}`, kind: `${kind}, holds 64 MB`, source: holder[kind] })));
  const instances = [...small, ...large];
  for (const { name, source } of instances) {
    // Idle for longer than a round of calls takes, so that nothing is being frozen while calls are measured.
    await deploy(node.api, name, source, { keepWarm: { idle: '8s', frozen: '1h', snapshot: '0s' }, memory: '128MB' });
  }
  await eachOf(instances, startsAtATime, async ({ name }) => {
    await call(client, name);
    await call(client, name);
  });

  const figures = new Map(instances.map(({ kind }) => [kind, { thawed: [], warm: [], memory: { warm: [], frozen: [] }, own: { warm: [], frozen: [] }, all: { warm: [], frozen: [] }, cpuNanoseconds: 0 }]));
  for (const { name, kind } of instances) {
    await notePages(node, name, figures.get(kind), 'warm');
  }
  for (let round = 0; round < rounds; round++) {
    await allFrozen(node, instances);
    if (round === 0) {
      await watchFrozen(node, instances, figures);
    }
    for (const { name, kind } of interleaved(instances)) {
      const { thawed, warm } = figures.get(kind);
      thawed.push((await callAs('thawed', client, name)).firstByte);
      await delay(pauseMs);
      warm.push((await callAs('warm', client, name)).firstByte);
    }
  }
  client.close();
  await node.stop();
  return Object.fromEntries(figures);
}

const allFrozen = (node, instances) =>
  until(
    `${instances.length} instances are frozen`,
    async () => (await eachOf(instances, statusesAtATime, ({ name }) => node.api.instances(name))).flat().every(({ state }) => state === 'frozen'),
    { limitMs: 120_000, stepMs: 500 },
  );

async function watchFrozen(node, instances, figures) {
  for (const { name, kind } of instances) {
    await notePages(node, name, figures.get(kind), 'frozen');
  }
  const cpu = () => eachOf(instances, 1, async ({ name }) => treeCpuNanoseconds((await node.api.instances(name))[0].pid));
  const before = await cpu();
  await delay(watchedMs);
  const after = await cpu();
  instances.forEach(({ kind }, index) => (figures.get(kind).cpuNanoseconds += Number(after[index] - before[index])));
}

async function notePages(node, name, { memory, own, all }, tier) {
  const [{ pid }] = await node.api.instances(name);
  memory[tier].push(await groupResidentBytes(pid));
  const tree = await treeResidentBytes(pid);
  own[tier].push(tree.own);
  all[tier].push(tree.all);
}

/** One of each kind in turn: the machine's speed drifts. */
function interleaved(instances) {
  const kinds = [...new Set(instances.map(({ kind }) => kind))].map((kind) => instances.filter((instance) => instance.kind === kind));
  return Array.from({ length: Math.max(...kinds.map(({ length }) => length)) }, (_, index) => kinds.flatMap((kind) => kind[index] ?? [])).flat();
}

const callTable = (results, { perLanguage, rounds }) =>
  section({
    title: 'A call of a frozen instance',
    note:
      `Until the head of the answer, one call at a time, on a kept-alive connection; \`warm\` is a call of the same instance ${pauseMs} ms later. ` +
      '`resident`: the machine has no swap, so that a frozen instance keeps its memory; `paged out`: swap in compressed memory (zram). ' +
      `${perLanguage * rounds} calls each of functions that answer a constant, fewer of those that hold 64 MB (written once, not read by the call).`,
    head: ['instance', 'memory', 'warm p50', 'p99', 'thawed p50', 'p99', 'p50 beyond warm'],
    rows: Object.entries(results).flatMap(([memory, kinds]) =>
      Object.entries(kinds).map(([kind, { warm, thawed }]) => [
        kind,
        memory,
        ...[warm, thawed].flatMap((calls) => [ms(median(calls)), ms(percentile(calls, 0.99))]),
        ms(median(thawed) - median(warm)),
      ]),
    ),
  });

const memoryTable = (kinds) =>
  section({
    title: 'What a frozen instance occupies',
    note:
      'Medians. `group`: what the instance’s control group is charged with (`memory.usage_in_bytes`, on cgroup v2 `memory.current`) less its pages of files, so with the kernel’s own memory for it. ' +
      '`pages`: RssAnon and RssShmem of its processes, summed from /proc. `VmRSS`: the same with pages of files, which all instances of a language share. ' +
      `CPU time by the scheduler’s count over all threads of all such instances (/proc/PID/task/*/schedstat), within ${watchedMs / 1000} s.`,
    head: ['instance', 'group, warm', 'frozen', 'ratio', 'pages, warm', 'frozen', 'VmRSS, warm', 'frozen', 'CPU while frozen'],
    rows: Object.entries(kinds).map(([kind, { memory, own, all, cpuNanoseconds }]) => [
      kind,
      mb(median(memory.warm)),
      mb(median(memory.frozen)),
      `1/${(median(memory.warm) / median(memory.frozen)).toFixed(1)}`,
      ...[own, all].flatMap(({ warm, frozen }) => [mb(median(warm)), mb(median(frozen))]),
      `${cpuNanoseconds} ns`,
    ]),
  });

const callTargets = ([memory, kinds]) =>
  Object.keys(hello).map((kind) => atMost(`thaw ${kind}, ${memory}, p50 beyond a warm call`, median(kinds[kind].thawed) - median(kinds[kind].warm), limits[memory], ms));

const memoryTargets = (kinds) =>
  Object.entries(kinds).flatMap(([kind, { memory, cpuNanoseconds }]) => [
    atMost(`frozen ${kind}, resident to warm`, median(memory.frozen) / median(memory.warm), residentShare, (share) => `1/${(1 / share).toFixed(1)}`),
    atMost(`frozen ${kind}, CPU time`, cpuNanoseconds, 0, (time) => `${time} ns`),
  ]);
