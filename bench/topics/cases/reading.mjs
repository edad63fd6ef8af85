// Reading a topic from its beginning, out of the page cache.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atLeast, count, rate, section } from '../../harness/report.mjs';
import { load } from '../load.mjs';
import { Rounds } from '../../harness/rounds.mjs';
import { startNats, startRedisStreams, startVirga } from '../servers.mjs';
import { megabytes, names } from './publish.mjs';

const run = promisify(execFile);
const ledgers = join(import.meta.dirname, '../ledgers/bin/Release/net10.0/virga-bench-ledgers.dll');
const batch = 16;

export async function reading({ messages, rounds }) {
  const servers = [await startVirga('interval'), await startNats(false), await startRedisStreams('everysec')];
  // Each round is a subscription that begins with the first message: it has to be there still.
  await servers[0].node.cli('topic', 'policy', 'set', '--policies', JSON.stringify({ retention: { seconds: -1, bytes: -1 } }));
  const shapes = { single: { batch: 1, messages: Math.ceil(messages / 2) }, batch: { batch, messages } };
  const taken = new Rounds();
  for (const [shape, { batch: size, messages: of }] of Object.entries(shapes)) {
    for (const { peer, port } of servers) {
      await load('publish', { peer, port, topic: shape, connections: 4, depth: 64, batch: size, sends: Math.ceil(of / size) });
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [shape, { batch: size, messages: of }] of Object.entries(shapes)) {
      for (const { peer, port } of servers) {
        // A subscription of its own: one that has acknowledged everything gets nothing.
        const figures = await load('catchup', { peer, port, topic: shape, subscription: `round-${round}`, messages: peer === 'virga' ? of : Math.ceil(of / size) });
        taken.take(`${peer} ${shape}`, figures);
      }
    }
  }
  await Promise.all(servers.map((server) => server.stop()));
  for (let round = 0; round < rounds; round++) {
    for (const [shape, megabytesPerSecond] of Object.entries(await inProcess())) {
      taken.take(`ledgers ${shape}`, { megabytesPerSecond });
    }
  }
  const inProcessRow = (title, shape, bytes) => {
    const rateOf = taken.of(`ledgers ${shape}`, 'megabytesPerSecond');
    return [`Virga, in process, ${title}`, rate((rateOf * 1e6) / bytes), megabytes(rateOf)];
  };
  return {
    sections: [
      section({
        title: 'Catching up',
        note: `One consumer reads a topic of ${count(messages / 2)} messages of 1 KB, and one of ${count(messages)} in batches of 16 KB (its peers: messages of 16 KB), from the beginning; the files are in the page cache. Redis has everything in its own memory. In process: a thread reads a ledger of 1 KB or 16 KB entries from the same kind of files (bench/topics/ledgers), without a node, a subscription or a socket. Median of the rounds.`,
        head: ['what', 'entries', 'payload'],
        rows: [
          ...servers.flatMap(({ peer }) =>
            [['messages of 1 KB', 'single', 1], ['batches of 16 KB', 'batch', peer === 'virga' ? batch : 1]].map(([title, shape, size]) => [
              `${names[peer]}, ${title}`,
              rate(taken.of(`${peer} ${shape}`, 'perSecond') / size),
              megabytes(taken.of(`${peer} ${shape}`, 'megabytesPerSecond')),
            ]),
          ),
          inProcessRow('messages of 1 KB', 'single', 1024),
          inProcessRow('batches of 16 KB', 'batch', 16 * 1024),
        ],
      }),
    ],
    targets: [
      atLeast('catching up from the page cache, batches of 16 KB', taken.of('virga batch', 'megabytesPerSecond'), 500, megabytes),
      atLeast('the same, messages of 1 KB', taken.of('virga single', 'megabytesPerSecond'), 500, megabytes),
      atLeast('the same in process, batches of 16 KB', taken.of('ledgers batch', 'megabytesPerSecond'), 500, megabytes),
      atLeast('the same in process, messages of 1 KB', taken.of('ledgers single', 'megabytesPerSecond'), 500, megabytes),
    ],
    figures: taken.figures,
  };
}

/** What the reader of ledgers does by itself, in MB/s. */
async function inProcess() {
  const figures = JSON.parse((await run('dotnet', [ledgers, '--only', 'reading', '--json'])).stdout);
  const of = (name) => figures.find((figure) => figure.name === name).value;
  return { single: of('catch up, 1 KB, from the page cache'), batch: of('catch up, 16 KB, from the page cache') };
}
