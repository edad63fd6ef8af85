// The commands of shared state: how each is written into a request, and what its result means.
import { writeValue } from './values.mjs';

export const Code = Object.freeze({ get: 1, put: 2, delete: 3, list: 4, watch: 5, update: 6, query: 7, increment: 8 });
export const versionWanted = 1;
export const versionKnown = 2;
const timeToLive = 1;
const condition = 2;

export const Found = Object.freeze({ absent: 0, value: 1, unchanged: 2, siblings: 3 });

/** Bytes of a version. */
export const versionBytes = 16;

/** Gives what a key holds as `use(found)`: undefined, or `{encoded, version, siblings, cached}`. */
export class Get {
  /** @param {CachedValue | undefined} cached what the worker has */
  constructor(key, wantsVersion, cached) {
    this.key = key;
    this.wantsVersion = wantsVersion || cached !== undefined;
    this.cached = cached;
  }

  write(out) {
    out.byte(Code.get);
    out.text(this.key);
    out.byte((this.wantsVersion ? versionWanted : 0) | (this.cached === undefined ? 0 : versionKnown));
    if (this.cached !== undefined) {
      out.raw(this.cached.version);
    }
  }

  read(answer) {
    switch (answer.byte()) {
      case Found.absent:
        return undefined;
      case Found.unchanged:
        return { cached: this.cached, version: this.cached.version };
      case Found.siblings: {
        const version = this.wantsVersion ? answer.take(versionBytes) : null;
        const siblings = readMany(answer, (one) => one.bytes());
        return { encoded: siblings[0], version, siblings };
      }
      default: {
        const version = this.wantsVersion ? answer.take(versionBytes) : null;
        return { encoded: answer.bytes(), version };
      }
    }
  }
}

/** Gives the version. */
export class Put {
  constructor(key, value, ttl, expected) {
    this.key = key;
    this.value = value;
    this.ttl = ttl;
    this.expected = expected;
  }

  write(out) {
    out.byte(Code.put);
    out.text(this.key);
    out.byte((this.ttl === undefined ? 0 : timeToLive) | (this.expected === undefined ? 0 : condition));
    writeValue(out, this.value);
    if (this.ttl !== undefined) {
      out.varint(this.ttl);
    }
    if (this.expected !== undefined) {
      out.raw(this.expected);
    }
  }

  read(answer) {
    return versionText(answer.take(versionBytes));
  }
}

/** Gives whether it existed. */
export class Delete {
  constructor(key) {
    this.key = key;
  }

  write(out) {
    out.byte(Code.delete);
    out.text(this.key);
  }

  read(answer) {
    return answer.byte() === 1;
  }
}

/** Gives `{items: [{key, kind}], more}`. */
export class List {
  constructor(prefix, after, limit) {
    this.prefix = prefix;
    this.after = after;
    this.limit = limit;
  }

  write(out) {
    out.byte(Code.list);
    out.text(this.prefix);
    out.text(this.after);
    out.varint(this.limit);
  }

  read(answer) {
    const items = readMany(answer, (one) => ({ key: one.text(), kind: one.text() }));
    return { items, more: answer.byte() === 1 };
  }
}

/** Where a watch begins that has no cursor yet. */
export const fromNow = Buffer.from([0]);

/** Gives `{cursor, items: [{key, encoded}]}`; of a deleted key `encoded` is null. */
export class Watch {
  constructor(prefix, cursor, patience, limit) {
    this.prefix = prefix;
    this.cursor = cursor;
    this.patience = patience;
    this.limit = limit;
  }

  write(out) {
    out.byte(Code.watch);
    out.text(this.prefix);
    out.raw(this.cursor);
    out.varint(this.patience);
    out.varint(this.limit);
  }

  read(answer) {
    const cursor = answer.rawVarint();
    const items = readMany(answer, (one) => ({ key: one.text(), encoded: one.byte() === 1 ? one.bytes() : null }));
    return { cursor, items };
  }
}

/** Gives the encoded value of the answer. */
class JsonCommand {
  constructor(code, key, json) {
    this.code = code;
    this.key = key;
    this.json = json;
  }

  write(out) {
    out.byte(this.code);
    out.text(this.key);
    out.text(this.json);
  }

  read(answer) {
    return answer.bytes();
  }
}

export class Update extends JsonCommand {
  constructor(key, json) {
    super(Code.update, key, json);
  }
}

export class Query extends JsonCommand {
  constructor(key, json) {
    super(Code.query, key, json);
  }
}

/** Gives the counter: a number, or beyond 2^53 a bigint. */
export class Increment {
  constructor(key, amount) {
    this.key = key;
    this.amount = amount;
  }

  write(out) {
    out.byte(Code.increment);
    out.text(this.key);
    out.signed(this.amount);
  }

  read(answer) {
    const value = answer.signed();
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
}

// Both halves of a version are little-endian numbers; its text is their hexadecimal digits, as everywhere.
export function versionText(bytes) {
  return half(bytes, 0) + half(bytes, 8);
}

/** @param {string} text 32 hexadecimal digits */
export function versionFromText(text) {
  if (typeof text !== 'string' || !/^[0-9a-f]{32}$/.test(text)) {
    throw new TypeError(`'${text}' is no version: it has 32 hexadecimal digits, as getVersioned and put give them`);
  }
  const bytes = Buffer.allocUnsafe(versionBytes);
  bytes.writeBigUInt64LE(BigInt(`0x${text.slice(0, 16)}`), 0);
  bytes.writeBigUInt64LE(BigInt(`0x${text.slice(16)}`), 8);
  return bytes;
}

function half(bytes, at) {
  return bytes.readBigUInt64LE(at).toString(16).padStart(16, '0');
}

function readMany(answer, readOne) {
  const items = [];
  for (let left = answer.varint(); left > 0; left--) {
    items.push(readOne(answer));
  }
  return items;
}
