// Types of the programming model for functions in JavaScript and TypeScript; see README.md.
/// <reference types="node" />

declare global {
  /** What the platform offers to the code of a function as a whole. */
  const virga: {
    /**
     * Adds a hook that runs in every clone of this function's snapshot, after random numbers have got new seeds and before the first
     * call: open connections, fetch what must be fresh, forget what must be unique. Hooks run in the order in which
     * they were added and are awaited; one that throws fails the start. Without snapshots it never runs.
     */
    onRestore(hook: () => void | Promise<void>): void;
  };
}

/** A function: gets a request and answers it. */
export type Handler = (event: Event, ctx: Context) => Answer | Promise<Answer>;

/**
 * What a handler may return: a `ResponseObject`, a web `Response`, bytes, a stream, or any value that has a JSON form.
 */
export type Answer = ResponseObject | Response | Uint8Array | ArrayBuffer | BodyStream | JsonLike;

/** Values whose JSON is the answer; nothing at all is `null`. */
export type JsonLike = string | number | boolean | null | undefined | void | object;

/** Pieces of a streamed body: text or bytes. */
export type BodyStream =
  | AsyncIterable<string | Uint8Array>
  | Iterator<string | Uint8Array>
  | NodeJS.ReadableStream
  | ReadableStream<string | Uint8Array>;

/** An object with one of these members is a response; everything in it is sent as said. */
export interface ResponseObject {
  /** 200 to 599; default 200. */
  status?: number;
  headers?: HeadersLike;
  /**
   * An object is sent as JSON, text as `text/plain; charset=utf-8`, bytes as `application/octet-stream`, unless
   * `headers` has a content type. A stream without one gets the type of its first piece.
   */
  body?: string | Uint8Array | ArrayBuffer | BodyStream | object | number | boolean | null;
}

export type HeaderValue = string | number | boolean | null | undefined;
export type HeadersLike =
  Record<string, HeaderValue | HeaderValue[]> | [string, HeaderValue | HeaderValue[]][] | Headers;

/** One request. */
export interface Event {
  readonly trigger: 'http' | 'websocket' | 'invoke' | 'call' | 'dag' | 'topic';
  readonly method: string;
  /** The path, percent-decoded. */
  readonly path: string;
  /** What the route's template matched, percent-decoded. */
  readonly params: Record<string, string>;
  /** Name → value; the last one of a name that comes more than once. */
  readonly query: Record<string, string>;
  /** The raw query string, without `?`. */
  readonly queryString: string;
  /** Every value of a name, in order. */
  queryAll(name: string): string[];
  /** Lower-case name → value; repeated headers are joined by `, `. */
  readonly headers: Record<string, string>;
  /**
   * The body by its content type: parsed JSON, text, or a Buffer; `null` when there is none. Throws `invalid-body`,
   * which answers 400, when it is not the JSON that it claims to be.
   */
  readonly body: any;
  /** The body as it came. Throws when the function asked for `requestBody: stream`. */
  readonly raw: Buffer;
  /** The same as `raw`. */
  bytes(): Buffer;
  /** The body as text. */
  text(): string;
  /** The body in pieces, to be read once: as they arrive when the function asked for `requestBody: stream`. */
  readonly stream: AsyncIterable<Buffer>;
  /** Whether the request opens a WebSocket. */
  readonly upgrade: boolean;
  /** Accepts the WebSocket. Return anything without it to refuse. */
  accept(): WebSocket;
}

