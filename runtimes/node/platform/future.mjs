/** A call that goes on by itself: await it, or ask for its answer with `get()`, or forget it. */
export class CallFuture {
  #answer;

  constructor(answer) {
    this.#answer = answer;
    // A forgotten one that fails is nobody's unhandled rejection.
    answer.catch(() => {});
  }

  /** What the function answered. */
  get() {
    return this.#answer;
  }

  then(resolve, reject) {
    return this.#answer.then(resolve, reject);
  }

  catch(reject) {
    return this.#answer.catch(reject);
  }

  finally(done) {
    return this.#answer.finally(done);
  }
}
