// Frames over file descriptors: see docs/worker-protocol.md, "Frame".
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';

export const Kind = Object.freeze({
  hello: 0x01,
  specialise: 0x02,
  specialised: 0x03,
  shutdown: 0x04,
  restore: 0x05,
  restored: 0x06,
  call: 0x10,
  result: 0x11,
  error: 0x12,
  cancel: 0x13,
  body: 0x14,
  end: 0x15,
  window: 0x16,
  log: 0x17,
  message: 0x18,
  ask: 0x20,
  answer: 0x21,
  withdraw: 0x22,
});

/** Greatest body, in bytes, of a CALL, RESULT or LOG frame. */
export const maxInlineBody = 64 * 1024;
/** Greatest body, in bytes, of a BODY or MESSAGE frame. */
export const maxPieceBody = 256 * 1024;

const prefixLength = 13;
const minLength = 9;
const maxLength = 1024 * 1024 + 64 * 1024;
const readBufferSize = 128 * 1024;
const outBufferSize = 128 * 1024;
const emptyHeader = Object.freeze({});
const emptyBody = Buffer.alloc(0);

// A worker whose node does not read its log lines waits a little, like a process that writes to a full pipe, then
// keeps at most this much of them and drops the rest, so that a stalled node never becomes a full memory.
const logPatienceMilliseconds = 250;
const maxLogBacklog = 1024 * 1024;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** The bytes on the channel are no valid frame. */
export class ProtocolError extends Error {
  name = 'ProtocolError';
}

/**
 * Cuts a stream of bytes into frames and hands each to `onFrame(kind, call, header, body)`. The header is parsed; the
 * body belongs to the receiver. A frame that lies whole in what was read costs one copy of its body; a frame that
 * comes in several reads is gathered in a buffer of its own, which then is the body's memory.
 */
export class FrameReader {
  #onFrame;
  #partial = null;
  #partialLength = 0;
  #prefix = Buffer.alloc(4);
  #prefixLength = 0;

  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  /** Takes `buffer[0, end)`; keeps no reference to it. */
  push(buffer, end) {
    let at = this.#prefixLength > 0 || this.#partial !== null ? this.#resume(buffer, end) : 0;
    while (end - at >= 4) {
      const length = checkedLength(buffer.readUInt32LE(at));
      const next = at + 4 + length;
      if (next > end) {
        this.#partial = Buffer.allocUnsafeSlow(4 + length);
        this.#partialLength = buffer.copy(this.#partial, 0, at, end);
        return;
      }
      this.#dispatch(buffer, at, next, false);
      at = next;
    }
    if (at < end) {
      this.#prefixLength = buffer.copy(this.#prefix, 0, at, end);
    }
  }

  /** Completes the frame that the last read left open; returns where the next frame starts. */
  #resume(buffer, end) {
    let at = 0;
    if (this.#partial === null) {
      at = buffer.copy(this.#prefix, this.#prefixLength, 0, Math.min(end, 4 - this.#prefixLength));
      this.#prefixLength += at;
      if (this.#prefixLength < 4) {
        return at;
      }
      this.#partial = Buffer.allocUnsafeSlow(4 + checkedLength(this.#prefix.readUInt32LE(0)));
      this.#partialLength = this.#prefix.copy(this.#partial);
      this.#prefixLength = 0;
    }
    const partial = this.#partial;
    const taken = buffer.copy(partial, this.#partialLength, at, end);
    this.#partialLength += taken;
    if (this.#partialLength === partial.length) {
      this.#partial = null;
      this.#dispatch(partial, 0, partial.length, true);
    }
    return at + taken;
  }

  #dispatch(buffer, start, end, owned) {
    const headerLength = buffer.readUInt32LE(start + 9);
    const bodyStart = start + prefixLength + headerLength;
    if (bodyStart > end) {
      throw new ProtocolError(`a header of ${headerLength} bytes does not fit in its frame`);
    }
    let header = emptyHeader;
    if (headerLength > 0) {
      try {
        header = JSON.parse(buffer.toString('utf8', start + prefixLength, bodyStart));
      } catch (error) {
        throw new ProtocolError(`a frame's header is not JSON: ${error.message}`);
      }
    }
    let body = emptyBody;
    if (bodyStart < end) {
      if (owned) {
        body = buffer.subarray(bodyStart, end);
      } else {
        body = Buffer.allocUnsafe(end - bodyStart);
        buffer.copy(body, 0, bodyStart, end);
      }
    }
    this.#onFrame(buffer[start + 4], buffer.readUInt32LE(start + 5), header, body);
  }
}

function checkedLength(length) {
  if (length < minLength || length > maxLength) {
    throw new ProtocolError(`a frame's length is ${length}; it must be ${minLength} to ${maxLength}`);
  }
  return length;
}

/**
 * The worker's end of the channel. Frames sent within one turn of the event loop leave in one write, made when the
 * turn's promises have settled. The write is a plain `write(2)`: it costs a third of what a stream's write costs, and
 * it has happened when it returns, so that nothing is lost when user code ends the process. Only what the kernel does
 * not take at once goes through the stream.
 */