/** Facts about the call and the function. */
export interface Context {
  readonly invocationId: string;
  readonly function: string;
  readonly namespace: string;
  readonly tenant: string;
  readonly version: number;
  /** After this the client gets a 504. */
  readonly deadline: Date;
  /** Milliseconds until the deadline, never less than 0. */
  remainingMs(): number;
  readonly log: Logger;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** W3C trace context. */
  readonly traceparent: string | null;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** What the functions of the namespace share. */
  readonly state: State;
  /** By which other functions of the namespace send this call messages, while it runs. */
  readonly id: string;
  /**
   * Calls `NAME` or `NAME:QUALIFIER` of the same namespace and gives what it answers. Throws a `PlatformError`; where the function answered
   * with a status of 400 or more, its `type` is `call-failed` and its `body` the answer.
   */
  call<T = any>(name: string, argument?: unknown, options?: { signal?: AbortSignal }): Promise<T>;
  /** The same, for a call that goes on when this one has ended. */
  callAsync<T = any>(name: string, argument?: unknown): Future<T>;
  /** Stands in an argument for what a key holds: the called function gets the value. */
  ref(key: string): Reference;
  /** Sends a message to a running function by its `ctx.id`: `inbox` when that could not be reached. */
  send(id: string, message: unknown): Promise<'delivered' | 'inbox'>;
  /**
   * Publishes a message to a topic of the namespace, `NAME` or its full name; gives the message's id when it is as durable as the topic promises.
   * Text and bytes are published as they are, all other values as JSON. Messages of one turn of the event loop go out together. Throws a `PlatformError`.
   */
  publish(topic: string, message: unknown, options?: PublishOptions): Promise<string>;
  /** The same for several messages; gives their ids, in their order. */
  publishMany(topic: string, messages: Iterable<{ message: unknown } & PublishOptions>): Promise<string[]>;
  /** Messages to this call. Waits for the first, until `timeout` milliseconds or the deadline are over; then there are none. */
  receive<T = any>(options?: { timeout?: number; max?: number; signal?: AbortSignal }): Promise<Message<T>[]>;
}

export interface PublishOptions {
  /** Messages with equal keys stay in order: in one partition, and one consumer of a key_shared subscription. */
  key?: string;
  properties?: Record<string, string | number | boolean>;
  /** When what the message tells of happened; a number is milliseconds since 1970. */
  eventTime?: Date | number;
  /** Milliseconds for which it is held back from shared and key_shared subscriptions. */
  deliverAfter?: number;
  /** Its number among those of its producer: topics with deduplication keep a number once. */
  sequenceId?: number;
  /** Who counts `sequenceId`; the function itself unless said. */
  producer?: string;
}

export interface Future<T> extends PromiseLike<T> {
  get(): Promise<T>;
  catch<R>(rejected: (reason: unknown) => R | PromiseLike<R>): Promise<T | R>;
  finally(done: () => void): Promise<T>;
}

export interface Reference {
  readonly key: string;
}

export interface Message<T> {
  /** The sender's `ctx.id`. */
  from: string;
  message: T;
}

/** The platform did not do what was asked; `StateError` when that was about shared state. */
export interface PlatformError extends Error {
  /** Stable, such as `not-found`, `state-kind-mismatch` or `call-failed`; see docs/problems.md. */
  readonly type: string;
  readonly status: number;
  readonly detail: string;
  readonly fix: string | null;
  /** What the called function answered; of `call-failed`. */
  readonly body?: unknown;
}

export interface ReadOptions {
  /** Give the object that all who ask get, instead of a copy: it must not be changed. */
  shared?: boolean;
}

export interface PutOptions {
  /** Milliseconds after which the value goes. */
  ttl?: number;
  /** Only if the key has this version; else `state-condition-failed`. */
  ifVersion?: string;
  /** Only if the key does not exist. */
  ifAbsent?: boolean;
}

export interface Versioned<T> {
  value: T;
  version: string;
  /** All values that were put without knowledge of each other, when there are several. */
  siblings?: T[];
}

