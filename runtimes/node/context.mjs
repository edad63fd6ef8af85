// What a handler gets as its second argument.
import { CancelledError } from './errors.mjs';

/** Facts about the call and the function, its logger, and its cancellation. */
export class Context {
  #functionSpec;
  #header;
  #logs;
  #call;
  #abort = null;
  #cancelled = null;
  #log = null;

  /**
   * @param functionSpec the SPECIALISE frame's header
   * @param header the CALL frame's header
   * @param logs where log lines go
   * @param {number} call the call's id on the channel
   */
  constructor(functionSpec, header, logs, call) {
    this.#functionSpec = functionSpec;
    this.#header = header;
    this.#logs = logs;
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
    return (this.#log ??= this.#logs.loggerOf(this.#call));
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
