// Does what its query asks: answers, or fails in one of the ways in which functions fail.
import { setTimeout as delay } from 'node:timers/promises';

// A machine without limits shall survive the bomb: the answer then tells that it went off.
const mostPieces = 64;

const behaviours = {
  hello: () => ({ hello: 'world' }),
  throw: () => {
    throw new Error('as asked');
  },
  exit: () => process.exit(1),
  segfault: () => {
    process.kill(process.pid, 'SIGSEGV');
    return delay(60_000);
  },
  memory: () => {
    const held = [];
    while (held.length < mostPieces) {
      held.push(Buffer.alloc(16 * 1024 * 1024, 1));
    }
    return { held: held.length };
  },
  sleep: () => delay(60_000),
  spin: () => {
    for (;;);
  },
};

export default (event) => behaviours[event.query.do]();
