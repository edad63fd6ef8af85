// Looks at ten large values: handed over by reference, or fetched from Redis one by one.
import { createRequire } from 'node:module';

const arguments_ = 10;
let redis;

export async function handler(event) {
  const { size, from } = event.query;
  if (from !== 'redis') {
    return { sum: sum(Object.entries(event.body ?? {}).filter(([name]) => name.startsWith('a')).map(([, value]) => value)) };
  }
  if (!redis) {
    const Redis = createRequire(`${process.env.PEERS}/package.json`)('ioredis');
    redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1');
  }
  const values = [];
  for (let index = 0; index < arguments_; index++) {
    values.push(await redis.getBuffer(`a${index}-${size}`));
  }
  return { sum: sum(values) };
}

// One byte of each page: the values are there and can be read, and adding up all of it is not what is measured.
function sum(values) {
  let total = 0;
  for (const value of values) {
    for (let at = 0; at < value.length; at += 4096) {
      total += value[at];
    }
  }
  return total;
}
