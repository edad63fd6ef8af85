// What user code prints becomes LOG frames of the call that printed it.
import { Readable, Writable } from 'node:stream';
import { format, inspect } from 'node:util';
import { maxInlineBody } from './channel.mjs';
import { describeError } from './errors.mjs';
import { SingleCallScope } from './scope.mjs';

const maxShownField = 1000;
const headers = Object.freeze({
  debug: '{"level":"debug"}',
  info: '',
  warn: '{"level":"warn"}',
  error: '{"level":"error"}',
});

export class Logs {
  #channel;
  /** Decides to whom a print belongs; replaced when the function's concurrency is known. */
  scope = new SingleCallScope();
  #streams = [];

  constructor(channel) {
    this.#channel = channel;
  }

  /** Writes a line of `call`; 0 is the instance itself. */
  write(call, level, text, fields) {
    const header = fields === undefined ? headers[level] : fieldsHeader(level, fields);
    this.#channel.log(call, header, cut(text));
  }

  /** `ctx.log` of one call. */
  loggerOf(call) {
    const at = (level) => (message, fields) =>
      this.write(call, level, typeof message === 'string' ? message : inspect(message), fields);
    return Object.freeze({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') });
  }

  /** Replaces `console` and the standard streams of this process. */
  captureProcess() {
    const at =
      (level) =>
      (...values) =>
        this.write(this.scope.current, level, format(...values));
    Object.assign(console, {
      debug: at('debug'),
      log: at('info'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
    });
    console.trace = (...values) => {
      const { stack } = new Error();
      this.write(this.scope.current, 'error', `Trace: ${format(...values)}\n${stack.split('\n').slice(2).join('\n')}`);
    };
    const stdout = new LineStream(this, 'info', 1);
    const stderr = new LineStream(this, 'error', 2);
    this.#streams.push(stdout, stderr);
    replace('stdout', () => stdout);
    replace('stderr', () => stderr);
    let stdin;
    replace('stdin', () => (stdin ??= Readable.from([])));
  }

  /** Writes every unfinished line: the process ends. */
  flush() {
    for (const stream of this.#streams) {
      stream.flush();
    }
  }

  /** Writes the unfinished lines of `call`, which has ended. */
  endCall(call) {
    for (const stream of this.#streams) {
      stream.endCall(call);
    }
  }
}

/** Cuts what is written into lines: `process.stdout` and `process.stderr` of user code. */
class LineStream extends Writable {
  #logs;
  #level;
  #unfinished = '';
  #call = 0;

  constructor(logs, level, descriptor) {
    super({ decodeStrings: true });
    this.#logs = logs;
    this.#level = level;
    this.fd = descriptor;
  }

  _write(chunk, encoding, done) {
    const call = this.#logs.scope.current;
    if (call !== this.#call) {
      this.flush();
      this.#call = call;
    }
    const text = this.#unfinished + chunk.toString('utf8');
    const end = text.lastIndexOf('\n');
    this.#unfinished = text.slice(end + 1);
    if (end >= 0) {
      this.#logs.write(call, this.#level, text.slice(0, end));
    }
    if (this.#unfinished.length > maxInlineBody) {
      this.flush();
    }
    done();
  }

  endCall(call) {
    if (call === this.#call) {
      this.flush();
    }
  }

  /** Writes the unfinished line. */
  flush() {
    if (this.#unfinished !== '') {
      const line = this.#unfinished;
      this.#unfinished = '';
      this.#logs.write(this.#call, this.#level, line);
    }
  }
}

/**
 * Fields that have no JSON form, or a very large one, are shown as `console.log` shows them: a log line is never lost
 * for its fields.
 */
function fieldsHeader(level, given) {
  const fields = toFields(given);
  try {
    const header = JSON.stringify({ level, fields });
    if (header.length <= maxInlineBody) {
      return header;
    }
  } catch {
    // Circular, or a BigInt: shown below.
  }
  const shown = Object.entries(fields).map(([name, value]) => [
    name,
    inspect(value, { maxStringLength: maxShownField }),
  ]);
  const header = JSON.stringify({ level, fields: Object.fromEntries(shown) });
  return header.length <= maxInlineBody
    ? header
    : JSON.stringify({ level, fields: { omitted: `${header.length} characters` } });
}

function toFields(given) {
  if (given instanceof Error) {
    return { error: describeError(given) };
  }
  return typeof given === 'object' && given !== null && !Array.isArray(given) ? given : { value: given };
}

function cut(text) {
  return text.length <= maxInlineBody ? text : `${text.slice(0, maxInlineBody - 32)}… (${text.length} characters)`;
}

function replace(name, get) {
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get });
}
