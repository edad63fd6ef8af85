// Requests of one call to the platform, and their answers: frames ASK, ANSWER and WITHDRAW.
import { Kind, maxPieceBody } from '../channel.mjs';

/** Greatest request, in bytes. */
export const maxRequest = 17 * 1024 * 1024;

/** Requests of a call that are open at a time: half of what the node allows, because it counts one that was withdrawn a little longer. Others wait here. */
const maxOpen = 512;

/** Bytes that `ask` needs in front of a request. */
export const askPrefix = 5;

const piece = maxPieceBody - askPrefix;
const moreFollows = 1;

export class Asks {
  #channel;
  #call;
  #open = new Map();
  // Requests that are not sent yet, in their order: id to a copy.
  #waiting = new Map();
  #nextId = 1;

  constructor(channel, call) {
    this.#channel = channel;
    this.#call = call;
  }

  /**
   * Sends a request. `onAnswer` gets the whole answer, a Buffer whose memory is its own.
   * @param {Buffer} request with `askPrefix` unused bytes in front; may be used again afterwards
   * @returns {number} the id by which it can be withdrawn
   */
  ask(request, onAnswer) {
    const id = this.#nextId;
    this.#nextId = id === 0xffffffff ? 1 : id + 1;
    const ask = { onAnswer, pieces: null };
    if (this.#open.size >= maxOpen || this.#waiting.size > 0) {
      this.#waiting.set(id, { ask, request: Buffer.from(request) });
    } else {
      this.#begin(id, ask, request);
    }
    return id;
  }

  #begin(id, ask, request) {
    this.#open.set(id, ask);
    let start = 0;
    while (request.length - askPrefix - start > piece) {
      this.#send(request, start, start + piece, id, moreFollows);
      start += piece;
    }
    this.#send(request, start, request.length - askPrefix, id, 0);
  }

  #beginNext() {
    if (this.#waiting.size > 0 && this.#open.size < maxOpen) {
      const [id, { ask, request }] = this.#waiting.entries().next().value;
      this.#waiting.delete(id);
      this.#begin(id, ask, request);
    }
  }

  /** Nobody waits for the answer any more. */
  withdraw(id) {
    if (this.#waiting.delete(id)) {
      return;
    }
    if (this.#open.delete(id)) {
      const body = Buffer.allocUnsafe(4);
      body.writeUInt32LE(id, 0);
      this.#channel.send(Kind.withdraw, this.#call, '', body);
      this.#beginNext();
    }
  }

  receive(body) {
    const id = body.readUInt32LE(0);
    const ask = this.#open.get(id);
    if (ask === undefined) {
      return;
    }
    const content = body.subarray(askPrefix);
    if (body[4] === moreFollows) {
      (ask.pieces ??= []).push(content);
      return;
    }
    this.#open.delete(id);
    this.#beginNext();
    if (ask.pieces === null) {
      ask.onAnswer(content);
    } else {
      ask.pieces.push(content);
      ask.onAnswer(Buffer.concat(ask.pieces));
    }
  }

  // The piece's prefix overwrites bytes that have been sent already, or those in front of the request.
  #send(request, start, end, id, flags) {
    request.writeUInt32LE(id, start);
    request[start + 4] = flags;
    this.#channel.send(Kind.ask, this.#call, '', request.subarray(start, end + askPrefix));
  }
}
