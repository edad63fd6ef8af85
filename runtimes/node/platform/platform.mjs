// What a call may ask of the platform: made when the function first uses it.
import { Asks, askPrefix, maxRequest } from './asks.mjs';
import { ByteReader, ByteWriter } from './bytes.mjs';
import { CallFuture } from './future.mjs';
import { PlatformError } from './problems.mjs';
import { Publishing } from './publishing.mjs';
import { toJsonWithReferences } from './references.mjs';
import { State } from './state.mjs';
import { decodeValue, writeValue } from './values.mjs';

const Request = Object.freeze({ call: 0x02, send: 0x03, receive: 0x04 });
const detached = 1;
const failed = 1;
const inInbox = 2;
const maxPatience = 60_000;
const maxMessages = 1000;

export class Platform {
  #asks;
  #cache;
  #state = null;
  #publishing = null;

  /** @param channel where frames go @param {number} call the call's id there @param {ValueCache} cache the instance's */
  constructor(channel, call, cache) {
    this.#asks = new Asks(channel, call);
    this.#cache = cache;
  }

  get state() {
    return (this.#state ??= new State(this.#asks, this.#cache));
  }

  receive(body) {
    this.#asks.receive(body);
  }

  /** Sends what waits for the end of the turn: the handler is about to answer. */
  flush() {
    this.#state?.flush();
    this.#publishing?.flush();
  }

  /** Publishes a message to a topic; gives its id. */
  publish(topic, message, options) {
    return (this.#publishing ??= new Publishing(this.#asks)).publish(topic, message, options);
  }

  /** The same for several messages, each `{message, key, …}`; gives their ids. */
  publishMany(topic, messages) {
    return Promise.all(Array.from(messages, ({ message, ...options }) => this.publish(topic, message, options)));
  }

  /** Calls a function and gives what it answers. */
  call(name, argument, { signal } = {}) {
    return this.#ask((out) => writeCall(out, name, argument, 0), (answer) => readCall(answer, name), signal);
  }

  /** The same, for a call that goes on when this one has ended. */
  callAsync(name, argument) {
    return new CallFuture(this.#ask((out) => writeCall(out, name, argument, detached), (answer) => readCall(answer, name)));
  }

  /** Sends a message to a running function; gives `delivered` or `inbox`. */
  send(id, message) {
    return this.#ask(
      (out) => {
        out.byte(Request.send);
        out.text(String(id));
        writeValue(out, message);
      },
      (answer) => (answer.byte() === inInbox ? 'inbox' : 'delivered'),
    );
  }

  /** Messages to this call, at least one unless the time is over. */
  async receiveMessages({ timeout, max = maxMessages, signal, remaining }) {
    const until = Date.now() + Math.min(timeout ?? Infinity, remaining);
    for (;;) {
      const patience = Math.min(maxPatience, Math.max(0, until - Date.now()));
      const messages = await this.#ask(
        (out) => {
          out.byte(Request.receive);
          out.varint(Math.ceil(patience));
          out.varint(max);
        },
        readMessages,
        signal,
      );
      if (messages.length > 0 || Date.now() >= until) {
        return messages;
      }
    }
  }

  /** The values of keys, as all calls of the instance share them; null for a key that does not exist. */
  async resolve(keys) {
    const values = await Promise.all(keys.map((key) => this.state.get(key, { shared: true })));
    return new Map(keys.map((key, i) => [key, values[i] ?? null]));
  }

  #ask(write, read, signal) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const out = new ByteWriter();
      out.length = askPrefix;
      write(out);
      if (out.length > maxRequest) {
        throw new PlatformError({ type: 'request-too-large', status: 413, detail: 'The request has more than 17 MiB.', fix: 'Put large values into shared state and pass ctx.ref(key).' });
      }
      // What was written before in this turn happens before.
      this.flush();
      const withdraw = () => {
        this.#asks.withdraw(id);
        reject(signal.reason);
      };
      const id = this.#asks.ask(out.from(0), (answer) => {
        signal?.removeEventListener('abort', withdraw);
        if (answer[0] === failed) {
          reject(new PlatformError(JSON.parse(answer.utf8Slice(1, answer.length))));
          return;
        }
        try {
          resolve(read(new ByteReader(answer, 1)));
        } catch (error) {
          reject(error);
        }
      });
      signal?.addEventListener('abort', withdraw, { once: true });
    });
  }
}

function writeCall(out, name, argument, flags) {
  out.byte(Request.call);
  out.text(String(name));
  out.varint(flags);
  if (argument === undefined) {
    out.varint(0);
    out.varint(0);
    return;
  }
  if (argument === null || typeof argument !== 'object' || argument instanceof Uint8Array || argument instanceof ArrayBuffer) {
    writeValue(out, argument);
    out.varint(0);
    return;
  }
  const { json, keys } = toJsonWithReferences(argument);
  if (json === undefined) {
    throw new TypeError('the argument has no JSON form');
  }
  const size = Buffer.byteLength(json);
  out.varint(size + 1);
  out.byte(1);
  out.rawText(json, size);
  out.varint(keys.size);
  for (const key of keys) {
    out.text(key);
  }
}

function readCall(answer, name) {
  const status = answer.varint();
  const type = answer.text();
  const body = readBody(type.split(';', 1)[0].trim().toLowerCase(), answer.bytes());
  if (status >= 400) {
    const said = typeof body === 'string' ? body : JSON.stringify(body);
    throw new PlatformError({ type: 'call-failed', status, detail: `'${name}' answered ${status}: ${String(said).slice(0, 200)}`, body });
  }
  return body;
}

function readBody(type, bytes) {
  if (bytes.length === 0) {
    return undefined;
  }
  if (type === 'application/json' || type.endsWith('+json')) {
    return JSON.parse(bytes.toString('utf8'));
  }
  return type.startsWith('text/') ? bytes.toString('utf8') : Buffer.from(bytes);
}

function readMessages(answer) {
  const messages = [];
  for (let left = answer.varint(); left > 0; left--) {
    messages.push({ from: answer.text(), message: decodeValue(answer.bytes(), false) });
  }
  return messages;
}
