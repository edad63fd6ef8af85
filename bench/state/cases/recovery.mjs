// A node is killed under load: how long until calls at the others are answered again as before, and whether anything acknowledged is lost.
import { setTimeout as delay } from 'node:timers/promises';
import { atMost, ms, section } from '../../harness/report.mjs';
import { Cluster } from '../cluster.mjs';
import { deploy, counting } from '../functions.mjs';

const settleMs = 2000;
const watchedMs = 8000;
const returnLimitMs = 10_000;
// A call that takes longer was held up by the lost node.
const slowMs = 500;
const note =
  'Callers at the gateways of two nodes run a DAG of three functions whose steps go over all three nodes; its last step adds the run to a set of shared state. The third node is killed (SIGKILL), and started again afterwards. ' +
  `Recovered: from the kill to the end of the last call that failed or took more than ${slowMs} ms. Lost: runs that were answered and are not in the set when the node is back; all nodes have durability sync.`;

export async function recovery({ kills, callers }) {
  const cluster = await Cluster.start(['--state-durability', 'sync']);
  const [one] = cluster.all;
  await deploy(one.node.api, 'counting', counting, { isolation: 'bubblewrap', concurrency: 16 });
  const nodes = [1, 2, 3].map((index) => ({ name: `step-${index}`, function: 'counting', retries: 2 }));
  await one.node.api.putDag('counted', { placement: 'spread', timeout: '20s', nodes, edges: [{ from: 'step-1', to: 'step-2' }, { from: 'step-2', to: 'step-3' }] });
  const json = { 'content-type': 'application/json' };
  await cluster.serves('/d/counted', { method: 'POST', body: JSON.stringify({}), headers: json });

  const results = [];
  let run = 0;
  for (let kill = 0; kill < kills; kill++) {
    const acknowledged = [];
    let [running, last, failed, calls, killedAt] = [true, 0, 0, 0, Infinity];
    const load = Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        const { client } = cluster.all[caller % 2];
        while (running) {
          const id = `${kill}-${run++}`;
          const started = performance.now();
          let ok = false;
          try {
            ok = (await client.send('POST', '/d/counted', { body: JSON.stringify({ id, set: `done-${kill}` }), headers: json, timeoutMs: 30_000 })).status === 200;
          } catch {
            // The connection broke: as good as a failure.
          }
          const ended = performance.now();
          calls++;
          if (ok) {
            acknowledged.push(id);
          } else {
            failed++;
          }
          if (ended > killedAt && (!ok || ended - started > slowMs)) {
            last = Math.max(last, ended - killedAt);
          }
          if (!ok) {
            await delay(20);
          }
        }
      }),
    );
    await delay(settleMs);
    const victim = cluster.nodes.three;
    killedAt = performance.now();
    await victim.node.kill();
    await delay(watchedMs);
    running = false;
    await load;
    victim.client.close();
    victim.admin.close();
    await cluster.resume('three');
    await cluster.whole();

    // What the killed node had acknowledged and not passed on yet is in its log: it passes it on when it is back.
    let lost = acknowledged;
    for (const limit = performance.now() + returnLimitMs; lost.length > 0 && performance.now() < limit; await delay(100)) {
      const there = new Set((await one.node.api.getState(`done-${kill}`)) ?? []);
      lost = acknowledged.filter((id) => !there.has(id));
    }
    results.push({ recovered: last, calls, failed, lost: lost.length });
  }
  await cluster.stop();

  const slowest = Math.max(...results.map(({ recovered }) => recovered));
  const lost = results.reduce((sum, result) => sum + result.lost, 0);
  return {
    sections: [
      section({
        title: 'A node is killed under load',
        note,
        head: ['kill', 'recovered after', 'calls', 'failed', 'lost'],
        rows: results.map(({ recovered, calls, failed, lost }, index) => [String(index + 1), ms(recovered), String(calls), String(failed), String(lost)]),
      }),
    ],
    targets: [atMost('recovered after a kill, slowest', slowest, 5000, ms), atMost('acknowledged runs that were lost', lost, 0, String)],
    figures: results,
  };
}
