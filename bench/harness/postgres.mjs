// A PostgreSQL of the benchmark's own: a new cluster in a temporary folder, on a free loopback port, with the usual promises about the disk.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chown, readdir, readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort, ServerProcess } from './server-process.mjs';
import { temporaryFolder } from './virga-node.mjs';

const run = promisify(execFile);
const installed = '/usr/lib/postgresql';
const user = 'postgres';
const startLimitMs = 30_000;

/** Makes a cluster and starts it. @returns the server with its `url` */
export async function startPostgres(settings = []) {
  const version = (await readdir(installed)).sort((a, b) => Number(b) - Number(a))[0];
  const binaries = join(installed, version, 'bin');
  const [folder, port] = [await temporaryFolder(), await freePort()];
  const data = join(folder, 'data');
  // The server refuses to run as root. setpriv becomes the server, so that signals reach it.
  let prefix = [];
  if (process.getuid() === 0) {
    const [, , uid, gid] = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':')).find(([name]) => name === user);
    await chown(folder, Number(uid), Number(gid));
    prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
  }
  const command = (name, ...args) => [...prefix, join(binaries, name), ...args];
  const [initdb, ...initdbArgs] = command('initdb', '-D', data, '-U', user, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync');
  await run(initdb, initdbArgs, { cwd: folder });
  const configuration = ["listen_addresses = '127.0.0.1'", `port = ${port}`, "unix_socket_directories = ''", 'shared_buffers = 128MB', ...settings];
  await appendFile(join(data, 'postgresql.conf'), `\n${configuration.join('\n')}\n`);
  const [postgres, ...args] = command('postgres', '-D', data);
  const server = new ServerProcess('postgres', postgres, args, { cwd: folder });
  server.url = `postgres://${user}@127.0.0.1:${port}/postgres`;
  server.version = version;
  const limit = performance.now() + startLimitMs;
  while (!(await accepts(port))) {
    if (performance.now() > limit) {
      throw new Error(`postgres does not accept connections after ${startLimitMs / 1000} s:\n${server.output}`);
    }
    await delay(50);
  }
  return server;
}

// Its start-up message is answered with R (authentication) when it serves, with E while it recovers.
async function accepts(port) {
  const socket = createConnection(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    const parameters = Buffer.from(`user\0${user}\0database\0postgres\0\0`);
    const head = Buffer.alloc(8);
    head.writeInt32BE(8 + parameters.length, 0);
    head.writeInt32BE(196608, 4);
    socket.write(Buffer.concat([head, parameters]));
    const [answer] = await once(socket, 'data');
    return answer[0] === 'R'.charCodeAt(0);
  } catch {
    // Not yet: nothing listens.
    return false;
  } finally {
    socket.destroy();
  }
}
