// The primitives of requests and answers: see docs/worker-protocol.md, "What a function asks of the platform".

const startSize = 1024;

/** A buffer that grows: numbers, texts and bytes one behind the other. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(startSize);

  /** How many bytes have been written; may be set back. */
  length = 0;

  /** What lies from `start` on; valid until the next write. */
  from(start) {
    return this.#bytes.subarray(start, this.length);
  }

  /** Empties it, and gives back what a large request needed. */
  reset(keep) {
    this.length = 0;
    if (this.#bytes.length > keep) {
      this.#bytes = Buffer.allocUnsafeSlow(startSize);
    }
  }

  byte(value) {
    this.#room(1);
    this.#bytes[this.length++] = value;
  }

  /** @param {number} value a whole number from 0 to 2^53 */
  varint(value) {
    this.#room(10);
    while (value >= 0x80) {
      this.#bytes[this.length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.length++] = value;
  }

  /** @param {bigint} value of 64 bits */
  signed(value) {
    this.#room(10);
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest >= 0x80n) {
      this.#bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.length++] = Number(rest);
  }

  /** @param {string} value */
  text(value) {
    const { length } = value;
    // Of short texts the length in bytes is known to fit into one byte before they are written.
    if (length * 3 < 0x80) {
      this.#room(1 + length * 3);
      const written = this.#ascii(value, this.length + 1) ? length : this.#bytes.utf8Write(value, this.length + 1);
      this.#bytes[this.length] = written;
      this.length += 1 + written;
      return;
    }
    const size = Buffer.byteLength(value);
    this.varint(size);
    this.#room(size);
    this.length += this.#bytes.write(value, this.length, 'utf8');
  }

  /** A text with nothing before it, whose size in bytes is known. */
  rawText(value, size) {
    this.#room(size);
    this.length += this.#bytes.write(value, this.length, 'utf8');
  }

  /** Bytes with nothing before them. */
  raw(bytes) {
    this.#room(bytes.byteLength);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  // Most keys are short and ASCII: written here they cost a tenth of a call into the engine's own code. Says whether the text was one of them.
  #ascii(value, at) {
    const bytes = this.#bytes;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        return false;
      }
      bytes[at + i] = code;
    }
    return true;
  }

  #room(size) {
    const needed = this.length + size;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
  }
}

/** Reads what `ByteWriter` writes. */
export class ByteReader {
  /** @param {Buffer} memory @param {number} [at] where the next thing begins */
  constructor(memory, at = 0) {
    this.memory = memory;
    this.at = at;
  }

  byte() {
    return this.memory[this.at++];
  }

  varint() {
    let byte = this.memory[this.at++];
    if (byte < 0x80) {
      return byte;
    }
    let value = byte & 0x7f;
    let unit = 0x80;
    do {
      byte = this.memory[this.at++];
      value += (byte & 0x7f) * unit;
      unit *= 0x80;
    } while (byte >= 0x80);
    return value;
  }

  /** A varint as it stands, for numbers that only go back where they came from: they may be beyond 2^53. */
  rawVarint() {
    const start = this.at;
    while (this.memory[this.at++] >= 0x80);
    return Buffer.from(this.memory.subarray(start, this.at));
  }

  signed() {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.memory[this.at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        return (value >> 1n) ^ -(value & 1n);
      }
    }
  }

  text() {
    const end = this.varint() + this.at;
    const text = this.memory.utf8Slice(this.at, end);
    this.at = end;
    return text;
  }

  /** A part of the same memory. */
  bytes() {
    return this.take(this.varint());
  }

  /** So many bytes, of the same memory. */
  take(count) {
    const start = this.at;
    this.at += count;
    return this.memory.subarray(start, this.at);
  }

  rest() {
    return this.memory.subarray(this.at);
  }
}
