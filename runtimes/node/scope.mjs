// Which call the running code belongs to.
import { AsyncLocalStorage } from 'node:async_hooks';

/** With one call at a time the current call is a variable: it costs nothing. */
export class SingleCallScope {
  #current = 0;

  get current() {
    return this.#current;
  }

  run(call, start) {
    this.#current = call;
    return start();
  }

  leave() {
    this.#current = 0;
  }
}

/** With several open calls the current one follows promises, timers and callbacks. */
export class ConcurrentCallScope {
  #storage = new AsyncLocalStorage();

  get current() {
    return this.#storage.getStore() ?? 0;
  }

  run(call, start) {
    return this.#storage.run(call, start);
  }

  leave() {}
}
