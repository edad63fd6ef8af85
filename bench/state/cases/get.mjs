// What a function waits for a value that it shares: from Virga, and from Redis by the usual client.
import { HttpClient } from '../../harness/http-client.mjs';
import { atLeast, atMost, micros, section, times } from '../../harness/report.mjs';
import { median } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { call, deploy, peers, probes } from '../functions.mjs';
import { startRedis } from '../../harness/redis.mjs';

const batch = 100;
const note =
  'Measured inside the function, one operation after the other, on 100 keys that are in memory, JSON of about 120 bytes. ' +
  'Redis on the loopback, by ioredis in node and by a plain socket in python. Median of the rounds, which alternate.';

export async function get({ rounds, count }) {
  const redis = await startRedis();
  const node = await VirgaNode.start(await temporaryFolder());
  const client = new HttpClient(node.gateway, 1);
  const figures = {};
  for (const [language, source] of Object.entries(probes)) {
    await deploy(node.api, `probe-${language}`, source, { variables: { PEERS: peers, REDIS_PORT: String(redis.port) } });
  }
  for (let round = 0; round < rounds; round++) {
    for (const language of Object.keys(probes)) {
      for (const op of ['virga get', 'redis get', 'virga batch', 'redis batch']) {
        const times = op.endsWith('batch') ? Math.ceil(count / 10) : count;
        const key = `${language} ${op}`;
        (figures[key] ??= []).push(await call(client, `probe-${language}`, { op, count: times, warm: Math.ceil(times / 4), keys: batch, fill: 1 }));
      }
    }
  }
  client.close();
  await Promise.all([node.stop(), redis.stop()]);

  const figure = (language, op, what) => median(figures[`${language} ${op}`].map((round) => round[what]));
  const ratio = (language, op) => figure(language, `virga ${op}`, 'p50') / figure(language, `redis ${op}`, 'p50');
  return {
    sections: [
      section({
        title: 'A get inside a function',
        note,
        head: ['function', 'get p50', 'p99', 'Redis p50', 'p99', 'to Redis', `${batch} at once, each`, 'Redis MGET, each', 'Redis to Virga'],
        rows: Object.keys(probes).map((language) => [
          language,
          ...['virga get', 'redis get'].flatMap((op) => [micros(figure(language, op, 'p50')), micros(figure(language, op, 'p99'))]),
          times(ratio(language, 'get')),
          micros(figure(language, 'virga batch', 'p50') / batch),
          micros(figure(language, 'redis batch', 'p50') / batch),
          times(1 / ratio(language, 'batch')),
        ]),
      }),
    ],
    targets: [
      atMost('get of a cached key in a node function, p50, to ioredis', ratio('node', 'get'), 0.5, times),
      atMost('the same, p50', figure('node', 'virga get', 'p50'), 30, micros),
      atMost('get in a python function, p50, to a socket', ratio('python', 'get'), 0.5, times),
      atLeast(`${batch} gets at once in a node function: Redis MGET to Virga, per key`, 1 / ratio('node', 'batch'), 5, times),
      atLeast('the same in python', 1 / ratio('python', 'batch'), 5, times),
    ],
    figures,
  };
}
