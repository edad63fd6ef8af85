// A warm call, at 1 and at 32 connections: the peers and a sandboxed function in each language. All servers run at the
// same time, only one of them under load; rounds alternate between them, because the machine's speed drifts.
import { median } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { load } from '../../harness/wrk.mjs';
import { deploy, hello, languages } from '../functions.mjs';
import { peerNames, startPeer } from '../peers.mjs';
import { atLeast, atMost, below, count, section, times, us } from '../../harness/report.mjs';

// One call at a time needs no instance concurrency; 32 share two instances of 16.
const loads = [
  { connections: 1, concurrency: 1 },
  { connections: 32, concurrency: 16 },
];

const note =
  'wrk, one thread; JSON hello everywhere. Functions run in bubblewrap and are called through the gateway by a route; ' +
  'they have concurrency 1 at one connection and 16 at 32. Peers run in-process and without isolation. Median of the rounds.';

export async function warm(plan) {
  const folder = await temporaryFolder();
  const peers = await Promise.all(peerNames.map((name) => startPeer(name)));
  const node = await VirgaNode.start(folder);
  const servers = peers.map(({ name, url }) => ({ name, urlFor: () => `${url}/` }));
  for (const language of languages) {
    for (const { concurrency } of loads) {
      const name = `hello-${language}-${concurrency}`;
      // Kept warm for the whole run: the rounds of the other servers are longer than the default of two minutes.
      await deploy(node.api, name, hello[language], { concurrency, isolation: 'bubblewrap', keepWarm: '15m' });
      await node.api.putRoute(name, { methods: ['GET'], path: `/warm/${language}/${concurrency}`, function: name });
    }
    servers.push({ name: `virga ${language}`, urlFor: ({ concurrency }) => `${node.gateway}/warm/${language}/${concurrency}` });
  }

  const figures = new Map();
  for (let round = 0; round < plan.rounds; round++) {
    for (const setting of loads) {
      for (const { name, urlFor } of servers) {
        const { connections } = setting;
        const url = urlFor(setting);
        await load(url, { connections, seconds: round === 0 ? plan.warmUpSeconds : plan.rewarmSeconds });
        const key = `${name} ${connections}`;
        figures.set(key, [...(figures.get(key) ?? []), await load(url, { connections, seconds: plan.measureSeconds })]);
      }
    }
  }
  await Promise.all([node, ...peers].map((server) => server.stop()));

  const figure = (name, connections, what) => median(figures.get(`${name} ${connections}`).map((round) => round[what]));
  return { sections: [tableOf(servers, figure)], targets: targetsOf(figure) };
}

function tableOf(servers, figure) {
  const floor = figure('node http', 1, 'p50');
  return section({
    title: 'Warm call',
    note,
    head: ['server', 'p50, 1 conn.', 'p99', 'req/s', 'p50 to node http', 'p50, 32 conn.', 'p99', 'req/s'],
    rows: servers.map(({ name }) => [
      name,
      us(figure(name, 1, 'p50')),
      us(figure(name, 1, 'p99')),
      count(figure(name, 1, 'perSecond')),
      times(figure(name, 1, 'p50') / floor),
      us(figure(name, 32, 'p50')),
      us(figure(name, 32, 'p99')),
      count(figure(name, 32, 'perSecond')),
    ]),
  });
}

function targetsOf(figure) {
  const [ours, framework, isolates] = ['virga node', 'functions-framework', 'workerd'];
  const p50 = (name) => figure(name, 1, 'p50');
  const throughput = (name) => figure(name, 32, 'perSecond');
  const p99 = (name) => figure(name, 32, 'p99');
  return [
    atMost('warm node call, p50 at 1 connection, to bare node http', p50(ours) / p50('node http'), 1.2, times),
    below('the same, against functions-framework', p50(ours), p50(framework), us),
    below('the same, against workerd', p50(ours), p50(isolates), us),
    atLeast('warm node calls, throughput at 32 connections, to functions-framework', throughput(ours) / throughput(framework), 4, times),
    atLeast('the same, to workerd', throughput(ours) / throughput(isolates), 1.3, times),
    below('warm node calls, p99 at 32 connections, against functions-framework', p99(ours), p99(framework), us),
    below('the same, against workerd', p99(ours), p99(isolates), us),
    atMost('warm python call, p50 at 1 connection, to node function', p50('virga python') / p50(ours), 1.3, times),
    atMost('warm dotnet call, p50 at 1 connection, to node function', p50('virga dotnet') / p50(ours), 1, times),
  ];
}
