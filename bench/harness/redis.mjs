// Redis as a peer: on a free loopback port, with nothing in memory and, unless a case asks for it, nothing on disk.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { versionOf } from './machine.mjs';
import { freePort, ServerProcess } from './server-process.mjs';
import { temporaryFolder } from './virga-node.mjs';

const startLimitMs = 10_000;

/** Starts Redis. @param {string[]} options more of its options, such as `--appendonly yes` @returns the server with its `port` */
export async function startRedis(options = []) {
  const [port, folder] = [await freePort(), await temporaryFolder()];
  const server = new ServerProcess('redis-server', 'redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...options], { cwd: folder });
  server.port = port;
  const limit = performance.now() + startLimitMs;
  while (!(await answers(port))) {
    if (performance.now() > limit) {
      throw new Error(`redis-server does not answer after ${startLimitMs / 1000} s:\n${server.output}`);
    }
    await delay(20);
  }
  return server;
}

/** Which Redis it is. */
export async function redisVersion() {
  return (await versionOf('redis-server', '--version')).replace(/ sha=.*/, '');
}

async function answers(port) {
  const socket = createConnection(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [data] = await once(socket, 'data');
    return data.toString().startsWith('+PONG');
  } catch {
    // Not yet: nothing listens.
    return false;
  } finally {
    socket.destroy();
  }
}
