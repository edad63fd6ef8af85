// Flow control of one direction of one call: see docs/worker-protocol.md, "Flow control".
import { Kind } from './channel.mjs';

/** Bytes that each direction of a call may send before the first WINDOW. */
export const initialCredit = 1024 * 1024;

// Credit is given back in portions: one WINDOW for several pieces, and always long before the sender runs dry.
const creditPortion = 256 * 1024;

/** Encodes the body of a WINDOW frame. */
export function windowBody(bytes) {
  const body = Buffer.allocUnsafe(4);
  body.writeUInt32LE(bytes);
  return body;
}

/** Credit to send. */
export class SendCredit {
  #available = initialCredit;
  #waiting = null;
  #failure = null;

  get available() {
    return this.#available;
  }

  take(bytes) {
    this.#available -= bytes;
  }

  add(bytes) {
    this.#available += bytes;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve();
  }

  /** Makes the present and every later wait fail. */
  fail(error) {
    this.#failure ??= error;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(this.#failure);
  }

  /** Settles when there is more credit than before. One sender waits at a time. */
  wait() {
    if (this.#failure !== null) {
      return Promise.reject(this.#failure);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}

/**
 * Pieces that the node sends for one call, in order: an async iterable that one reader consumes. Credit is given back
 * as pieces are consumed, or at once after `discard`.
 */
export class ReceivedPieces {
  #channel;
  #call;
  #queue = [];
  #owed = 0;
  #ended = false;
  #failure = null;
  #discarding = false;
  #waiting = null;

  constructor(channel, call) {
    this.#channel = channel;
    this.#call = call;
  }

  /** @param piece what the reader gets; @param bytes the credit it is worth */
  push(piece, bytes) {
    if (this.#discarding) {
      this.#giveBack(bytes);
    } else if (this.#waiting !== null) {
      this.#giveBack(bytes);
      this.#settle().resolve({ value: piece, done: false });
    } else {
      this.#queue.push({ piece, bytes });
    }
  }

  end() {
    this.#ended = true;
    if (this.#waiting !== null) {
      this.#settle().resolve({ value: undefined, done: true });
    }
  }

  /** The reader sees `error` once it has read what came before. */
  fail(error) {
    this.#failure ??= error;
    if (this.#waiting !== null) {
      this.#settle().reject(this.#failure);
    }
  }

  /** Nobody reads any more: what came and what comes is dropped, its credit given back. */
  discard() {
    this.#discarding = true;
    for (const { bytes } of this.#queue) {
      this.#giveBack(bytes);
    }
    this.#queue.length = 0;
  }

  next() {
    const first = this.#queue.shift();
    if (first !== undefined) {
      this.#giveBack(first.bytes);
      return Promise.resolve({ value: first.piece, done: false });
    }
    if (this.#failure !== null) {
      return Promise.reject(this.#failure);
    }
    if (this.#ended || this.#discarding) {
      return Promise.resolve({ value: undefined, done: true });
    }
    if (this.#waiting !== null) {
      return Promise.reject(new Error('the stream is already being read'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return() {
    this.discard();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  #settle() {
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }

  #giveBack(bytes) {
    this.#owed += bytes;
    if (this.#owed >= creditPortion && !this.#ended) {
      this.#channel.send(Kind.window, this.#call, '', windowBody(this.#owed));
      this.#owed = 0;
    }
  }
}
