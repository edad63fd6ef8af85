// What it costs to write: logged within the interval, logged before the answer, and by many at once, beside the disk alone and Redis that does the same.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { HttpClient } from '../../harness/http-client.mjs';
import { atLeast, atMost, micros, rate, section, times } from '../../harness/report.mjs';
import { median, percentile } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { call, deploy, peers, probes } from '../functions.mjs';
import { startRedis } from '../../harness/redis.mjs';

const clients = 64;
// About what a put of the probe's value is in the log.
const recordBytes = 200;
const note =
  'Puts of about 120 bytes from inside a node function. `sync` is acknowledged when it is on the disk, `interval` at once and on the disk within the interval. ' +
  `fdatasync is a program that appends ${recordBytes} bytes and synchronises, again and again, on the same disk. Redis: appendfsync always, ${clients} connections. Median of the rounds, which alternate.`;

export async function put({ rounds, count, syncs }) {
  const redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
  const folders = { interval: await temporaryFolder(), sync: await temporaryFolder() };
  const nodes = {};
  for (const [durability, folder] of Object.entries(folders)) {
    const node = await VirgaNode.start(folder, ['--state-durability', durability]);
    await deploy(node.api, 'probe', probes.node, { variables: { PEERS: peers, REDIS_PORT: String(redis.port) } });
    nodes[durability] = { node, client: new HttpClient(node.gateway, 1) };
  }

  const figures = {};
  const take = (name, figure) => (figures[name] ??= []).push(figure);
  const ask = (durability, query) => call(nodes[durability].client, 'probe', query);
  for (let round = 0; round < rounds; round++) {
    take('interval', await ask('interval', { op: 'virga put', count, warm: Math.ceil(count / 4) }));
    take('disk', synchronise(folders.sync, syncs));
    take('sync', await ask('sync', { op: 'virga put', count: syncs, warm: 50 }));
    take('sync 64', await ask('sync', { op: 'virga put', count: syncs, warm: 50, clients }));
    take('interval 64', await ask('interval', { op: 'virga put', count: syncs, warm: 50, clients }));
    take('redis', await ask('interval', { op: 'redis put', count: syncs, warm: 50 }));
    take('redis 64', await ask('interval', { op: 'redis put', count: syncs, warm: 50, clients }));
  }
  for (const { node, client } of Object.values(nodes)) {
    client.close();
    await node.stop();
  }
  await redis.stop();

  const figure = (name, what) => median(figures[name].map((round) => round[what]));
  const row = (title, name) => [title, micros(figure(name, 'p50')), micros(figure(name, 'p99')), rate(figure(name, 'perSecond'))];
  return {
    sections: [
      section({
        title: 'A put inside a function',
        note,
        head: ['what', 'p50', 'p99', 'throughput'],
        rows: [
          row('virga, interval, 1 client', 'interval'),
          row(`virga, interval, ${clients} clients`, 'interval 64'),
          row('fdatasync alone', 'disk'),
          row('virga, sync, 1 client', 'sync'),
          row(`virga, sync, ${clients} clients`, 'sync 64'),
          row('Redis, always, 1 client', 'redis'),
          row(`Redis, always, ${clients} clients`, 'redis 64'),
        ],
      }),
    ],
    targets: [
      atMost('put, interval, p50', figure('interval', 'p50'), 35, micros),
      atMost('put, sync, 1 client, p50, to fdatasync', figure('sync', 'p50') / figure('disk', 'p50'), 1.5, times),
      atLeast(`put, sync, ${clients} clients, throughput, to one fdatasync per write`, figure('sync 64', 'perSecond') / figure('disk', 'perSecond'), 20, times),
      atLeast(`put, sync, ${clients} clients, throughput, to Redis with appendfsync always`, figure('sync 64', 'perSecond') / figure('redis 64', 'perSecond'), 1, times),
    ],
    figures,
  };
}

// In this process and without waiting for anything else: the disk's own time.
function synchronise(folder, count) {
  const file = openSync(join(folder, 'fdatasync'), 'a');
  const record = Buffer.alloc(recordBytes, 1);
  const latencies = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    writeSync(file, record);
    fdatasyncSync(file);
    latencies.push((performance.now() - started) * 1000);
  }
  closeSync(file);
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), perSecond: 1e6 / (latencies.reduce((sum, one) => sum + one, 0) / count) };
}
