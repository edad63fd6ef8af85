// Runs the load program: bench/topics/load.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const program = join(import.meta.dirname, 'load/bin/Release/net10.0/virga-bench-topics-load.dll');
// The client's sockets are looked after on the thread that hears of them: one that is woken for each costs a core.
const env = { ...process.env, DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS: '1', DOTNET_gcServer: '0' };

/** One run; gives its figures. @param {string} name @param {Record<string, string | number>} options */
export async function load(name, options) {
  return await begin(name, options).figures;
}

/** Begins a run that waits for a server; gives its figures to come, when it has said that it waits. */
export async function waitingLoad(name, options) {
  const { child, figures } = begin(name, options);
  await Promise.race([once(child.stderr, 'data'), figures]);
  return { figures };
}

function begin(name, options) {
  const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
  const child = spawn('dotnet', [program, name, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  return { child, figures: finish(name, child) };
}

async function finish(name, child) {
  const [output, errors, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) {
    throw new Error(`The load '${name}' ended with ${signal ?? `exit code ${code}`}:\n${errors}`);
  }
  return JSON.parse(output);
}
