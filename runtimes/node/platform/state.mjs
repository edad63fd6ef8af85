// ctx.state: what functions share.
import { StateBatch } from './batch.mjs';
import { Delete, Get, Increment, List, Put, Query, Update, Watch, fromNow, versionFromText, versionText } from './commands.mjs';
import { GetMany } from './many.mjs';
import { decodeValue } from './values.mjs';
import { Bloom, CountMin, HyperLogLog, Quantiles, Reservoir, Theta, TopK } from './sketches.mjs';
import { Counter, Flag, GrowSet, Log, MapView, Max, Min, OrderedSet, SetView } from './views.mjs';

const absentVersion = Buffer.alloc(16);
const pageSize = 1000;

// So many gets take less than 4 MB of a request.
const mostAtOnce = 1000;
const maxKey = 1024;
const watchPatience = 30_000;

export class State {
  #batch;
  #cache;

  constructor(asks, cache) {
    this.#batch = new StateBatch(asks);
    this.#cache = cache;
  }

  /** What a key holds; undefined when it does not exist. */
  async get(key, { shared = false } = {}) {
    const found = await this.#find(key);
    return found === undefined ? undefined : this.#value(key, found, shared);
  }

  /** The same for several keys: a Map of those that exist. */
  async getMany(keys, { shared = false } = {}) {
    const list = [...keys];
    for (const key of list) {
      if (checkedKey(key).length > maxKey) {
        // The node says what is wrong with it.
        await this.get(key);
      }
    }
    const values = new Array(list.length).fill(undefined);
    const parts = [];
    for (let from = 0; from < list.length; from += mostAtOnce) {
      parts.push(this.#batch.add(new GetMany(list, values, from, Math.min(list.length, from + mostAtOnce), this.#cache, shared)));
    }
    await Promise.all(parts);
    const found = new Map();
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== undefined) {
        found.set(list[i], values[i]);
      }
    }
    return found;
  }

  /** `{value, version}`, and with concurrent versions `siblings`: all of them. */
  async getVersioned(key) {
    const found = await this.#find(key);
    if (found === undefined) {
      return undefined;
    }
    const version = versionText(found.version);
    const value = this.#value(key, found, false);
    return found.siblings === undefined
      ? { value, version }
      : { value, version, siblings: found.siblings.map((one) => decodeValue(one, false)) };
  }

  /** Puts a value; gives its version. */
  async put(key, value, { ttl, ifVersion, ifAbsent = false } = {}) {
    const expected = ifAbsent ? absentVersion : ifVersion === undefined ? undefined : versionFromText(ifVersion);
    if (ttl !== undefined && !(Number.isSafeInteger(ttl) && ttl > 0)) {
      throw new TypeError(`ttl is ${ttl}; it must be a whole number of milliseconds`);
    }
    return this.#batch.add(new Put(checkedKey(key), value, ttl, expected));
  }

  /** Deletes a key; gives whether it existed. */
  async delete(key) {
    return this.#batch.add(new Delete(checkedKey(key)));
  }

  /** Carries out an update, such as `{counter: {increment: 1}}`; gives what the update says. */
  async update(key, update) {
    return decodeValue(await this.#batch.add(new Update(checkedKey(key), JSON.stringify(update))), false);
  }

  /** The same as `update`. */
  merge(key, update) {
    return this.update(key, update);
  }

  /** Asks for a part of what a key holds, such as `{set: {has: 'a'}}`. */
  async query(key, query) {
    return decodeValue(await this.#batch.add(new Query(checkedKey(key), JSON.stringify(query))), false);
  }

  /** @internal adds to a counter */
  increment(key, amount) {
    return this.#batch.add(new Increment(checkedKey(key), BigInt(amount)));
  }

  /** Keys by prefix: await it for one page, or go through all of them with `for await`. */
  list(prefix = '', { after = '', limit = pageSize } = {}) {
    const page = (from) => this.#batch.add(new List(String(prefix), from, limit));
    return {
      then: (resolve, reject) => page(after).then(resolve, reject),
      async *[Symbol.asyncIterator]() {
        for (let from = after; ;) {
          const { items, more } = await page(from);
          yield* items;
          if (!more || items.length === 0) {
            return;
          }
          from = items.at(-1).key;
        }
      },
    };
  }

  /** Changes of keys with a prefix, from now on: `for await (const {key, value, deleted} of …)`. */
  watch(prefix = '') {
    const ask = (cursor, patience) => this.#batch.addAlone(new Watch(String(prefix), cursor, patience, pageSize));
    // Asked for at once: what changes between this call and the first look is not missed.
    const begin = ask(fromNow, 0);
    begin.catch(() => {});
    return {
      ready: begin.then(() => undefined),
      async *[Symbol.asyncIterator]() {
        let { cursor } = await begin;
        for (;;) {
          const changes = await ask(cursor, watchPatience);
          cursor = changes.cursor;
          for (const { key, encoded } of changes.items) {
            yield encoded === null
              ? { key, value: undefined, deleted: true }
              : { key, value: decodeValue(encoded, false), deleted: false };
          }
        }
      },
    };
  }

  counter(key) {
    return new Counter(this, key);
  }

  set(key) {
    return new SetView(this, key);
  }

  growSet(key) {
    return new GrowSet(this, key);
  }

  orderedSet(key) {
    return new OrderedSet(this, key);
  }

  map(key) {
    return new MapView(this, key);
  }

  max(key) {
    return new Max(this, key);
  }

  min(key) {
    return new Min(this, key);
  }

  flag(key) {
    return new Flag(this, key);
  }

  log(key, options) {
    return new Log(this, key, options);
  }

  hyperLogLog(key, size) {
    return new HyperLogLog(this, key, size);
  }

  theta(key, size) {
    return new Theta(this, key, size);
  }

  countMin(key, size) {
    return new CountMin(this, key, size);
  }

  topK(key, size) {
    return new TopK(this, key, size);
  }

  quantiles(key, size) {
    return new Quantiles(this, key, size);
  }

  bloom(key, size) {
    return new Bloom(this, key, size);
  }

  reservoir(key, size) {
    return new Reservoir(this, key, size);
  }

  /** @internal what a key holds, without asking for its version: for values that are made anew at every read */
  async read(key) {
    const found = await this.#batch.add(new Get(checkedKey(key), false, undefined));
    return found === undefined ? undefined : decodeValue(found.encoded, false);
  }

  /** @internal sends what is waiting */
  flush() {
    this.#batch.flush();
  }

  #find(key) {
    return this.#batch.add(new Get(checkedKey(key), true, this.#cache.find(key)));
  }

  #value(key, { encoded, version, cached }, shared) {
    const entry = cached ?? this.#cache.add(key, version, encoded);
    return shared ? this.#cache.shared(key, entry) : entry.copy();
  }
}

function checkedKey(key) {
  if (typeof key !== 'string') {
    throw new TypeError(`a key is text, not ${key === null ? 'null' : typeof key}`);
  }
  return key;
}
