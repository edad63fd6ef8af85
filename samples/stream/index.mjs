// Server-sent events: ?count=10 numbers, one every ?every=200 milliseconds, until the client leaves.
import { setTimeout } from 'node:timers/promises';

export default function numbers(event, ctx) {
  const count = Number(event.query.count ?? 10);
  const every = Number(event.query.every ?? 200);
  if (!(count >= 0 && every >= 0)) {
    return { status: 400, body: { error: 'count and every must be numbers, not negative' } };
  }
  return {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' },
    body: events(count, every, ctx.signal),
  };
}

async function* events(count, every, signal) {
  for (let number = 1; number <= count; number++) {
    yield `id: ${number}\ndata: ${JSON.stringify({ number })}\n\n`;
    if (number < count) {
      await setTimeout(every, undefined, { signal });
    }
  }
}
