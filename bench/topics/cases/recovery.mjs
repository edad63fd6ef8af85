// A node that was killed comes again.
import { execFile } from 'node:child_process';
import { rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { atMost, count, mb, ms, section } from '../../harness/report.mjs';
import { freePort } from '../../harness/server-process.mjs';
import { temporaryFolder } from '../../harness/virga-node.mjs';
import { load, waitingLoad } from '../load.mjs';
import { startVirga } from '../servers.mjs';
import { megabytes } from './publish.mjs';

const run = promisify(execFile);
const sendBytes = 16 * 1024;
const batch = 16;
const topic = 'recovery';
// Heads and room taken ahead, beside the messages.
const roomFactor = 1.3;

export async function recovery({ gigabytes }) {
  await ensureRoom(gigabytes * 1e9 * roomFactor);
  const folder = await temporaryFolder();
  const first = await startAndAwait(folder);
  const sends = Math.ceil((gigabytes * 1e9) / sendBytes);
  const filled = await load('publish', { peer: 'virga', port: first.port, topic, connections: 8, depth: 16, batch, sends });
  await first.server.kill();
  const bytes = Number((await run('du', ['-sb', folder])).stdout.split('\t')[0]);

  const again = await startAndAwait(folder);
  const there = await load('catchup', { peer: 'virga', port: again.port, topic, messages: Math.min(sends * batch, 100_000) });
  await again.server.stop();
  // So much is not left until the last case is done.
  await rm(folder, { recursive: true });
  return {
    sections: [
      section({
        title: 'Recovery',
        note:
          'A topic is filled with batches of 16 KB (durability `interval`), the node is killed (SIGKILL), and started again; from the start of the process, runtime and everything else included, until it is ready (`/readyz`), ' +
          'until a message is published to the topic, and until its first message is read. Beside it what the same node took when it had no data.',
        head: ['in its data folder', 'filled at', 'ready', 'published', 'read', 'read again at'],
        rows: [
          ['nothing', '', ...timesOf(first), ''],
          [mb(bytes), megabytes(filled.megabytesPerSecond), ...timesOf(again), megabytes(there.megabytesPerSecond)],
        ],
      }),
    ],
    targets: [atMost(`published to and read after kill -9 with ${count(bytes / 1e9)} GB of ledgers`, again.read, 2000, ms)],
    figures: { bytes, filled, first: { ready: first.ready, published: first.published, read: first.read }, again: { ready: again.ready, published: again.published, read: again.read }, there },
  };
}

/** Starts a node; gives it, and after how many milliseconds it was ready, published to and read from. */
async function startAndAwait(folder) {
  const port = await freePort();
  const asking = await waitingLoad('answer', { peer: 'virga', port, topic, subscription: 'answer' });
  const started = Date.now();
  const [server, { publishedAt, readAt }] = await Promise.all([startVirga('interval', [], folder, port), asking.figures]);
  return { server, port, ready: server.node.startMs, published: publishedAt - started, read: readAt - started };
}

const timesOf = ({ ready, published, read }) => [ms(ready), ms(published), ms(read)];

async function ensureRoom(bytes) {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize < bytes) {
    throw new Error(`${tmpdir()} has room for ${mb(bavail * bsize)}, and this takes ${mb(bytes)}: set TMPDIR to a folder on a larger disk.`);
  }
}
