import { setTimeout as delay } from 'node:timers/promises';

/** Runs `work` for every item, at most so many at a time; gives the results in the order of the items. */
export async function eachOf(items, atATime, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, worker));
  return results;
}

/** Waits until `look` gives something true, and gives that. @param {string} what for the message when it takes too long */
export async function until(what, look, { limitMs = 60_000, stepMs = 50 } = {}) {
  const limit = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen) {
      return seen;
    }
    if (performance.now() > limit) {
      throw new Error(`${what}: not after ${limitMs / 1000} s`);
    }
    await delay(stepMs);
  }
}