/** Keys and values. Text and bytes are stored as they are, all other values as JSON; what does not exist is `undefined`. */
export interface State {
  get<T = any>(key: string, options?: ReadOptions): Promise<T | undefined>;
  /** Those that exist. */
  getMany<T = any>(keys: Iterable<string>, options?: ReadOptions): Promise<Map<string, T>>;
  getVersioned<T = any>(key: string): Promise<Versioned<T> | undefined>;
  /** Gives the new version. */
  put(key: string, value: unknown, options?: PutOptions): Promise<string>;
  /** Gives whether the key existed. */
  delete(key: string): Promise<boolean>;
  /** An update of docs/state.md, such as `{counter: {increment: 1}}`. */
  update<T = any>(key: string, update: object): Promise<T>;
  /** The same as `update`. */
  merge<T = any>(key: string, update: object): Promise<T>;
  /** A query of docs/state.md, such as `{set: {has: 'a'}}`. */
  query<T = any>(key: string, query: object): Promise<T>;
  /** Await it for one page, or go through all with `for await`. */
  list(prefix?: string, options?: { after?: string; limit?: number }): PromiseLike<{ items: KeyInfo[]; more: boolean }> & AsyncIterable<KeyInfo>;
  /** Changes from now on. A key that changes often is told of less often, and always with its last value. */
  watch<T = any>(prefix?: string): AsyncIterable<Change<T>> & { readonly ready: Promise<void> };
  counter(key: string): Counter;
  set<T = any>(key: string): SetView<T>;
  growSet<T = any>(key: string): GrowSet<T>;
  orderedSet<T = any>(key: string): OrderedSet<T>;
  map<V = any>(key: string): MapView<V>;
  max(key: string): Extreme;
  min(key: string): Extreme;
  flag(key: string): Flag;
  /** `keep`: how many entries; 1,000 unless said. */
  log<T = any>(key: string, options?: { keep?: number }): Log<T>;
  /** How many different values there were. `precision`: 4 to 18; 14 unless said, which is within 0.81 %. A sketch keeps the size that it is begun with, as all of these. */
  hyperLogLog<T = any>(key: string, size?: { precision?: number }): HyperLogLog<T>;
  /** The same, and of unions, intersections and differences. `size`: 16 to 65,536; 4,096 unless said, which is within 1.6 %. */
  theta<T = any>(key: string, size?: { size?: number }): Theta<T>;
  /** How often each value was added, at most `error` (0.001 unless said) of all additions too often, with a `confidence` (0.99 unless said). */
  countMin<T = any>(key: string, size?: { error?: number; confidence?: number }): CountMin<T>;
  /** The values that were added most often. `size`: how many are counted, 1 to 4,096; 100 unless said. */
  topK<T = any>(key: string, size?: { size?: number }): TopK<T>;
  /** The distribution of numbers. `size`: 8 to 4,096; 200 unless said, which is within 1.65 % of a rank. */
  quantiles(key: string, size?: { size?: number }): Quantiles;
  /** Whether a value was added, with at most `falsePositives` (0.01 unless said) wrong answers while there are `capacity` (100,000 unless said) values. */
  bloom<T = any>(key: string, size?: { capacity?: number; falsePositives?: number }): Bloom<T>;
  /** A random sample of all that was added. `size`: 1 to 10,000; 100 unless said. */
  reservoir<T = any>(key: string, size?: { size?: number }): Reservoir<T>;
}

export interface KeyInfo {
  key: string;
  /** `lww`, `counter`, `set`…. */
  kind: string;
}

export interface Change<T> {
  key: string;
  value: T | undefined;
  deleted: boolean;
}

export interface Counter {
  /** Gives the count; a bigint beyond 2^53. */
  increment(amount?: number | bigint): Promise<number>;
  decrement(amount?: number | bigint): Promise<number>;
  get(): Promise<number>;
}

export interface GrowSet<T> {
  add(...elements: T[]): Promise<{ size: number; added: number }>;
  has(element: T): Promise<boolean>;
  values(): Promise<T[]>;
  size(): Promise<number>;
}

export interface SetView<T> extends GrowSet<T> {
  /** Where an element is added and removed at the same time, it stays. */
  remove(...elements: T[]): Promise<{ size: number; removed: number }>;
}

export interface OrderedSet<T> {
  add(member: T, score: number): Promise<{ size: number }>;
  add(members: { member: T; score: number }[]): Promise<{ size: number }>;
  remove(...members: T[]): Promise<{ size: number }>;
  /** By rank, both ends included; negative ranks count from the end. */
  range(start?: number, stop?: number, options?: { reverse?: boolean }): Promise<{ member: T; score: number }[]>;
  score(member: T): Promise<number | undefined>;
  size(): Promise<number>;
}

export interface MapView<V> {
  put(field: string, value: V): Promise<{ size: number }>;
  put(fields: Record<string, V>): Promise<{ size: number }>;
  get(field: string): Promise<V | undefined>;
  remove(...fields: string[]): Promise<{ size: number }>;
  /** Updates a field as `State.update` updates a key. */
  update(field: string, update: object): Promise<{ size: number }>;
  entries(): Promise<Record<string, V>>;
  size(): Promise<number>;
}

