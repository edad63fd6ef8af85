// A server under measurement: started on a free loopback port, waited for, and ended by its own process id.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const startLimitMs = 30_000;
const stopLimitMs = 30_000;
const kept = 8192;

// A port is free again until its server listens, and may be given a second time.
const givenPorts = new Set();

/** A loopback port that nothing listens on at the moment. */
export async function freePort() {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    if (!givenPorts.has(port)) {
      givenPorts.add(port);
      return port;
    }
  }
}

/** The status of a GET, or null when nothing answers. */
export function statusOf(url) {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 5000 }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', () => resolve(null));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(null));
  });
}

export class ServerProcess {
  static #running = new Set();
  #child;
  #output = '';

  constructor(name, command, args, { env = {}, cwd } = {}) {
    this.name = name;
    // A group of its own: Ctrl-C reaches the driver only, which then ends its servers in order.
    this.#child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.#output = (this.#output + text).slice(-kept);
      });
    }
    this.failure = once(this.#child, 'exit').then(
      ([code, signal]) => `${name} ended with ${signal ?? `exit code ${code}`}:\n${this.#output}`,
      (error) => `${name} could not be started: ${error.message}`,
    );
    ServerProcess.#running.add(this);
    this.failure.then(() => ServerProcess.#running.delete(this));
  }

  get pid() {
    return this.#child.pid;
  }

  get output() {
    return this.#output;
  }

  /** Waits until `url` answers 200; asks again every `intervalMs`. */
  async ready(url, intervalMs = 20) {
    const limit = Date.now() + startLimitMs;
    let failure = null;
    this.failure.then((text) => (failure = text));
    while ((await statusOf(url)) !== 200) {
      if (failure !== null) {
        throw new Error(failure);
      }
      if (Date.now() > limit) {
        throw new Error(`${this.name} does not answer ${url} after ${startLimitMs / 1000} s:\n${this.#output}`);
      }
      await delay(intervalMs);
    }
    return this;
  }

  /** Ends it with SIGTERM, and with SIGKILL when that does not help. */
  async stop() {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) {
      return;
    }
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), stopLimitMs);
    await this.failure;
    clearTimeout(kill);
  }

  /** Ends it with SIGKILL, and waits until it is gone. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.failure;
  }

  /** How many servers are running. */
  static get running() {
    return ServerProcess.#running.size;
  }

  static async stopAll() {
    await Promise.all([...ServerProcess.#running].map((server) => server.stop()));
  }
}

/**
 * Runs `work` and ends every server that is still running when it is done or fails. An interruption ends the servers and
 * then this process.
 */
export async function withServers(work) {
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) {
    process.once(signal, async () => {
      console.error(`Interrupted: ending ${ServerProcess.running} servers.`);
      await ServerProcess.stopAll();
      process.exit(code);
    });
  }
  try {
    return await work();
  } finally {
    await ServerProcess.stopAll();
  }
}
