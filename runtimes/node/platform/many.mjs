// Many gets that are one command of a batch: one promise for all of them, and most values are parsed together.
import { Code, Found, versionBytes, versionKnown, versionWanted } from './commands.mjs';
import { answerFull, StateError } from './problems.mjs';
import { decodeValue, Tag } from './values.mjs';
import { minCached } from './value-cache.mjs';

const failed = 1;
const comma = 0x2c;
const space = 0x20;

/** Gives `values`, which has for each key what it holds; undefined when it does not exist. */
export class GetMany {
  #keys;
  #indexes;
  #values;
  #cache;
  #shared;
  #cached = null;

  /**
   * @param {string[]} keys @param {any[]} values of the same length
   * @param {number} from @param {number} to which of them @param {ValueCache} cache the worker's @param {boolean} shared as of a get
   */
  constructor(keys, values, from, to, cache, shared) {
    this.#keys = keys;
    this.#values = values;
    this.#indexes = { from, to, list: null };
    this.#cache = cache;
    this.#shared = shared;
  }

  get count() {
    const { from, to, list } = this.#indexes;
    return list === null ? to - from : list.length;
  }

  /** For messages. */
  get key() {
    return this.#keys[this.#index(0)];
  }

  write(out) {
    const { count } = this;
    this.#cached = null;
    for (let i = 0; i < count; i++) {
      const key = this.#keys[this.#index(i)];
      const cached = this.#cache.find(key);
      out.byte(Code.get);
      out.text(key);
      if (cached === undefined) {
        out.byte(versionWanted);
      } else {
        (this.#cached ??= new Map()).set(i, cached);
        out.byte(versionWanted | versionKnown);
        out.raw(cached.version);
      }
    }
  }

  /** Reads all results; gives the command that asks for those that did not fit into the answer, or null. */
  read(reader) {
    const { count } = this;
    const run = new JsonRun(reader.memory, this.#values);
    let problem = null;
    let again = null;
    for (let i = 0; i < count; i++) {
      const index = this.#index(i);
      const head = reader.at;
      if (reader.byte() === failed) {
        const said = JSON.parse(reader.bytes().toString());
        if (said.type === answerFull) {
          (again ??= []).push(index);
        } else {
          problem ??= said;
        }
      } else {
        this.#readFound(reader, i, index, head, run);
      }
    }
    run.parse();
    if (problem !== null) {
      throw new StateError(problem);
    }
    if (again === null) {
      return null;
    }
    const rest = new GetMany(this.#keys, this.#values, 0, 0, this.#cache, this.#shared);
    rest.#indexes = { from: 0, to: 0, list: again };
    return rest;
  }

  #readFound(reader, i, index, head, run) {
    const key = this.#keys[index];
    switch (reader.byte()) {
      case Found.absent:
        break;
      case Found.unchanged:
        this.#take(key, index, this.#cached.get(i));
        break;
      case Found.siblings: {
        const version = reader.take(versionBytes);
        const siblings = reader.varint();
        const encoded = reader.bytes();
        for (let left = siblings - 1; left > 0; left--) {
          reader.bytes();
        }
        this.#take(key, index, this.#cache.add(key, version, encoded));
        break;
      }
      default: {
        const version = reader.at;
        reader.at += versionBytes;
        const length = reader.varint();
        const start = reader.at;
        reader.at += length;
        const { memory } = reader;
        if (length < minCached && memory[start] === Tag.json) {
          run.add(head, start + 1, reader.at, index);
        } else if (length < minCached) {
          this.#values[index] = decodeValue(memory.subarray(start, reader.at), this.#shared);
        } else {
          this.#take(key, index, this.#cache.add(key, memory.subarray(version, version + versionBytes), memory.subarray(start, reader.at)));
        }
      }
    }
  }

  #take(key, index, entry) {
    this.#values[index] = this.#shared ? this.#cache.shared(key, entry) : entry.copy();
  }

  #index(i) {
    const { from, list } = this.#indexes;
    return list === null ? from + i : list[i];
  }
}

/**
 * JSON values that lie one behind the other in an answer. What stands between them is overwritten by a comma and spaces, so that all are parsed as one array: that takes half
 * of the time that parsing each takes.
 */
class JsonRun {
  #memory;
  #values;
  #start = 0;
  #end = -1;
  #indexes = [];

  constructor(memory, values) {
    this.#memory = memory;
    this.#values = values;
  }

  /** @param {number} head where the result begins @param {number} start where its JSON does @param {number} end where both end */
  add(head, start, end, index) {
    const memory = this.#memory;
    if (head === this.#end) {
      memory[head] = comma;
      for (let at = head + 1; at < start; at++) {
        memory[at] = space;
      }
    } else {
      this.parse();
      this.#start = start;
    }
    this.#indexes.push(index);
    this.#end = end;
  }

  parse() {
    const indexes = this.#indexes;
    if (indexes.length === 0) {
      return;
    }
    const parsed = JSON.parse(`[${this.#memory.utf8Slice(this.#start, this.#end)}]`);
    if (parsed.length !== indexes.length) {
      throw new SyntaxError('a value that was put as JSON is none');
    }
    for (let i = 0; i < parsed.length; i++) {
      this.#values[indexes[i]] = parsed[i];
    }
    indexes.length = 0;
  }
}
