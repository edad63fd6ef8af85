// Typed views of keys: each is a kind of value of docs/state.md.

/** One key. */
export class View {
  #state;

  constructor(state, key) {
    this.#state = state;
    this.key = key;
  }

  /** @internal */
  get state() {
    return this.#state;
  }

  /** @internal */
  update(update) {
    return this.#state.update(this.key, update);
  }

  /** @internal */
  query(query) {
    return this.#state.query(this.key, query);
  }
}

/** A number that is added to. */
export class Counter extends View {
  increment(amount = 1) {
    return this.state.increment(this.key, amount);
  }

  decrement(amount = 1) {
    return this.state.increment(this.key, -amount);
  }

  async get() {
    return (await this.state.read(this.key)) ?? 0;
  }
}

/** Elements, each once; what is added and removed at the same time stays. */
export class SetView extends View {
  add(...elements) {
    return this.update({ set: { add: elements } });
  }

  remove(...elements) {
    return this.update({ set: { remove: elements } });
  }

  has(element) {
    return this.query({ set: { has: element } });
  }

  async values() {
    return (await this.state.read(this.key)) ?? [];
  }

  size() {
    return this.query({ set: 'size' });
  }
}

/** Elements that are never removed. */
export class GrowSet extends View {
  add(...elements) {
    return this.update({ growSet: { add: elements } });
  }

  has(element) {
    return this.query({ growSet: { has: element } });
  }

  async values() {
    return (await this.state.read(this.key)) ?? [];
  }

  size() {
    return this.query({ growSet: 'size' });
  }
}

/** Members in the order of their scores. */
export class OrderedSet extends View {
  /** One member and its score, or a list of `{member, score}`. */
  add(member, score) {
    return this.update({ orderedSet: { add: Array.isArray(member) ? member : [{ member, score }] } });
  }

  remove(...members) {
    return this.update({ orderedSet: { remove: members } });
  }

  /** By rank, both ends included; negative ranks count from the end. */
  range(start = 0, stop = -1, { reverse = false } = {}) {
    return this.query({ orderedSet: { range: [start, stop], reverse } });
  }

  async score(member) {
    return (await this.query({ orderedSet: { score: member } })) ?? undefined;
  }

  size() {
    return this.query({ orderedSet: 'size' });
  }
}

/** Fields; each a value, or a lattice of its own. */
export class MapView extends View {
  /** One field, or an object of several. */
  put(field, value) {
    return this.updateMap({ put: typeof field === 'object' ? field : { [field]: value } });
  }

  async get(field) {
    return (await this.query({ map: { get: field } })) ?? undefined;
  }

  remove(...fields) {
    return this.updateMap({ remove: fields });
  }

  /** Updates one field as `ctx.state.update` updates a key. */
  update(field, update) {
    return this.updateMap({ update: { [field]: update } });
  }

  async entries() {
    return (await this.state.read(this.key)) ?? {};
  }

  size() {
    return this.query({ map: 'size' });
  }

  /** @internal */
  updateMap(map) {
    return super.update({ map });
  }
}

/** The greatest number ever put. */
export class Max extends View {
  put(number) {
    return this.update({ max: number });
  }

  get() {
    return this.state.read(this.key);
  }
}

/** The least number ever put. */
export class Min extends View {
  put(number) {
    return this.update({ min: number });
  }

  get() {
    return this.state.read(this.key);
  }
}

/** False until somebody sets it. */
export class Flag extends View {
  set() {
    return this.update({ flag: true });
  }

  async get() {
    return (await this.state.read(this.key)) ?? false;
  }
}

/** The last entries. */
export class Log extends View {
  #keep;

  constructor(state, key, { keep } = {}) {
    super(state, key);
    this.#keep = keep;
  }

  append(...entries) {
    return this.update({ log: { append: entries, ...(this.#keep !== undefined && { keep: this.#keep }) } });
  }

  /** Oldest first. */
  last(count = 10) {
    return this.query({ log: { last: count } });
  }

  size() {
    return this.query({ log: 'size' });
  }
}
