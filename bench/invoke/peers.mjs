// The servers that Virga is measured against, each on a free loopback port with the same JSON answer at `/`.
import { join } from 'node:path';
import { freePort, ServerProcess } from '../harness/server-process.mjs';

const folder = join(import.meta.dirname, 'peers');
const packages = join(folder, 'node_modules');
export const workerd = join(packages, '@cloudflare/workerd-linux-64/bin/workerd');
export const frameworkManifest = join(packages, '@google-cloud/functions-framework/package.json');
const kestrel = join(import.meta.dirname, 'kestrel/bin/Release/net10.0/kestrel');

const commands = {
  kestrel: () => [kestrel, []],
  'node http': () => [process.execPath, [join(folder, 'node-http.mjs')]],
  'functions-framework': () => [process.execPath, [join(folder, 'functions-framework.cjs')]],
  workerd: (port) => [workerd, ['serve', join(folder, 'workerd.capnp'), '--socket-addr', `http=127.0.0.1:${port}`]],
};

export const peerNames = Object.keys(commands);

/** Starts a peer and gives it back with its `url` when it answers; asks every `intervalMs`. */
export async function startPeer(name, intervalMs = 20) {
  const port = await freePort();
  const [command, args] = commands[name](port);
  const server = new ServerProcess(name, command, args, { env: { PORT: String(port), NODE_ENV: 'production' }, cwd: folder });
  server.url = `http://127.0.0.1:${port}`;
  return server.ready(`${server.url}/`, intervalMs);
}
