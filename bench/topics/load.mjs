// Runs the load program: bench/topics/load.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const program = join(import.meta.dirname, 'load/bin/Release/net10.0/virga-bench-topics-load.dll');
// The client's sockets are looked after on the thread that hears of them: one that is woken for each costs a core.
const env = { ...process.env, DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS: '1', DOTNET_gcServer: '0' };

/** One run; gives its figures. @param {string} name @param {Record<string, string | number>} options */
export async function load(name, options) {
  const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
  const { stdout } = await run('dotnet', [program, name, ...args], { env, maxBuffer: 64 << 20 });
  return JSON.parse(stdout);
}