export class Channel {
  #reader;
  #input;
  #output;
  #outputDescriptor;
  #out = Buffer.allocUnsafeSlow(outBufferSize);
  #used = 0;
  #flushScheduled = false;
  #droppedLines = 0;
  #onClosed;
  #flushSoon = () => {
    this.#flushScheduled = false;
    this.flush();
  };

  /**
   * @param {{input: number, output: number}} descriptors one socket twice, or two pipes
   * @param {{onFrame: Function, onClosed: (error?: Error) => void}} events
   */
  constructor({ input, output }, { onFrame, onClosed }) {
    this.#reader = new FrameReader(onFrame);
    this.#onClosed = onClosed;
    this.#outputDescriptor = output;
    const duplex = input === output;
    this.#input = new Socket({
      fd: input,
      readable: true,
      writable: duplex,
      allowHalfOpen: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBufferSize),
        callback: (count, buffer) => this.#read(count, buffer),
      },
    });
    this.#output = duplex ? this.#input : new Socket({ fd: output, readable: false, writable: true });
    this.#input.on('end', () => onClosed());
    this.#input.on('error', onClosed);
    if (!duplex) {
      this.#output.on('error', onClosed);
    }
  }

  #read(count, buffer) {
    try {
      this.#reader.push(buffer, count);
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        throw error;
      }
      this.#onClosed(error);
    }
    return true;
  }

  /** Sends one frame: `header` is JSON text or `''`, `body` text, bytes or nothing. */
  send(kind, call, header = '', body = emptyBody) {
    const isText = typeof body === 'string';
    // A UTF-16 unit is at most three bytes of UTF-8.
    const room = prefixLength + header.length * 3 + (isText ? body.length * 3 : body.byteLength);
    if (room > outBufferSize - this.#used) {
      this.flush();
      if (room > outBufferSize) {
        this.#sendLarge(kind, call, header, body);
        return;
      }
    }
    const out = this.#out;
    const start = this.#used;
    let at = start + prefixLength;
    const headerLength = header.length === 0 ? 0 : out.write(header, at, 'utf8');
    at += headerLength;
    if (isText) {
      at += out.write(body, at, 'utf8');
    } else if (body.byteLength > 0) {
      out.set(body, at);
      at += body.byteLength;
    }
    writePrefix(out, start, kind, call, headerLength, at - start);
    this.#used = at;
    if (!this.#flushScheduled) {
      this.#flushScheduled = true;
      process.nextTick(this.#flushSoon);
    }
  }

  #sendLarge(kind, call, header, body) {
    const headerLength = Buffer.byteLength(header);
    const bodyLength = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
    const frame = Buffer.allocUnsafe(prefixLength + headerLength + bodyLength);
    writePrefix(frame, 0, kind, call, headerLength, frame.length);
    frame.write(header, prefixLength, 'utf8');
    if (typeof body === 'string') {
      frame.write(body, prefixLength + headerLength, 'utf8');
    } else {
      frame.set(body, prefixLength + headerLength);
    }
    const written = this.#tryWrite(frame, 0, frame.length);
    if (written < frame.length) {
      this.#output.write(frame.subarray(written));
    }
  }

  /**
   * Sends one LOG frame, at once, so that the line is out even when the code that printed it never yields or kills
   * the process.
   */
  log(call, header, text) {
    if (this.#output.writableLength > maxLogBacklog) {
      if (this.#droppedLines === 0) {
        this.#output.once('drain', () => this.#reportDroppedLines());
      }
      this.#droppedLines++;
      return;
    }
    this.send(Kind.log, call, header, text);
    this.flush(logPatienceMilliseconds);
  }

  #reportDroppedLines() {
    const notice = `… ${this.#droppedLines} lines dropped: the node did not read them in time`;
    this.#droppedLines = 0;
    this.send(Kind.log, 0, '{"level":"warn"}', notice);
  }

  /** Writes what is gathered; for at most `patience` milliseconds it waits for the kernel to take it. */
  flush(patience = 0) {
    const end = this.#used;
    if (end === 0) {
      return;
    }
    let at = this.#tryWrite(this.#out, 0, end);
    for (let waited = 0; at < end && waited < patience && this.#output.writableLength === 0; waited++) {
      Atomics.wait(pause, 0, 0, 1);
      at += this.#tryWrite(this.#out, at, end);
    }
    if (at < end) {
      this.#output.write(Buffer.from(this.#out.subarray(at, end)));
    }
    this.#used = 0;
  }

  /** Returns how many bytes of `buffer[at, end)` the kernel took; 0 while earlier bytes wait in the stream. */
  #tryWrite(buffer, at, end) {
    if (this.#output.writableLength > 0) {
      return 0;
    }
    try {
      return writeSync(this.#outputDescriptor, buffer, at, end - at);
    } catch (error) {
      if (error.code === 'EAGAIN') {
        return 0;
      }
      this.#onClosed(error);
      return end - at;
    }
  }

  /** Calls `then` when every frame sent so far has left the process. */
  drain(then) {
    this.flush();
    if (this.#output.writableLength === 0) {
      then();
    } else {
      this.#output.write(emptyBody, () => then());
    }
  }
}

function writePrefix(buffer, at, kind, call, headerLength, frameLength) {
  buffer.writeUInt32LE(frameLength - 4, at);
  buffer[at + 4] = kind;
  buffer.writeUInt32LE(call, at + 5);
  buffer.writeUInt32LE(headerLength, at + 9);
}
