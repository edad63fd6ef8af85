// One call of an executable: the request on its standard input, the answer from its standard output.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { RuntimeError } from '../node/errors.mjs';
import { toResponse } from './output.mjs';
import { callEnvironment } from './variables.mjs';

/** Output up to this many bytes is answered whole, so that the exit code decides first; more is streamed. */
const wholeOutput = 64 * 1024;
const keptErrorLines = 10;

/** Returns the handler that runs `executable` in the folder `root`. */
export function createHandler(executable, root) {
  return async (event, ctx) => {
    const execution = new Execution(executable, root, event, ctx);
    return execution.answer();
  };
}

class Execution {
  #child;
  #exited;
  #errorLines = [];
  #errorsRead;
  #signal;
  #ended = false;

  constructor(executable, root, event, ctx) {
    // A process group of its own: a cancelled call takes everything with it that the executable started.
    this.#child = spawn(executable, [], {
      cwd: root,
      env: { ...process.env, ...callEnvironment(event, ctx) },
      stdio: 'pipe',
      detached: true,
    });
    this.#exited = once(this.#child, 'exit').then(([code, signal]) => {
      this.#killGroup();
      this.#ended = true;
      return { code, signal };
    });
    // Who waits for the exit reports the failure; when the answer ended earlier, nobody does.
    this.#exited.catch(() => {});
    this.#signal = ctx.signal;
    ctx.signal.addEventListener('abort', () => this.#killGroup(), { once: true });
    this.#errorsRead = this.#readErrors(ctx.log);
    this.#feed(event.stream);
  }

  async answer() {
    const output = this.#child.stdout[Symbol.asyncIterator]();
    const pieces = [];
    for (let length = 0; length <= wholeOutput;) {
      const { value, done } = await output.next();
      if (done) {
        await this.#checkExit();
        return toResponse(Buffer.concat(pieces));
      }
      pieces.push(value);
      length += value.length;
    }
    return toResponse(Buffer.concat(pieces), (start) => this.#rest(start, output));
  }

  /** The rest of a streamed answer; a reader that stops early ends the executable. */
  async *#rest(start, output) {
    try {
      yield start;
      yield* { [Symbol.asyncIterator]: () => output };
      await this.#checkExit();
    } finally {
      this.#killGroup();
    }
  }

  async #feed(pieces) {
    const { stdin } = this.#child;
    // An executable may end, or close its input, without having read all of it.
    stdin.on('error', () => stdin.destroy());
    try {
      for await (const piece of pieces) {
        if (stdin.destroyed) {
          return;
        }
        if (!stdin.write(piece)) {
          await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]);
        }
      }
      stdin.end();
    } catch {
      // The body was cut off: the executable must not take the part for the whole, and the call is cancelled anyway.
      this.#killGroup();
    }
  }

  async #readErrors(log) {
    for await (const line of createInterface({ input: this.#child.stderr })) {
      log.info(line);
      this.#errorLines.push(line);
      if (this.#errorLines.length > keptErrorLines) {
        this.#errorLines.shift();
      }
    }
  }

  async #checkExit() {
    const { code, signal } = await this.#exited;
    await this.#errorsRead;
    this.#signal.throwIfAborted();
    if (code === 0) {
      return;
    }
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    const said = this.#errorLines.length === 0 ? '' : `: ${this.#errorLines.join('\n')}`;
    throw new RuntimeError('exit-code', `the executable ${how}${said}`);
  }

  #killGroup() {
    const { pid } = this.#child;
    // Once the group is gone, its number may become another's.
    if (pid === undefined || this.#ended) {
      return;
    }
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') {
        throw error;
      }
    }
  }
}