export interface Extreme {
  put(number: number): Promise<number>;
  get(): Promise<number | undefined>;
}

export interface Flag {
  set(): Promise<true>;
  get(): Promise<boolean>;
}

export interface Log<T> {
  append(...entries: T[]): Promise<{ size: number }>;
  /** Oldest first. */
  last(count?: number): Promise<T[]>;
  size(): Promise<number>;
}

/** `low` and `high` hold in 95 of 100 cases. */
export interface Estimate {
  estimate: number;
  low: number;
  high: number;
}

/** What is added to a sketch; see docs/state.md. */
export interface SketchAdditions<T> {
  /** Many at once cost far less than one by one. */
  add(...values: T[]): Promise<{ added: number }>;
}

export interface MergingSketch<T> extends SketchAdditions<T> {
  /** Adds what sketches of other keys have seen, as `sketch` gives them. */
  merge(...sketches: (string | null)[]): Promise<{ added: number }>;
  /** The sketch itself, for sketches of other keys; null when the key does not exist. */
  sketch(): Promise<string | null>;
}

export interface HyperLogLog<T> extends MergingSketch<T> {
  count(): Promise<number>;
  estimate(): Promise<Estimate>;
}

export interface Theta<T> extends MergingSketch<T> {
  count(): Promise<number>;
  estimate(): Promise<Estimate>;
  /** How many values were added here or to any of the others, as `sketch` gives them. */
  union(...sketches: (string | null)[]): Promise<Estimate>;
  /** How many were added here and to each of the others. */
  intersection(...sketches: (string | null)[]): Promise<Estimate>;
  /** How many were added here and to none of the others. */
  difference(...sketches: (string | null)[]): Promise<Estimate>;
}

export interface Bloom<T> extends MergingSketch<T> {
  /** Never a wrong no. */
  has(value: T): Promise<boolean>;
  estimate(): Promise<{ estimate: number; falsePositives: number }>;
}

export interface Reservoir<T> extends MergingSketch<T> {
  /** A value of twice the weight is twice as likely to be drawn. */
  addWeighted(value: T, weight: number): Promise<{ added: number }>;
  sample(count?: number): Promise<T[]>;
  size(): Promise<number>;
}

export interface CountMin<T> extends SketchAdditions<T> {
  increment(value: T, count?: number): Promise<{ added: number }>;
  /** Never too few. */
  count(value: T): Promise<number>;
  total(): Promise<number>;
}

export interface TopK<T> extends SketchAdditions<T> {
  increment(value: T, count?: number): Promise<{ added: number }>;
  /** The most frequent first; each was added between `count - error` and `count` times. */
  top(count?: number): Promise<{ value: T; count: number; error: number }[]>;
  count(value: T): Promise<{ count: number; error: number }>;
}

export interface Quantiles extends SketchAdditions<number> {
  /** The number that so great a share of all, 0 to 1, is not greater than. */
  quantile(share: number): Promise<number | undefined>;
  quantiles(shares: number[]): Promise<(number | null)[]>;
  /** The share of all numbers that are not greater than this one. */
  rank(number: number): Promise<number | undefined>;
  summary(): Promise<{ count: number; min: number; p50: number; p90: number; p99: number; p999: number; max: number } | undefined>;
  count(): Promise<number>;
}

export interface Logger {
  debug(message: unknown, fields?: Record<string, unknown>): void;
  info(message: unknown, fields?: Record<string, unknown>): void;
  warn(message: unknown, fields?: Record<string, unknown>): void;
  error(message: unknown, fields?: Record<string, unknown>): void;
}

/** An accepted WebSocket; it is closed when the handler returns. */
export interface WebSocket extends AsyncIterable<string | Buffer> {
  /** At most 256 KiB. True once the message is on its way, false when the socket is closed. */
  send(data: string | Uint8Array | ArrayBuffer): Promise<boolean>;
  close(code?: number, reason?: string): void;
  /** What the client closed with; null before. */
  readonly closed: { code: number; reason: string } | null;
}
