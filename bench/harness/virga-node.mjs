// A Virga node of the benchmark's own: free ports, its own data folder.
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ControlApi } from './control-api.mjs';
import { freePort, ServerProcess } from './server-process.mjs';

const run = promisify(execFile);

/** The executable under test: `VIRGA_BIN`, or what `./dev build` left in the repository. */
export const binary = resolve(process.env.VIRGA_BIN ?? join(import.meta.dirname, '../../bin/virga'));

/** An empty folder that is removed when this process ends: by then no server writes to it. */
export async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'virga-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755); // Sandboxed workers have other user ids.
  return folder;
}

export class VirgaNode {
  #process;

  constructor(process, data, gateway, admin, startMs) {
    this.#process = process;
    this.data = data;
    this.gateway = gateway;
    this.admin = admin;
    this.api = new ControlApi(admin);
    /** From the start of the process until it was ready, in milliseconds. */
    this.startMs = startMs;
  }

  /**
   * @param {string} folder holds the node's data and its temporary files; what an earlier node left there is served again
   * @param {string[]} options more options of `virga up`
   */
  static async start(folder, options = []) {
    const [gatewayPort, adminPort] = [await freePort(), await freePort()];
    const [gateway, admin] = [`127.0.0.1:${gatewayPort}`, `127.0.0.1:${adminPort}`];
    const data = join(folder, 'data');
    const temporary = join(folder, 'tmp');
    await mkdir(temporary, { recursive: true });
    const started = performance.now();
    const pulsar = options.includes('--pulsar') ? [] : ['--pulsar', '127.0.0.1:0'];
    const server = new ServerProcess('virga', binary, ['up', '--data', data, '--gateway', gateway, '--admin', admin, ...pulsar, ...options], {
      env: { TMPDIR: temporary },
      cwd: folder,
    });
    await server.ready(`http://${admin}/readyz`, 2);
    return new VirgaNode(server, data, `http://${gateway}`, `http://${admin}`, performance.now() - started);
  }

  get pid() {
    return this.#process.pid;
  }

  /** The end of what it printed. */
  get output() {
    return this.#process.output;
  }

  /** Resolves with what it said when it ends, whoever ended it. */
  get failure() {
    return this.#process.failure;
  }

  /** Ends it as a crash would. */
  kill() {
    return this.#process.kill();
  }

  /** Runs the command line against this node. */
  async cli(...args) {
    return (await run(binary, args, { env: { ...process.env, VIRGA_ADMIN: this.admin } })).stdout;
  }

  async stop() {
    this.api.close();
    await this.#process.stop();
  }
}
