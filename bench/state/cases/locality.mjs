// Ten large arguments by reference, from the cache of the node, against the same function that fetches them from Redis.
import { HttpClient } from '../../harness/http-client.mjs';
import { atLeast, micros, section, times } from '../../harness/report.mjs';
import { median } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { deploy, locality as source, peers } from '../functions.mjs';
import { startRedis } from '../../harness/redis.mjs';
import { createConnection } from 'node:net';
import { once } from 'node:events';

const argumentCount = 10;
const note =
  `A function with ${argumentCount} arguments of so many bytes each, called through the gateway by one client. By reference: the node of a DAG that names their keys; fetched: the same function ` +
  'asks Redis on the loopback for each, by ioredis. It touches every page of them. What a call without arguments takes is subtracted: the figures are what the arguments cost. Median of all calls.';

export async function locality({ rounds, count, sizes }) {
  const redis = await startRedis();
  const node = await VirgaNode.start(await temporaryFolder(), ['--state-memory', '1GB']);
  const client = new HttpClient(node.gateway, 1);
  const admin = new HttpClient(node.admin, 1);
  await deploy(node.api, 'locality', source, { memory: '1GB', variables: { PEERS: peers, REDIS_PORT: String(redis.port) } });
  await node.api.putDag('none', { nodes: [{ name: 'sum', function: 'locality' }] });
  for (const size of sizes) {
    const value = Buffer.alloc(size, 3);
    const references = {};
    for (let index = 0; index < argumentCount; index++) {
      references[`a${index}`] = `a${index}-${size}`;
      const answer = await admin.send('PUT', `/api/v1/state/a${index}-${size}`, { body: value, headers: { 'content-type': 'application/octet-stream' } });
      if (answer.status !== 200) {
        throw new Error(`PUT was answered ${answer.status}: ${answer.body}`);
      }
      await setInRedis(redis.port, `a${index}-${size}`, value);
    }
    await node.api.putDag(`by-reference-${size}`, { nodes: [{ name: 'sum', function: 'locality', references }] });
  }

  const expected = (size) => argumentCount * Math.ceil(size / 4096) * 3;
  const ask = async (path, sum) => {
    const started = performance.now();
    const answer = await client.send('GET', path);
    const elapsed = (performance.now() - started) * 1000;
    if (answer.status !== 200 || JSON.parse(answer.body).sum !== sum) {
      throw new Error(`${path} answered ${answer.status}: ${answer.body}`);
    }
    return elapsed;
  };
  const paths = sizes.flatMap((size) => [
    { name: `virga ${size}`, path: `/d/by-reference-${size}`, sum: expected(size) },
    { name: `redis ${size}`, path: `/f/locality?from=redis&size=${size}`, sum: expected(size) },
  ]);
  const figures = {};
  for (let round = 0; round < rounds; round++) {
    for (const { name, path, sum } of [{ name: 'none', path: '/d/none', sum: 0 }, ...paths]) {
      await ask(path, sum);
      for (let index = 0; index < count; index++) {
        (figures[name] ??= []).push(await ask(path, sum));
      }
    }
  }
  client.close();
  admin.close();
  await Promise.all([node.stop(), redis.stop()]);

  const none = median(figures.none);
  // What is within the noise of the call itself counts as a microsecond.
  const cost = (name) => Math.max(1, median(figures[name]) - none);
  const ratio = (size) => cost(`redis ${size}`) / cost(`virga ${size}`);
  return {
    sections: [
      section({
        title: 'Data locality',
        note,
        head: ['each of ten arguments', 'by reference, cached', 'fetched from Redis', 'Redis to Virga', 'whole call by reference', 'whole call with Redis'],
        rows: sizes.map((size) => [
          size >= 1e6 ? `${size / 1e6} MB` : `${size / 1e3} KB`,
          micros(cost(`virga ${size}`)),
          micros(cost(`redis ${size}`)),
          times(ratio(size)),
          micros(median(figures[`virga ${size}`])),
          micros(median(figures[`redis ${size}`])),
        ]),
      }),
    ],
    targets: sizes.map((size) => atLeast(`ten arguments of ${size / 1000} KB: fetched from Redis to cached`, ratio(size), 10, times)),
    figures: Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, median(values)])),
  };
}

async function setInRedis(port, key, value) {
  const socket = createConnection(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${value.length}\r\n`);
  socket.write(value);
  socket.write('\r\n');
  const [answer] = await once(socket, 'data');
  socket.destroy();
  if (!answer.toString().startsWith('+OK')) {
    throw new Error(`SET was answered ${answer}`);
  }
}
