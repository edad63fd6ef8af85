// What each level of consistency costs a DAG of four functions over three nodes, and what happens without it.
import { atMost, micros, section, times } from '../../harness/report.mjs';
import { median, percentile } from '../../harness/statistics.mjs';
import { Cluster } from '../cluster.mjs';
import { anomaly, deploy } from '../functions.mjs';
import { zipf } from '../zipf.mjs';

const levels = ['lww', 'repeatable-read', 'single-key', 'multi-key', 'causal'];
const steps = 4;
const keyCount = 1000;
const callers = 6;
const note =
  `A chain of ${steps} functions, whose steps go over the three nodes in turn; each reads two of ${keyCount} keys (Zipf, exponent 1; the third step reads what the first has read), the last writes what the run has seen. ` +
  `${callers} callers, two at each gateway, one call at a time each. All levels run the same work; rounds alternate. Counted are runs in which a key read twice had two values (repeatable read), and runs that read ` +
  'a value and later, of a key that its writer or the run itself had read, an older version than that (causal).';

export async function consistency({ rounds, seconds }) {
  const cluster = await Cluster.start();
  const [{ node }] = cluster.all;
  await deploy(node.api, 'anomaly', anomaly, { isolation: 'bubblewrap', concurrency: 8 });
  for (const level of levels) {
    const nodes = Array.from({ length: steps }, (_, index) => ({ name: `step-${index + 1}`, function: 'anomaly' }));
    const edges = nodes.slice(1).map(({ name }, index) => ({ from: nodes[index].name, to: name }));
    await node.api.putDag(`with-${level}`, { consistency: level, placement: 'spread', nodes, edges });
    const warm = { method: 'POST', body: JSON.stringify({ keys: [['w'], ['w'], ['w'], ['w']] }), headers: { 'content-type': 'application/json' } };
    await cluster.serves(`/d/with-${level}`, warm);
  }

  const figures = Object.fromEntries(levels.map((level) => [level, { latencies: [], runs: 0, unrepeatable: 0, acausal: 0, failed: 0 }]));
  for (let round = 0; round < rounds; round++) {
    for (const level of levels) {
      await Promise.all(Array.from({ length: callers }, (_, caller) => work(cluster, level, caller, round, seconds, figures[level])));
    }
  }
  await cluster.stop();

  const p50 = (level) => median(figures[level].latencies);
  const row = (level) => {
    const { latencies, runs, unrepeatable, acausal, failed } = figures[level];
    return [level, micros(p50(level)), micros(percentile(latencies, 0.99)), times(p50(level) / p50('lww')), String(runs), String(unrepeatable), String(acausal), String(failed)];
  };
  return {
    sections: [
      section({
        title: 'Consistency of a DAG over three nodes',
        note,
        head: ['consistency', 'p50', 'p99', 'to lww', 'runs', 'not repeatable', 'not causal', 'failed'],
        rows: levels.map(row),
      }),
    ],
    targets: [
      atMost('repeatable-read, p50, to lww', p50('repeatable-read') / p50('lww'), 1.3, times),
      atMost('causal, p50, to lww', p50('causal') / p50('lww'), 2, times),
      atMost('runs with repeatable-read that read a key twice and differently', figures['repeatable-read'].unrepeatable, 0, String),
      atMost('runs with causal that read against cause and effect', figures.causal.acausal, 0, String),
    ],
    figures: Object.fromEntries(levels.map((level) => [level, { ...figures[level], latencies: undefined, p50: p50(level), p99: percentile(figures[level].latencies, 0.99) }])),
  };
}

async function work(cluster, level, caller, round, seconds, figure) {
  const { client } = cluster.all[caller % cluster.all.length];
  const draw = zipf(keyCount, 1 + caller + 100 * round);
  // A key's values are numbered by its one writer; each level has keys of its own.
  const key = (index) => `${level}/${index}`;
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const first = [key(draw()), key(draw())];
    const own = draw();
    const body = { keys: [first, [key(draw()), key(draw())], first, [key(draw())]], own: key(own - (own % callers) + caller) };
    const started = performance.now();
    const answer = await client.send('POST', `/d/with-${level}`, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
    if (answer.status !== 200) {
      figure.failed++;
      figure.lastFailure = answer.body.toString().slice(0, 500);
      continue;
    }
    figure.latencies.push((performance.now() - started) * 1000);
    judge(JSON.parse(answer.body).seen, figure);
  }
}

// Reads in the order of the run: what is read after a value must be as new as what the value's writer had read, and as what the run has read before.
function judge(reads, figure) {
  figure.runs++;
  const first = new Map();
  const least = new Map();
  let [unrepeatable, acausal] = [false, false];
  for (const { key, n, deps } of reads) {
    unrepeatable ||= first.has(key) && first.get(key) !== n;
    first.set(key, first.get(key) ?? n);
    acausal ||= n < (least.get(key) ?? 0);
    for (const [other, seen] of [[key, n], ...Object.entries(deps)]) {
      least.set(other, Math.max(seen, least.get(other) ?? 0));
    }
  }
  figure.unrepeatable += unrepeatable ? 1 : 0;
  figure.acausal += acausal ? 1 : 0;
}
