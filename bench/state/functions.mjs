// The functions under measurement, and how they are called.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const source = (environment, file) => ({ environment, file, text: readFileSync(join(import.meta.dirname, 'functions', file), 'utf8') });

export const probes = { node: source('node', 'probe.mjs'), python: source('python', 'probe.py') };
export const step = source('node', 'step.mjs');
export const locality = source('node', 'locality.mjs');
export const anomaly = source('node', 'anomaly.mjs');
export const counting = source('node', 'counting.mjs');

/** Where functions of the isolation `process` find the clients of peers. */
export const peers = join(import.meta.dirname, 'peers');

/**
 * Deploys a source under a name. All run with the isolation `process`: only there can the same function reach both Virga's state and Redis on
 * the loopback, and the way to the node is the same for every isolation.
 */
export async function deploy(api, name, { environment, file, text }, spec = {}) {
  await api.putFunction(name, { environment, package: await api.uploadSource(file, text), isolation: 'process', timeout: '2m', keepWarm: '15m', ...spec });
}

/** Calls a function by its URL and gives its JSON; anything but 200 is an error. */
export async function call(client, name, query = {}, body = undefined) {
  const parameters = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await client.send(body === undefined ? 'GET' : 'POST', `/f/${name}?${parameters}`, { body: body === undefined ? undefined : JSON.stringify(body), headers });
  if (answer.status !== 200) {
    throw new Error(`${name} answered ${answer.status}: ${answer.body}`);
  }
  return JSON.parse(answer.body);
}
