// Publishing, acknowledged before it is on disk.
import { atLeast, section, times } from '../../harness/report.mjs';
import { startNats, startRedisStreams, startVirga } from '../servers.mjs';
import { publishRounds, publishRows } from './publish.mjs';

const note =
  'The same with `--topic-durability interval` (on disk 10 ms later at most), JetStream as it is by default (synchronised every two minutes) and Redis with `appendfsync everysec`.';

export async function interval({ rounds, seconds }) {
  const servers = [await startVirga('interval'), await startNats(false), await startRedisStreams('everysec')];
  const taken = await publishRounds(servers, rounds, seconds);
  await Promise.all(servers.map((server) => server.stop()));
  const ratio = (shape, peer) => taken.of(`virga ${shape}`, 'perSecond') / taken.of(`${peer} ${shape}`, 'perSecond');
  return {
    sections: [section({ title: 'Publishing, on disk soon after', note, head: ['what', 'p50', 'p99', 'sends', 'payload'], rows: publishRows(servers, taken) })],
    targets: [
      atLeast('publish, interval, 64 producers unpipelined, to NATS JetStream by default', ratio('many', 'nats'), 1.5, times),
      atLeast('publish, interval, 64 producers with 64 under way, to NATS JetStream by default', ratio('pipelined', 'nats'), 1.5, times),
    ],
    figures: taken.figures,
  };
}
