// From a producer to a consumer at a steady rate, and whether who reads at the end of a topic reads the disk.
import { readFile } from 'node:fs/promises';
import { atMost, count, micros, section } from '../../harness/report.mjs';
import { settleDisk } from '../../harness/machine.mjs';
import { temporaryFolder } from '../../harness/virga-node.mjs';
import { load } from '../load.mjs';
import { Rounds } from '../../harness/rounds.mjs';
import { startNats, startRedisStreams, startVirga } from '../servers.mjs';

const perSecond = 10_000;
const note =
  `${count(perSecond)} messages of 1 KB a second, one producer and one consumer, each message sent when its time has come whether those before are acknowledged or not; from then until the consumer has it. ` +
  'Virga delivers what is durable, and its consumer acknowledges. JetStream with synchronous writes is left out: it does not keep up with this rate. The peers deliver to consumers without acknowledgements (a push consumer, XREAD). Disk reads are what the kernel counts for the server (`read_bytes` of /proc/PID/io). Before each run what the others have left is written to disk (`sync`). Median of the rounds.';

const titles = {
  'virga sync': 'Virga, sync',
  'redis sync': 'Redis, always',
  'virga interval': 'Virga, interval',
  'nats interval': 'NATS JetStream, default',
  'redis interval': 'Redis, everysec',
};

export async function latency({ rounds, seconds }) {
  const servers = {
    'virga sync': await startVirga('sync'),
    'redis sync': await startRedisStreams('always'),
    'virga interval': await startVirga('interval'),
    'nats interval': await startNats(false),
    'redis interval': await startRedisStreams('everysec'),
  };
  const directory = await temporaryFolder();
  const taken = new Rounds();
  for (let round = 0; round < rounds; round++) {
    taken.take('disk', await load('disk', { directory, seconds: 1 }));
    for (const [name, { peer, port, pid }] of Object.entries(servers)) {
      await settleDisk();
      const before = await bytesRead(pid);
      const figures = await load('latency', { peer, port, topic: `latency-${round}`, rate: perSecond, seconds });
      taken.take(name, { ...figures, read: (await bytesRead(pid)) - before });
    }
  }
  await Promise.all(Object.values(servers).map((server) => server.stop()));

  const fsync = taken.of('disk', 'p50');
  return {
    sections: [
      section({
        title: 'From producer to consumer',
        note,
        head: ['what', 'p50', 'p99', 'p99.9', 'read from disk'],
        rows: [
          ['fdatasync alone', micros(fsync), micros(taken.of('disk', 'p99')), '', ''],
          ...Object.keys(servers).map((name) => [titles[name], ...['p50', 'p99', 'p999'].map((what) => micros(taken.of(name, what))), `${count(taken.of(name, 'read'))} B`]),
        ],
      }),
    ],
    targets: [
      atMost('publish to consumer, sync, p50', taken.of('virga sync', 'p50'), 500 + fsync, micros),
      atMost('publish to consumer, sync, p99', taken.of('virga sync', 'p99'), 5000, micros),
      atMost('publish to consumer, interval, p50', taken.of('virga interval', 'p50'), 500 + fsync, micros),
      atMost('publish to consumer, interval, p99', taken.of('virga interval', 'p99'), 5000, micros),
      atMost('bytes that a consumer at the end reads from disk', Math.max(taken.of('virga sync', 'read'), taken.of('virga interval', 'read')), 0, count),
    ],
    figures: taken.figures,
  };
}

async function bytesRead(pid) {
  return Number(/^read_bytes: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))[1]);
}
