// What a handler gets as its second argument.
import { CancelledError } from './errors.mjs';
import { Reference } from './platform/references.mjs';

/** Facts about the call and the function, its logger, and its cancellation. */
export class Context {
  #functionSpec;
  #header;
  #call;
  #abort = null;
  #cancelled = null;
  #log = null;

  /**
   * @param functionSpec the SPECIALISE frame's header
   * @param header the CALL frame's header
   * @param call gives the logger, and the way to the platform
   */
  constructor(functionSpec, header, call) {
    this.#functionSpec = functionSpec;
    this.#header = header;
    this.#call = call;
  }

  get invocationId() {
    return this.#header.id;
  }

  get function() {
    return this.#functionSpec.function;
  }

  get namespace() {
    return this.#functionSpec.namespace;
  }

  get tenant() {
    return this.#functionSpec.tenant;
  }

  get version() {
    return this.#functionSpec.version;
  }

  /** When the caller gets a 504 instead of an answer. */
  get deadline() {
    return new Date(this.#header.deadline);
  }

  /** Milliseconds until the deadline, never less than 0. */
  remainingMs() {
    return Math.max(0, this.#header.deadline - Date.now());
  }

  /** W3C trace context of this call, or null. */
  get traceparent() {
    return this.#header.traceparent ?? null;
  }

  /** 1 for the first attempt, 2 for the first retry. */
  get attempt() {
    return this.#header.attempt ?? 1;
  }

  /** `debug`, `info`, `warn`, `error`: each takes a message and, optionally, fields. */
  get log() {
    return (this.#log ??= this.#call.logger);
  }

  /** Shared state; see docs/state.md. */
  get state() {
    return this.#call.platform.state;
  }

  /** By which other functions of the namespace send this call messages, while it runs. */
  get id() {
    return this.#call.address;
  }

  /** Calls `NAME` or `NAME:QUALIFIER` of the same namespace and gives what it answers. */
  call(name, argument, options) {
    return this.#call.platform.call(name, argument, options);
  }

  /** The same as a future; the called function goes on when this one has ended. */
  callAsync(name, argument) {
    return this.#call.platform.callAsync(name, argument);
  }

  /** Stands in an argument for what a key holds: the called function gets the value, read where it runs. */
  ref(key) {
    return new Reference(key);
  }

  /** Sends a message to a running function by its `ctx.id`. */
  send(id, message) {
    return this.#call.platform.send(id, message);
  }

  /** Publishes a message to a topic of the namespace; gives its id when it is durable. See docs/topics.md. */
  publish(topic, message, options) {
    return this.#call.platform.publish(topic, message, options);
  }

  /** The same for several messages, each `{ message, key, properties, … }`; gives their ids. */
  publishMany(topic, messages) {
    return this.#call.platform.publishMany(topic, messages);
  }

  /** Messages that were sent to this call; waits for the first until `timeout` milliseconds, or the deadline, are over. */
  receive(options = {}) {
    return this.#call.platform.receiveMessages({ ...options, remaining: this.remainingMs() });
  }

  /** Aborted when nobody waits for the answer any more: the client left, or the deadline passed. */
  get signal() {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#cancelled !== null) {
        this.#abort.abort(this.#cancelled);
      }
    }
    return this.#abort.signal;
  }

  /** @internal */
  static cancel(context, reason) {
    context.#cancelled = new CancelledError(reason);
    context.#abort?.abort(context.#cancelled);
    return context.#cancelled;
  }
}
