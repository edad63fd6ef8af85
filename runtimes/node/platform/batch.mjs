// Commands that are given in one turn of the event loop go out in one request.
import { askPrefix, maxRequest } from './asks.mjs';
import { ByteReader, ByteWriter } from './bytes.mjs';
import { GetMany } from './many.mjs';
import { answerFull, StateError } from './problems.mjs';
import { maxValue } from './values.mjs';

const stateRequest = 0x01;
/** Most commands in one request. */
export const maxCommands = 10_000;

// The request's kind and the number of commands, which takes one byte or two.
const headBytes = 3;
const start = askPrefix + headBytes;

// Memory that a batch keeps between requests.
const keptBytes = 64 * 1024;

// Beyond it what is there goes out first, so that no request becomes too large.
const fullBytes = maxRequest - maxValue - 64 * 1024;

const tooLarge = 'urn:virga:problem:value-too-large';
const failed = 1;

export class StateBatch {
  #asks;
  #out = new ByteWriter();
  #commands = [];
  #count = 0;
  #scheduled = false;
  #flushSoon = () => {
    this.#scheduled = false;
    this.flush();
  };

  constructor(asks) {
    this.#asks = asks;
    this.#out.length = start;
  }

  /** Adds a command, or several that are one object with a `count`; the promise gives its result, as its `read` made it. */
  add(command) {
    const { count = 1 } = command;
    if (this.#out.length > fullBytes || this.#count + count > maxCommands) {
      this.flush();
    }
    const before = this.#out.length;
    try {
      command.write(this.#out);
    } catch (error) {
      this.#out.length = before;
      return Promise.reject(error);
    }
    if (count === 1 && this.#out.length - before > maxValue + 4096) {
      this.#out.length = before;
      return Promise.reject(
        new StateError({ type: tooLarge, status: 413, detail: `The value of '${command.key}' has more than 16 MiB.`, fix: 'Split it over several keys.' }),
      );
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#flushSoon);
    }
    this.#count += count;
    return new Promise((resolve, reject) => {
      command.resolve = resolve;
      command.reject = reject;
      this.#commands.push(command);
    });
  }

  /** The same in a request of its own, for a command that waits: others must not wait behind it. */
  addAlone(command) {
    this.flush();
    const result = this.add(command);
    this.flush();
    return result;
  }

  /** Sends what was added. */
  flush() {
    const commands = this.#commands;
    if (commands.length === 0) {
      return;
    }
    const count = this.#count;
    this.#commands = [];
    this.#count = 0;
    const out = this.#out;
    const end = out.length;
    const from = count < 0x80 ? 1 : 0;
    out.length = askPrefix + from;
    out.byte(stateRequest);
    out.varint(count);
    out.length = end;
    this.#asks.ask(out.from(from), (answer) => this.#settle(commands, answer));
    out.reset(keptBytes);
    out.length = start;
  }

  #settle(commands, answer) {
    if (answer[0] === failed) {
      const problem = JSON.parse(answer.utf8Slice(1, answer.length));
      for (const command of commands) {
        command.reject(new StateError(problem));
      }
      return;
    }
    const reader = new ByteReader(answer, 1);
    reader.varint();
    for (const command of commands) {
      if (command instanceof GetMany) {
        this.#settleMany(command, reader);
      } else if (reader.byte() === failed) {
        this.#fail(command, JSON.parse(reader.bytes().toString()));
      } else {
        command.resolve(command.read(reader));
      }
    }
  }

  #settleMany(command, reader) {
    const { resolve, reject } = command;
    try {
      const rest = command.read(reader);
      if (rest === null) {
        resolve();
      } else {
        this.add(rest).then(resolve, reject);
      }
    } catch (error) {
      reject(error);
    }
  }

  #fail(command, problem) {
    if (problem.type !== answerFull) {
      command.reject(new StateError(problem));
      return;
    }
    const { resolve, reject } = command;
    this.add(command).then(resolve, reject);
  }
}
