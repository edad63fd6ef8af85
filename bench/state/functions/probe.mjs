// Measures, inside one call, what operations on shared state cost a function, and what the same costs with Redis.
import { createRequire } from 'node:module';

const value = { id: 7, name: 'a value of some hundred bytes', tags: ['shared', 'state'], text: 'x'.repeat(40) };
let connections;

/** So many connections to Redis, opened once. */
function redis(count = 1) {
  if (!connections) {
    const Redis = createRequire(`${process.env.PEERS}/package.json`)('ioredis');
    connections = [];
    connections.open = () => new Redis(Number(process.env.REDIS_PORT), '127.0.0.1');
  }
  while (connections.length < count) {
    connections.push(connections.open());
  }
  return connections;
}

// What a user would write for each: JSON is made and read on both sides.
const operations = {
  'virga get': (ctx) => (key) => ctx.state.get(key),
  'redis get': () => async (key) => JSON.parse(await redis()[0].get(key)),
  'virga batch': (ctx) => (_, keys) => ctx.state.getMany(keys),
  'redis batch': () => async (_, keys) => (await redis()[0].mget(keys)).map((text) => JSON.parse(text)),
  'virga put': (ctx) => (key) => ctx.state.put(key, value),
  'redis put': () => (key, _, client) => redis()[client].set(key, JSON.stringify(value)),
  'virga increment': (ctx) => (key) => ctx.state.counter(`count-${key}`).increment(1),
  'redis increment': () => (key) => redis()[0].incr(`count-${key}`),
};

/**
 * `op` names the operation; it is done `count` times by each of `clients`, on keys `k0…` in turn, after `warm` times that do not count.
 * Answers with the latencies in microseconds and the operations per second.
 */
export async function handler(event, ctx) {
  const { op, count = '1000', warm = '200', clients = '1', keys = '100' } = event.query;
  const names = Array.from({ length: Number(keys) }, (_, index) => `k${index}`);
  const operation = operations[op](ctx);
  if (op.startsWith('redis')) {
    await Promise.all(redis(Number(clients)).map((client) => client.ping()));
  }
  if (event.query.fill) {
    const put = operations[op.startsWith('redis') ? 'redis put' : 'virga put'](ctx);
    await Promise.all(names.map((name) => put(name, names, 0)));
  }

  const run = async (client, times, latencies) => {
    for (let index = 0; index < times; index++) {
      const key = names[(index * 7 + client) % names.length];
      const started = performance.now();
      await operation(key, names, client);
      latencies?.push((performance.now() - started) * 1000);
    }
  };
  const all = (times, latencies) => Promise.all(Array.from({ length: Number(clients) }, (_, client) => run(client, times, latencies)));
  await all(Number(warm), null);
  const latencies = [];
  const started = performance.now();
  await all(Number(count), latencies);
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.ceil(share * latencies.length) - 1];
  return { p50: at(0.5), p99: at(0.99), perSecond: latencies.length / seconds };
}
