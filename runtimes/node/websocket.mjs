// An accepted WebSocket: see docs/worker-protocol.md, "WebSockets".
import { Kind, maxPieceBody } from './channel.mjs';
import { ReceivedPieces, SendCredit } from './flow.mjs';

const normalClosure = 1000;

/**
 * `for await (const message of socket)` gives text as strings and binary messages as Buffers, until either side
 * closes.
 */
export class WebSocket {
  #channel;
  #call;
  #credit = new SendCredit();
  #received;
  #lastSend = Promise.resolve(true);
  #pendingSends = 0;
  #closeSent = false;
  #closeReceived = false;
  #onEnded;

  constructor(channel, call, onEnded) {
    this.#channel = channel;
    this.#call = call;
    this.#received = new ReceivedPieces(channel, call);
    this.#onEnded = onEnded;
  }

  /** The code and reason that the client closed with; null while it has not. */
  closed = null;

  /**
   * Sends text or bytes, at most 256 KiB. Resolves to true once the message is on its way, which takes as long as the
   * client is slow, and to false when the socket is closed.
   */
  send(data) {
    const text = typeof data === 'string';
    const bytes = text ? Buffer.from(data) : new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
    if (bytes.length > maxPieceBody) {
      return Promise.reject(new RangeError(`a message has ${bytes.length} bytes; the limit is ${maxPieceBody}`));
    }
    if (this.#pendingSends === 0 && bytes.length <= this.#credit.available) {
      return Promise.resolve(this.#sendNow(text, bytes));
    }
    this.#pendingSends++;
    const sent = this.#lastSend.then(() => this.#sendWhenPossible(text, bytes));
    this.#lastSend = sent;
    return sent;
  }

  /** Closes; messages sent before still go out. */
  close(code = normalClosure, reason = '') {
    if (this.#pendingSends > 0) {
      this.#lastSend.then(() => this.#sendEnd({ code, reason }));
    } else {
      this.#sendEnd({ code, reason });
    }
  }

  [Symbol.asyncIterator]() {
    return this.#received;
  }

  /** @internal the handler threw */
  fail(error) {
    this.#sendEnd({ code: 1011, reason: 'the function failed', error });
  }

  /** @internal */
  receiveMessage(header, body) {
    this.#received.push(header.text === true ? body.toString('utf8') : body, body.length);
  }

  /** @internal */
  receiveEnd({ code = normalClosure, reason = '' }) {
    this.closed = { code, reason };
    this.#closeReceived = true;
    this.#received.end();
    this.#credit.fail(new Error('closed'));
    this.#sendEnd({ code, reason });
    this.#endWhenBothClosed();
  }

  /** @internal */
  receiveCredit(bytes) {
    this.#credit.add(bytes);
  }

  /** @internal the node gave the call up */
  cancel(error) {
    // The client's END does not come any more.
    this.#closeReceived = true;
    this.#received.fail(error);
    this.#credit.fail(error);
    this.#endWhenBothClosed();
  }

  async #sendWhenPossible(text, bytes) {
    try {
      while (!this.#closeSent && bytes.length > this.#credit.available) {
        await this.#credit.wait();
      }
      return this.#sendNow(text, bytes);
    } catch {
      // The wait for credit fails when the socket closes, which the caller learns from the result.
      return false;
    } finally {
      this.#pendingSends--;
    }
  }

  #sendNow(text, bytes) {
    if (this.#closeSent) {
      return false;
    }
    this.#credit.take(bytes.length);
    this.#channel.send(Kind.message, this.#call, text ? '{"text":true}' : '', bytes);
    return true;
  }

  #sendEnd(header) {
    if (this.#closeSent) {
      return;
    }
    this.#closeSent = true;
    if (!this.#closeReceived) {
      this.#received.discard();
    }
    this.#channel.send(Kind.end, this.#call, JSON.stringify(header));
    this.#endWhenBothClosed();
  }

  #endWhenBothClosed() {
    if (this.#closeSent && this.#closeReceived) {
      this.#onEnded();
    }
  }
}
