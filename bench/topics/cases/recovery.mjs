// A node that was killed comes again.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { atMost, count, mb, ms, section } from '../../harness/report.mjs';
import { temporaryFolder } from '../../harness/virga-node.mjs';
import { load } from '../load.mjs';
import { startVirga } from '../servers.mjs';

const run = promisify(execFile);
const sendBytes = 16 * 1024;
const batch = 16;

export async function recovery({ gigabytes }) {
  const folder = await temporaryFolder();
  const empty = await startVirga('interval', [], folder);
  const sends = Math.ceil((gigabytes * 1e9) / sendBytes);
  const filled = await load('publish', { peer: 'virga', port: empty.port, topic: 'recovery', connections: 8, depth: 16, batch, sends });
  await empty.kill();
  const startMs = empty.node.startMs;
  const bytes = Number((await run('du', ['-sb', folder])).stdout.split('\t')[0]);

  const again = await startVirga('interval', [], folder);
  const [took, there] = [again.node.startMs, await load('catchup', { peer: 'virga', port: again.port, topic: 'recovery', messages: Math.min(sends * batch, 100_000) })];
  await again.stop();
  return {
    sections: [
      section({
        title: 'Recovery',
        note: 'A topic is filled with batches of 16 KB (durability `interval`), the node is killed (SIGKILL), and started again: from the start of the process until it is ready, runtime and everything else included; beside it what the same node took when it had no data.',
        head: ['in its data folder', 'filled at', 'ready without data', 'ready after the kill', 'read again at'],
        rows: [[mb(bytes), `${filled.megabytesPerSecond.toFixed(1)} MB/s`, ms(startMs), ms(took), `${there.megabytesPerSecond.toFixed(1)} MB/s`]],
      }),
    ],
    targets: [atMost(`ready after kill -9 with ${count(bytes / 1e9)} GB of ledgers`, took, 2000, ms)],
    figures: { bytes, filled, startMs, took, there },
  };
}
