// Publishing, acknowledged when it is on disk: beside the disk itself, JetStream and Redis.
import { atLeast, atMost, micros, rate, section, times } from '../../harness/report.mjs';
import { settleDisk } from '../../harness/machine.mjs';
import { temporaryFolder } from '../../harness/virga-node.mjs';
import { load } from '../load.mjs';
import { Rounds } from '../../harness/rounds.mjs';
import { startNats, startRedisStreams, startVirga } from '../servers.mjs';

const producers = 64;
const note =
  `Messages of 1 KB to one topic, stream or key; each producer is a connection. Unpipelined: the next message when the last is acknowledged. Batches are 16 messages of 1 KB in one entry, for the others one message of 16 KB. ` +
  'Virga: `sync`. Redis: `appendfsync always`. NATS 2.9 cannot synchronise each write (`sync_interval: always` came with 2.10): its store lies in a folder with the attribute S, by which the file system does. ' +
  'Disk: 4 KB appended and fdatasync, and 1 MB at once with one fdatasync at the end. Median of the rounds, which alternate.';

export const names = { virga: 'Virga', nats: 'NATS JetStream', redis: 'Redis streams' };
export const megabytes = (value) => `${value.toFixed(1)} MB/s`;

/** What each peer is asked to do: the options of a run of the load program. */
export const shapes = {
  'one': { connections: 1, depth: 1 },
  'many': { connections: producers, depth: 1 },
  'pipelined': { connections: producers, depth: 64 },
  'batches': { connections: producers, depth: 4, batch: 16 },
};

/** Publishes to each peer in turn. */
export async function publishRounds(servers, rounds, seconds, beside) {
  const taken = new Rounds();
  for (let round = 0; round < rounds; round++) {
    await beside?.(taken);
    for (const [shape, options] of Object.entries(shapes)) {
      for (const { peer, port } of servers) {
        await settleDisk();
        taken.take(`${peer} ${shape}`, await load('publish', { peer, port, topic: `${shape}-${round}`, seconds, warm: seconds / 3, ...options }));
      }
    }
  }
  return taken;
}

export const publishRows = (servers, taken) =>
  servers.flatMap(({ peer }) =>
    [
      ['1 producer, unpipelined', 'one'],
      [`${producers} producers, unpipelined`, 'many'],
      [`${producers} producers, 64 under way each`, 'pipelined'],
      [`${producers} producers, batches of 16 KB, 4 under way each`, 'batches'],
    ].map(([title, shape]) => {
      const of = (what) => taken.of(`${peer} ${shape}`, what);
      return [`${names[peer]}, ${title}`, micros(of('p50')), micros(of('p99')), rate(of('perSecond')), megabytes(of('megabytesPerSecond'))];
    }),
  );

export async function publish({ rounds, seconds }) {
  const servers = [await startVirga('sync'), await startNats(true), await startRedisStreams('always')];
  const directory = await temporaryFolder();
  const taken = await publishRounds(servers, rounds, seconds, async (all) => all.take('disk', await load('disk', { directory, seconds })));
  await Promise.all(servers.map((server) => server.stop()));

  const ratio = (shape, peer) => taken.of(`virga ${shape}`, 'perSecond') / taken.of(`${peer} ${shape}`, 'perSecond');
  const disk = (what) => taken.of('disk', what);
  return {
    sections: [
      section({
        title: 'Publishing, on disk before it is acknowledged',
        note,
        head: ['what', 'p50', 'p99', 'sends', 'payload'],
        rows: [['the disk alone', micros(disk('p50')), micros(disk('p99')), '', megabytes(disk('megabytesPerSecond'))], ...publishRows(servers, taken)],
      }),
    ],
    targets: [
      atMost('publish, sync, 1 producer unpipelined, p50, to fdatasync', taken.of('virga one', 'p50') / disk('p50'), 2, times),
      atLeast('publish, sync, 64 producers unpipelined, to NATS JetStream with synchronous writes', ratio('many', 'nats'), 5, times),
      atLeast('the same, to Redis with appendfsync always', ratio('many', 'redis'), 5, times),
      atLeast('publish, sync, 64 producers with 64 under way, to NATS JetStream', ratio('pipelined', 'nats'), 5, times),
      atLeast('the same, to Redis', ratio('pipelined', 'redis'), 5, times),
      atLeast("publish, sync, batches of 16 KB, to the disk's sequential bandwidth", taken.of('virga batches', 'megabytesPerSecond') / disk('megabytesPerSecond'), 0.6, times),
    ],
    figures: taken.figures,
  };
}
