// Who is measured: each started on free loopback ports with an empty folder, and ended by its process id.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, ServerProcess } from '../harness/server-process.mjs';
import { temporaryFolder, VirgaNode } from '../harness/virga-node.mjs';
import { startRedis } from '../harness/redis.mjs';

const run = promisify(execFile);

/**
 * A node whose topics are durable so: `sync` or `interval`.
 * @param {string[]} options more of `virga up`
 * @param {string} [folder] of an earlier one
 * @param {number} [port] where clients will look for it
 */
export async function startVirga(durability, options = [], folder = undefined, port = undefined) {
  port ??= await freePort();
  const node = await VirgaNode.start(folder ?? (await temporaryFolder()), ['--topic-durability', durability, ...options, '--pulsar', `127.0.0.1:${port}`]);
  return { peer: 'virga', port, node, pid: node.pid, folder: node.data, stop: () => node.stop(), kill: () => node.kill() };
}

/** Redis with an append-only file that is synchronised so: `always` or `everysec`. */
export async function startRedisStreams(fsync) {
  const server = await startRedis(['--appendonly', 'yes', '--appendfsync', fsync, '--auto-aof-rewrite-percentage', '0']);
  return { peer: 'redis', port: server.port, pid: server.pid, stop: () => server.stop() };
}

/**
 * NATS with JetStream in files.
 * @param {boolean} isSynchronous Debian's 2.9 has no `sync_interval: always` (that came with 2.10). The file system does the same for it: in a folder
 * with the attribute S (chattr(1)) each write is on disk before it returns. As root, on ext4.
 */
export async function startNats(isSynchronous) {
  const folder = await temporaryFolder();
  const store = join(folder, 'store');
  await mkdir(store);
  if (isSynchronous) {
    await run('chattr', ['+S', store]);
  }
  const [port, monitor] = [await freePort(), await freePort()];
  const config = join(folder, 'nats.conf');
  await writeFile(config, `host: 127.0.0.1\nport: ${port}\nhttp: 127.0.0.1:${monitor}\njetstream { store_dir: "${store}", max_mem: 1GB, max_file: 60GB }\nmax_pending: 2GB\n`);
  const server = await new ServerProcess('nats-server', 'nats-server', ['-c', config], { cwd: folder }).ready(`http://127.0.0.1:${monitor}/healthz`);
  return { peer: 'nats', port, pid: server.pid, stop: () => server.stop() };
}
