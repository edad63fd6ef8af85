// A call of a function that has nothing ready for it, against what starting its bare runtime costs, and against servers of the same trade.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { timeToFirstOutput } from '../../harness/first-output.mjs';
import { HttpClient, serverTiming } from '../../harness/http-client.mjs';
import { atMost, ms, section, times } from '../../harness/report.mjs';
import { median, percentile } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { startPeer } from '../../invoke/peers.mjs';
import { callAs, deploy, hello } from '../functions.mjs';

const limit = 1.3;
const greeting = '{"hello":"world"}';
const bare = {
  node: [process.execPath, ['-e', `console.log('${greeting}')`]],
  python: ['/usr/bin/python3', ['-c', `print('${greeting}')`]],
  dotnet: ['dotnet', [join(import.meta.dirname, '../bare/dotnet/bin/Release/net10.0/hello.dll')]],
};
const sandbox = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp', '--unshare-all', '--die-with-parent', '--'];
// Until what a start has left behind is gone: the end of an instance is not part of the next start.
const quietMs = 30;
const serverPeers = ['functions-framework', 'workerd'];

export async function cold({ starts, servers }) {
  const languages = Object.keys(hello);
  const [unpooled, pooled] = [await VirgaNode.start(await temporaryFolder(), ['--pool-size', '0']), await VirgaNode.start(await temporaryFolder())];
  const nodes = { unpooled: { node: unpooled, client: new HttpClient(unpooled.gateway, 1) }, pooled: { node: pooled, client: new HttpClient(pooled.gateway, 1) } };
  for (const { node, client } of Object.values(nodes)) {
    for (const language of languages) {
      // The first start of an environment reads its files into the page cache, and makes the pool where there is one.
      for (let index = 0; index <= starts; index++) {
        await deploy(node.api, `cold-${language}-${index}`, hello[language]);
      }
      await callAs('cold', client, `cold-${language}-${starts}`);
    }
  }

  const figures = Object.fromEntries(languages.map((language) => [language, { bare: [], sandboxed: [], unpooled: [], start: [], pooled: [] }]));
  for (let index = 0; index < starts; index++) {
    for (const language of languages) {
      const [command, args] = bare[language];
      const figure = figures[language];
      figure.bare.push(await timeToFirstOutput(command, args));
      figure.sandboxed.push(await timeToFirstOutput('bwrap', [...sandbox, command, ...args]));
      for (const [kind, { node, client }] of Object.entries(nodes)) {
        if (kind === 'pooled') {
          await node.api.poolsFull();
        }
        const name = `cold-${language}-${index}`;
        const answer = await callAs('cold', client, name);
        figure[kind].push(answer.firstByte);
        if (kind === 'unpooled') {
          figure.start.push(serverTiming(answer.headers['server-timing']).start);
        }
        await node.api.deleteFunction(name);
        await delay(quietMs);
      }
    }
  }
  for (const { node, client } of Object.values(nodes)) {
    client.close();
    await node.stop();
  }
  const peers = await serverStarts(servers);
  return { figures: { ...figures, peers }, sections: [startTable(figures, starts), peerTable(peers, servers)], targets: languages.flatMap((language) => targetOf(language, figures[language])) };
}

/** How long servers take from their process' start until they have answered a request. */
async function serverStarts(count) {
  const figures = Object.fromEntries(serverPeers.map((name) => [name, []]));
  for (let index = 0; index < count; index++) {
    for (const name of serverPeers) {
      const started = performance.now();
      const peer = await startPeer(name, 2);
      figures[name].push(performance.now() - started);
      await peer.stop();
    }
  }
  return figures;
}

const both = (figures) => [ms(median(figures)), ms(percentile(figures, 0.99))];

const startTable = (figures, starts) =>
  section({
    title: 'A cold start',
    note:
      `${starts} starts each, of alternating languages and kinds. \`bare\`: from spawning \`node -e\`, \`python3 -c\` or \`dotnet hello.dll\` to its first output; \`in bwrap\`: the same in new namespaces. ` +
      '`no pool`: a call until the head of its answer, on a node with `--pool-size 0`, in bubblewrap with cgroup limits and seccomp: the sandbox, the runtime, the worker, loading the function and calling it. ' +
      '`pool`: the same on a node with the usual pools, which are full. All functions of a language have the same package, as after scaling to zero.',
    head: ['language', 'bare p50', 'p99', 'in bwrap p50', 'p99', 'no pool p50', 'p99', 'to bare', 'to in bwrap', 'pool p50', 'p99'],
    rows: Object.entries(figures).map(([language, { bare, sandboxed, unpooled, pooled }]) => [
      language,
      ...both(bare),
      ...both(sandboxed),
      ...both(unpooled),
      times(median(unpooled) / median(bare)),
      times(median(unpooled) / median(sandboxed)),
      ...both(pooled),
    ]),
  });

const peerTable = (peers, count) =>
  section({
    title: 'Servers of the same trade, from their start to their first answer',
    note: `${count} starts each, without isolation; asked every 2 ms.`,
    head: ['server', 'p50', 'p99'],
    rows: Object.entries(peers).map(([name, figures]) => [name, ...both(figures)]),
  });

const targetOf = (language, { bare, unpooled }) => [atMost(`cold ${language} call without a pool, p50 to the bare runtime’s start`, median(unpooled) / median(bare), limit, times)];
