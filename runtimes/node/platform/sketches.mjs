// Typed views of sketches: docs/state.md, "Sketches".

import { View } from './views.mjs';

// Every one is given the size that it is begun with, and says it with each addition: whoever is first begins it.
class Sketch extends View {
  #kind;
  #size;

  constructor(state, key, kind, size = {}) {
    super(state, key);
    this.#kind = kind;
    this.#size = size;
  }

  /** Many at once cost far less than one by one. */
  add(...values) {
    return this.change({ add: values });
  }

  /** @internal */
  change(change) {
    return this.update({ [this.#kind]: { ...change, ...this.#size } });
  }

  /** @internal */
  ask(question) {
    return this.query({ [this.#kind]: question });
  }

  /** @internal */
  addOf(value, weight) {
    return this.change({ weighted: [{ value, weight }] });
  }
}

// Of those that are the same however often they are merged.
class MergingSketch extends Sketch {
  /** Adds what sketches of other keys have seen, as `sketch` gives them. */
  merge(...sketches) {
    return this.change({ merge: sketches });
  }

  /** The sketch itself, for `merge` and the like of other keys. */
  sketch() {
    return this.ask('sketch');
  }

  estimate() {
    return this.ask('estimate');
  }
}

/** How many different values there were. */
export class HyperLogLog extends MergingSketch {
  constructor(state, key, size) {
    super(state, key, 'hyperLogLog', size);
  }

  async count() {
    return (await this.state.read(this.key)) ?? 0;
  }
}

/** How many different values there were, and how many of those of other sketches are among them. */
export class Theta extends MergingSketch {
  constructor(state, key, size) {
    super(state, key, 'theta', size);
  }

  async count() {
    return (await this.state.read(this.key)) ?? 0;
  }

  union(...sketches) {
    return this.ask({ union: sketches });
  }

  intersection(...sketches) {
    return this.ask({ intersection: sketches });
  }

  difference(...sketches) {
    return this.ask({ difference: sketches });
  }
}

/** Whether a value was added; seldom with a wrong yes. */
export class Bloom extends MergingSketch {
  constructor(state, key, size) {
    super(state, key, 'bloom', size);
  }

  has(value) {
    return this.ask({ has: value });
  }
}

/** A random sample of all that was added. */
export class Reservoir extends Sketch {
  constructor(state, key, size) {
    super(state, key, 'reservoir', size);
  }

  /** A value of twice the weight is twice as likely to be drawn. */
  addWeighted(value, weight) {
    return this.addOf(value, weight);
  }

  merge(...sketches) {
    return this.change({ merge: sketches });
  }

  sketch() {
    return this.ask('sketch');
  }

  sample(count = 10) {
    return this.ask({ sample: count });
  }

  size() {
    return this.ask('size');
  }
}

/** How often each value was added: never too few. */
export class CountMin extends Sketch {
  constructor(state, key, size) {
    super(state, key, 'countMin', size);
  }

  increment(value, count = 1) {
    return this.addOf(value, count);
  }

  count(value) {
    return this.ask({ count: value });
  }

  total() {
    return this.ask('total');
  }
}

/** The values that were added most often. */
export class TopK extends Sketch {
  constructor(state, key, size) {
    super(state, key, 'topK', size);
  }

  increment(value, count = 1) {
    return this.addOf(value, count);
  }

  /** The most frequent first: `{value, count, error}`. */
  top(count = 10) {
    return this.ask({ top: count });
  }

  /** `{count, error}`. */
  count(value) {
    return this.ask({ count: value });
  }
}

/** The distribution of numbers. */
export class Quantiles extends Sketch {
  constructor(state, key, size) {
    super(state, key, 'quantiles', size);
  }

  /** The number that so great a share of all, 0 to 1, is not greater than. */
  async quantile(share) {
    return (await this.quantiles([share]))[0] ?? undefined;
  }

  /** The same for several. */
  quantiles(shares) {
    return this.ask({ at: shares });
  }

  /** The share of all numbers that are not greater than this one. */
  async rank(number) {
    return (await this.ask({ ranks: [number] }))[0] ?? undefined;
  }

  /** `{count, min, p50, p90, p99, p999, max}`. */
  summary() {
    return this.state.read(this.key);
  }

  count() {
    return this.ask('count');
  }
}
