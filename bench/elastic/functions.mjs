// The functions under measurement, one source file each.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const sources = (files) =>
  Object.fromEntries(
    Object.entries(files).map(([environment, file]) => [environment, { environment, file, text: readFileSync(join(import.meta.dirname, 'functions', file), 'utf8') }]),
  );

/** Answers at once. */
export const hello = sources({ node: 'hello.mjs', python: 'hello.py', dotnet: 'Hello.cs' });

/** Waits for 20 ms, or `?ms=`, without using the processor. */
export const pause = sources({ node: 'pause.mjs', python: 'pause.py' });

/** Takes 3 s to be initialised. */
export const heavy = sources({ node: 'heavy.mjs', python: 'heavy.py' });

/** Holds 64 MB. */
export const holder = sources({ node: 'holder.mjs', python: 'holder.py' });

/** Deploys a source under a name, with whatever else its specification says. */
export async function deploy(api, name, { environment, file, text }, spec = {}) {
  await api.putFunction(name, { environment, package: await api.uploadSource(file, text), isolation: 'bubblewrap', ...spec });
}

/** Calls a function by its URL; anything but 200 is an error. */
export async function call(client, name, query = '') {
  const answer = await client.send('GET', `/f/${name}${query}`);
  if (answer.status !== 200) {
    throw new Error(`${name} answered ${answer.status}: ${answer.body}`);
  }
  return answer;
}

/** Calls a function and makes sure of where its instance came from: `warm`, `thawed`, `restored` or `cold`. */
export async function callAs(start, client, name, query) {
  const answer = await call(client, name, query);
  if (answer.headers['virga-start'] !== start) {
    throw new Error(`${name} was meant to be ${start}, but was ${answer.headers['virga-start']}`);
  }
  return answer;
}
