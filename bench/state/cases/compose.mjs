// f(g(x)) and longer chains, as a DAG through the gateway: against one call, and against workerd's service bindings.
import { join } from 'node:path';
import { atMost, micros, rate, section, times } from '../../harness/report.mjs';
import { freePort, ServerProcess } from '../../harness/server-process.mjs';
import { median } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { load } from '../../harness/wrk.mjs';
import { workerd } from '../../invoke/peers.mjs';
import { deploy, peers, step } from '../functions.mjs';

const lengths = [2, 5, 10];
const note =
  'wrk at one connection, through the gateway; functions in bubblewrap. A chain of n is a DAG of n functions of their own, each of which gets the result of the one before. ' +
  'workerd: f asks g by a service binding, in one process and without isolation between them. Median of the rounds, which alternate. ' +
  'For comparison, the literature measures 200 ms for f(g(x)) through S3 or DynamoDB, 80 ms for direct calls of AWS Lambda, over 500 ms for Step Functions.';

export async function compose({ rounds, seconds }) {
  const node = await VirgaNode.start(await temporaryFolder());
  const port = await freePort();
  const isolates = new ServerProcess('workerd', workerd, ['serve', join(peers, 'workerd-compose.capnp'), '--socket-addr', `http=127.0.0.1:${port}`], { cwd: peers });
  await isolates.ready(`http://127.0.0.1:${port}/`);
  const names = Array.from({ length: Math.max(...lengths) }, (_, index) => `step-${index + 1}`);
  for (const name of names) {
    await deploy(node.api, name, step, { isolation: 'bubblewrap' });
  }
  for (const length of lengths) {
    const nodes = names.slice(0, length).map((name) => ({ name, function: name }));
    await node.api.putDag(`chain-${length}`, { nodes, edges: nodes.slice(1).map(({ name }, index) => ({ from: names[index], to: name })) });
  }

  const servers = [
    { name: 'one call', url: `${node.gateway}/f/step-1` },
    ...lengths.map((length) => ({ name: `chain of ${length}`, url: `${node.gateway}/d/chain-${length}` })),
    { name: 'workerd f(g(x))', url: `http://127.0.0.1:${port}/` },
  ];
  const figures = {};
  for (let round = 0; round < rounds; round++) {
    for (const { name, url } of servers) {
      await load(url, { connections: 1, seconds: 1 });
      (figures[name] ??= []).push(await load(url, { connections: 1, seconds }));
    }
  }
  await Promise.all([node.stop(), isolates.stop()]);

  const figure = (name, what) => median(figures[name].map((round) => round[what]));
  const p50 = (name) => figure(name, 'p50');
  const each = (length) => (p50(`chain of ${length}`) - p50('one call')) / (length - 1);
  return {
    sections: [
      section({
        title: 'Functions of functions',
        note,
        head: ['what', 'p50', 'p99', 'req/s', 'to one call', 'each further function'],
        rows: servers.map(({ name }) => {
          const length = lengths.find((candidate) => name === `chain of ${candidate}`);
          return [name, micros(p50(name)), micros(figure(name, 'p99')), rate(figure(name, 'perSecond')), times(p50(name) / p50('one call')), length ? micros(each(length)) : ''];
        }),
      }),
    ],
    targets: [
      atMost('f(g(x)) as a DAG, p50, to one call', p50('chain of 2') / p50('one call'), 1.5, times),
      atMost('the same, to workerd by a service binding', p50('chain of 2') / p50('workerd f(g(x))'), 0.6, times),
      atMost('chain of ten, p50, each further function', each(10), 60, micros),
    ],
    figures,
  };
}
