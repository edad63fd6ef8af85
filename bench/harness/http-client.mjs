// A keep-alive HTTP client over a bounded number of connections.
import { Agent, request } from 'node:http';

export class HttpClient {
  #agent;

  /** @param {string} base `http://host:port` @param {number} connections how many at most */
  constructor(base, connections = 8) {
    this.base = base;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ body?: string | Buffer | Iterable<Buffer>, headers?: object, timeoutMs?: number }} options
   * @returns {Promise<{ status: number, headers: object, body: Buffer, firstByte: number, milliseconds: number }>} from the
   *   sending to the head of the answer, and to its end, in milliseconds
   */
  send(method, path, { body, headers = {}, timeoutMs = 120_000 } = {}) {
    return new Promise((resolve, reject) => {
      const started = process.hrtime.bigint();
      const elapsed = () => Number(process.hrtime.bigint() - started) / 1e6;
      const outgoing = request(this.base + path, { method, headers, agent: this.#agent }, (response) => {
        const firstByte = elapsed();
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(chunks),
            firstByte,
            milliseconds: elapsed(),
          }),
        );
      });
      outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`${method} ${path}: no answer for ${timeoutMs} ms`)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }
}

/** `start;dur=1.5` and its neighbours → `{ start: 1.5, … }`, in milliseconds. */
export function serverTiming(header) {
  return Object.fromEntries(
    (header ?? '').split(',').flatMap((entry) => {
      const match = /^\s*([\w-]+);dur=([\d.]+)/.exec(entry);
      return match ? [[match[1], Number(match[2])]] : [];
    }),
  );
}
