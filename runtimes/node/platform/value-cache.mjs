// Large values that this worker has read lately: their versions are asked for at every read, their contents are not sent again.
import { decodeValue, isMutable } from './values.mjs';

/** Smaller ones are sent as quickly as they are found here. */
export const minCached = 4096;

// What a decoded JSON value occupies of V8's heap, in multiples of its text: measured with records of short texts and numbers.
const decodedFactor = 4;

/** Least recently used out first, by bytes. */
export class ValueCache {
  #limit;
  #entries = new Map();
  #bytes = 0;

  /** @param {number} limit in bytes */
  constructor(limit) {
    this.#limit = limit;
  }

  /** The entry of a key, now the most recently used; undefined when there is none. */
  find(key) {
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#entries.size > 1) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** Keeps a value if it is worth it; returns its entry either way. `encoded` belongs to the cache from now on. */
  add(key, version, encoded) {
    const entry = new CachedValue(version, encoded);
    this.remove(key);
    if (encoded.length >= minCached && encoded.length <= this.#limit) {
      this.#entries.set(key, entry);
      this.#bytes += entry.size;
      this.#shrink();
    }
    return entry;
  }

  remove(key) {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      this.#entries.delete(key);
      this.#bytes -= entry.size;
    }
  }

  /** The decoded value, the same object for everyone who asks. */
  shared(key, entry) {
    if (entry.decoded === undefined) {
      entry.decoded = decodeValue(entry.encoded, true);
      if (this.#entries.get(key) === entry) {
        this.#bytes += entry.grow();
        this.#shrink();
      }
    }
    return entry.decoded;
  }

  clear() {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #shrink() {
    for (const key of this.#entries.keys()) {
      if (this.#bytes <= this.#limit) {
        return;
      }
      this.remove(key);
    }
  }
}

class CachedValue {
  decoded = undefined;

  constructor(version, encoded) {
    this.version = version;
    this.encoded = encoded;
    this.size = encoded.length;
  }

  /** A copy of its own for whoever asks. */
  copy() {
    return isMutable(this.encoded) ? decodeValue(this.encoded, false) : (this.decoded ??= decodeValue(this.encoded, true));
  }

  grow() {
    const added = this.encoded[0] === 0 ? 0 : this.encoded.length * (this.encoded[0] === 1 ? decodedFactor : 1);
    this.size += added;
    return added;
  }
}
