// The node's half of the worker protocol, for tests and benchmarks: starts a real worker and talks frames to it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FrameReader, Kind } from '../channel.mjs';

export { Kind };

const nodeWorker = fileURLToPath(new URL('../worker.mjs', import.meta.url));

/** A folder with these files, which `remove` deletes. */
export function packageOf(files) {
  const root = mkdtempSync(join(tmpdir(), 'virga-function-'));
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    const { text, mode } = typeof content === 'string' ? { text: content } : content;
    writeFileSync(path, text, { mode: mode ?? 0o644 });
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

export function encodeFrame(kind, call, header, body = Buffer.alloc(0)) {
  const headerBytes = header === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(13);
  prefix.writeUInt32LE(9 + headerBytes.length + body.length, 0);
  prefix[4] = kind;
  prefix.writeUInt32LE(call, 5);
  prefix.writeUInt32LE(headerBytes.length, 9);
  return Buffer.concat([prefix, headerBytes, body]);
}

export class WorkerProcess {
  frames = [];
  #errorFile = join(mkdtempSync(join(tmpdir(), 'virga-errors-')), 'stderr');
  // A file, because a worker cannot open the socket, that Node would give it, a second time as its descriptor 1.
  #errorDescriptor = openSync(this.#errorFile, 'a');
  #waiting = [];
  #input;
  #output;
  #nextCall = 1;
  #counter = null;

  /** @param {{script?: string, transport?: 'socket' | 'pipes' | 'shell'}} [options] */
  static async start({ script = nodeWorker, transport = 'socket' } = {}) {
    const worker = new WorkerProcess();
    await (transport === 'socket'
      ? worker.#startOnSocket(script)
      : worker.#startOnPipes(script, transport === 'shell'));
    closeSync(worker.#errorDescriptor);
    worker.exited = once(worker.process, 'exit').then(([code, signal]) => ({ code, signal }));
    worker.hello = (await worker.next(Kind.hello)).header;
    return worker;
  }

  /** What the worker wrote to its standard error. */
  get errors() {
    return readFileSync(this.#errorFile, 'utf8');
  }

  /** One socket as descriptors 0 and 1, as the node of Virga does it. */
  async #startOnSocket(script) {
    const folder = mkdtempSync(join(tmpdir(), 'virga-channel-'));
    const server = createServer({ pauseOnConnect: true });
    server.listen(join(folder, 's'));
    await once(server, 'listening');
    const ours = connect(join(folder, 's'));
    const [theirs] = await once(server, 'connection');
    this.process = spawn(process.execPath, [script], { stdio: [theirs, theirs, this.#errorDescriptor] });
    theirs.destroy();
    server.close();
    rmSync(folder, { recursive: true });
    this.#attach(ours, ours);
  }

  /** Two sockets, which is what Node calls pipes; or, through a shell, two real pipes. */
  async #startOnPipes(script, real) {
    const stdio = ['pipe', 'pipe', this.#errorDescriptor];
    this.process = real
      ? spawn('/bin/sh', ['-c', 'cat | "$0" "$1" | cat', process.execPath, script], { stdio })
      : spawn(process.execPath, [script], { stdio });
    this.#attach(this.process.stdin, this.process.stdout);
  }

  #attach(input, output) {
    this.#input = input;
    this.#output = output;
    const reader = new FrameReader((kind, call, header, body) => this.#take({ kind, call, header, body }));
    output.on('data', (data) => reader.push(data, data.length));
    input.on('error', () => {});
  }

  #take(frame) {
    if (this.#counter?.(frame)) {
      return;
    }
    const index = this.#waiting.findIndex(({ matches }) => matches(frame));
    if (index >= 0) {
      this.#waiting.splice(index, 1)[0].resolve(frame);
    } else {
      this.frames.push(frame);
    }
  }

  /** The first frame of this kind (and call) that no one took yet. */
  next(kind, call) {
    const kinds = [kind].flat();
    const matches = (frame) => kinds.includes(frame.kind) && (call === undefined || frame.call === call);
    const index = this.frames.findIndex(matches);
    if (index >= 0) {
      return Promise.resolve(this.frames.splice(index, 1)[0]);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ matches, resolve });
      this.exited?.then((exit) => reject(new Error(`the worker ended: ${JSON.stringify(exit)} ${this.errors}`)));
    });
  }

  /** Counts frames of one kind as they come, without keeping them. */
  count(kind, total, onReceived) {
    let received = 0;
    return new Promise((resolve) => {
      this.#counter = (frame) => {
        if (frame.kind !== kind) {
          return false;
        }
        received++;
        onReceived(received);
        if (received === total) {
          this.#counter = null;
          resolve();
        }
        return true;
      };
    });
  }

  write(bytes) {
    this.#input.write(bytes);
  }

  send(kind, call, header, body) {
    this.write(encodeFrame(kind, call, header, body));
  }

  async specialise(root, options = {}) {
    this.send(Kind.specialise, 0, {
      tenant: 'default',
      namespace: 'shop',
      function: 'sample',
      version: 3,
      root,
      handler: '',
      environment: {},
      concurrency: 1,
      requestBody: 'buffered',
      memory: 134217728,
      ...options,
    });
    return (await this.next(Kind.specialised)).header;
  }

  /** Sends a CALL and returns its id. */
  open(header = {}, body) {
    const call = this.#nextCall++;
    this.send(
      Kind.call,
      call,
      {
        id: `call-${call}`,
        trigger: 'http',
        method: 'GET',
        path: '/',
        deadline: Date.now() + 30_000,
        ...(body !== undefined && { body: 'inline' }),
        ...header,
      },
      body,
    );
    return call;
  }

  /** Calls and waits for RESULT or ERROR. */
  call(header, body) {
    return this.next([Kind.result, Kind.error], this.open(header, body));
  }

  /** Reads a streamed body to its END, giving credit back. */
  async readBody(call) {
    const pieces = [];
    for (;;) {
      const frame = await this.next([Kind.body, Kind.end], call);
      if (frame.kind === Kind.end) {
        return { body: Buffer.concat(pieces), end: frame.header };
      }
      pieces.push(frame.body);
      const credit = Buffer.alloc(4);
      credit.writeUInt32LE(frame.body.length);
      this.send(Kind.window, call, undefined, credit);
    }
  }

  pauseReading() {
    this.#output.pause();
  }

  resumeReading() {
    this.#output.resume();
  }

  closeChannel() {
    this.#input.end();
  }

  async stop() {
    this.process.kill('SIGKILL');
    this.#input.destroy();
    await this.exited;
    rmSync(dirname(this.#errorFile), { recursive: true });
  }
}

/** Runs `use` with a worker that is specialised for the module `source`. */
export async function withFunction(source, options, use) {
  const sample = packageOf({ 'index.mjs': source });
  const worker = await WorkerProcess.start();
  try {
    assert.equal((await worker.specialise(sample.root, options)).ok, true);
    await use(worker);
  } finally {
    await worker.stop();
    sample.remove();
  }
}
