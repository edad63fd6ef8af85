// Waits as long as it is asked to, like a call of something elsewhere.
import { setTimeout as delay } from 'node:timers/promises';

export default async (event) => {
  await delay(Number(event.query.ms ?? 20));
  return { hello: 'world' };
};
