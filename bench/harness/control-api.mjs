// The part of the control API that benchmarks use.
import { basename } from 'node:path';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { HttpClient } from './http-client.mjs';

export class ControlApi {
  #client;

  constructor(base, connections = 8) {
    this.#client = new HttpClient(base, connections);
  }

  async #call(method, path, body, headers) {
    const answer = await this.#client.send(method, `/api/v1${path}`, { body, headers });
    if (answer.status >= 300) {
      throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.body}`);
    }
    return answer.body.length === 0 ? null : JSON.parse(answer.body);
  }

  #json(method, path, value) {
    return this.#call(method, path, JSON.stringify(value), { 'content-type': 'application/json' });
  }

  /** Stores a single source file and returns its digest. */
  async uploadSource(fileName, text) {
    const uploaded = await this.#call('POST', `/packages?file=${encodeURIComponent(fileName)}`, text, {
      'content-type': 'application/octet-stream',
    });
    return uploaded.digest;
  }

  async uploadFile(path) {
    return this.uploadSource(basename(path), await readFile(path));
  }

  /** Creates the function, or gives it a new version. */
  putFunction(name, spec) {
    return this.#json('PUT', `/functions/${name}`, { spec });
  }

  /** Creates the DAG, or replaces it. */
  putDag(name, spec) {
    return this.#json('PUT', `/dags/${name}`, { spec });
  }

  /** Creates the trigger, or replaces it. */
  putTrigger(name, spec) {
    return this.#json('PUT', `/triggers/${name}`, { spec });
  }

  /** Creates the stream function, or replaces it. */
  putStream(name, spec) {
    return this.#json('PUT', `/streams/${name}`, { spec });
  }

  /** Puts JSON under a key of shared state. */
  putState(key, value) {
    return this.#json('PUT', `/state/${encodeURIComponent(key)}`, value);
  }

  /** What a key of shared state holds, as JSON; undefined when there is none. */
  async getState(key) {
    const answer = await this.#client.send('GET', `/api/v1/state/${encodeURIComponent(key)}`);
    if (answer.status === 404) {
      return undefined;
    }
    if (answer.status !== 200) {
      throw new Error(`GET /state/${key} was answered ${answer.status}: ${answer.body}`);
    }
    return JSON.parse(answer.body);
  }

  putRoute(name, spec) {
    return this.#json('PUT', `/routes/${name}`, { spec });
  }

  deleteFunction(name) {
    return this.#call('DELETE', `/functions/${name}?cascade=true`);
  }

  /** The instances of a function: `id`, `state`, `pid`, `memory` in bytes. */
  async instances(name) {
    return (await this.#call('GET', `/functions/${name}/instances`)).items;
  }

  /** What the node's functions and instances do at the moment. */
  activity() {
    return this.#call('GET', '/node/activity');
  }

  async pools() {
    return (await this.#call('GET', '/pools')).items;
  }

  /** Waits until every pool of generic instances holds as many as it should. */
  async poolsFull(limitMs = 30_000) {
    const limit = Date.now() + limitMs;
    for (;;) {
      const pools = await this.pools();
      if (pools.length > 0 && pools.every((pool) => pool.ready === pool.target && pool.starting === 0)) {
        return;
      }
      if (Date.now() > limit) {
        throw new Error(`the pools are not full after ${limitMs / 1000} s: ${JSON.stringify(pools)}`);
      }
      await delay(10);
    }
  }

  close() {
    this.#client.close();
  }
}
