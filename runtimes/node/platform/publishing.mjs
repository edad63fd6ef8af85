// ctx.publish: messages that are published in one turn of the event loop go out in one request.
import { askPrefix, maxRequest } from './asks.mjs';
import { ByteReader, ByteWriter } from './bytes.mjs';
import { PlatformError } from './problems.mjs';
import { maxValue, writeValue } from './values.mjs';

const publishRequest = 0x05;
const Flag = Object.freeze({ key: 1, properties: 2, eventTime: 4, delay: 8, sequenceId: 16, producer: 32 });
const failed = 1;

// Most messages in one request; a batch of 10,000 has no better throughput, and its first message waits for the last.
const maxMessages = 1000;

// The request's kind and the number of messages, which takes one byte or two.
const headBytes = 3;
const start = askPrefix + headBytes;

// Memory that a batch keeps between requests.
const keptBytes = 64 * 1024;

// A request that has so much goes out: what follows it need not wait for the disk to take megabytes.
const fullBytes = 1024 * 1024;

export class Publishing {
  #asks;
  #out = new ByteWriter();
  #messages = [];
  #scheduled = false;
  #flushSoon = () => {
    this.#scheduled = false;
    this.flush();
  };

  constructor(asks) {
    this.#asks = asks;
    this.#out.length = start;
  }

  /** Publishes a message; the promise gives its id when it is durable. */
  publish(topic, message, options = {}) {
    const before = this.#out.length;
    try {
      writeMessage(this.#out, topic, message, options);
      checkSize(this.#out.length - before, topic);
    } catch (error) {
      this.#out.length = before;
      return Promise.reject(error);
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#flushSoon);
    }
    const published = new Promise((resolve, reject) => {
      this.#messages.push({ resolve, reject });
    });
    if (this.#out.length > fullBytes || this.#messages.length >= maxMessages) {
      this.flush();
    }
    return published;
  }

  /** Sends what was published. */
  flush() {
    const messages = this.#messages;
    if (messages.length === 0) {
      return;
    }
    this.#messages = [];
    const out = this.#out;
    const end = out.length;
    const from = messages.length < 0x80 ? 1 : 0;
    out.length = askPrefix + from;
    out.byte(publishRequest);
    out.varint(messages.length);
    out.length = end;
    this.#asks.ask(out.from(from), (answer) => settle(messages, answer));
    out.reset(keptBytes);
    out.length = start;
  }
}

const known = new Set(['key', 'properties', 'eventTime', 'deliverAfter', 'sequenceId', 'producer']);

// A misspelt `key` would cost the message its order, and nobody would know.
function requireKnown(options) {
  for (const name in options) {
    if (!known.has(name)) {
      throw new TypeError(`'${name}' is no option of a message; there are ${[...known].join(', ')}`);
    }
  }
}

function writeMessage(out, topic, message, options) {
  if (typeof topic !== 'string') {
    throw new TypeError(`a topic's name is text, not ${topic === null ? 'null' : typeof topic}`);
  }
  requireKnown(options);
  const { key, properties, eventTime, deliverAfter, sequenceId, producer } = options;
  const pairs = properties === undefined ? [] : Object.entries(properties);
  out.text(topic);
  out.byte(
    (key === undefined ? 0 : Flag.key) |
      (pairs.length === 0 ? 0 : Flag.properties) |
      (eventTime === undefined ? 0 : Flag.eventTime) |
      (deliverAfter === undefined ? 0 : Flag.delay) |
      (sequenceId === undefined ? 0 : Flag.sequenceId) |
      (producer === undefined ? 0 : Flag.producer),
  );
  writeValue(out, message);
  if (key !== undefined) {
    out.text(String(key));
  }
  if (pairs.length > 0) {
    out.varint(pairs.length);
    for (const [name, value] of pairs) {
      out.text(name);
      out.text(String(value));
    }
  }
  if (eventTime !== undefined) {
    out.varint(whole(Number(eventTime), 'eventTime'));
  }
  if (deliverAfter !== undefined) {
    out.varint(whole(deliverAfter, 'deliverAfter', ' of milliseconds'));
  }
  if (sequenceId !== undefined) {
    out.varint(whole(sequenceId, 'sequenceId'));
  }
  if (producer !== undefined) {
    out.text(String(producer));
  }
}

function whole(number, name, unit = '') {
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new TypeError(`${name} is ${number}; it must be a whole number${unit} from 0 on`);
  }
  return number;
}

// The node says what a topic takes; a request beyond what the channel takes would end the instance.
function checkSize(size, topic) {
  if (size > maxValue || size > maxRequest - start) {
    throw new PlatformError({
      type: 'message-too-large',
      status: 413,
      detail: `The message for '${topic}' has more than 16 MiB.`,
      fix: 'Put what is large into shared state and publish its key.',
    });
  }
}

function settle(messages, answer) {
  if (answer[0] === failed) {
    const problem = JSON.parse(answer.utf8Slice(1, answer.length));
    for (const message of messages) {
      message.reject(new PlatformError(problem));
    }
    return;
  }
  const reader = new ByteReader(answer, 1);
  reader.varint();
  for (const message of messages) {
    if (reader.byte() === failed) {
      message.reject(new PlatformError(JSON.parse(reader.bytes().toString())));
    } else {
      message.resolve(reader.text());
    }
  }
}
