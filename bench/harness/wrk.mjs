// Load by wrk, from one thread.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const script = join(import.meta.dirname, 'wrk.lua');

/**
 * @param {string} url
 * @param {{ connections: number, seconds: number }} load
 * @returns {Promise<{ p50: number, p99: number, perSecond: number }>} latencies in microseconds
 */
export async function load(url, { connections, seconds }) {
  const { stdout } = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script, url]);
  const { p50, p99, requests, microseconds, failed } = JSON.parse(stdout.trim().split('\n').at(-1));
  if (failed > 0 || requests === 0) {
    throw new Error(`${url}: ${failed} of ${requests} requests failed\n${stdout}`);
  }
  return { p50, p99, perSecond: (requests * 1e6) / microseconds };
}
