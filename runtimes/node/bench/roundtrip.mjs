// Frame round trips of the worker as its node sees them: this program's own cost is in the round trips, not in the CPU column.
// Usage: node bench/roundtrip.mjs
import { Kind, WorkerProcess, encodeFrame, packageOf } from '../testing/worker-process.mjs';
import { cpuMicroseconds } from './cpu.mjs';

const calls = 50_000;
const header = {
  id: '01JD3TZZZZZZZZZZZZZZZZZZZZ',
  trigger: 'http',
  method: 'GET',
  path: '/hello',
  query: 'name=ann',
  headers: [
    ['accept', '*/*'],
    ['host', '127.0.0.1:8080'],
    ['user-agent', 'wrk'],
  ],
  deadline: Date.now() + 3_600_000,
};
const handlers = {
  sync: `export default (event) => ({ hello: event.query.name ?? 'world' });`,
  async: `export default async (event) => ({ hello: event.query.name ?? 'world' });`,
};

for (const [name, source] of Object.entries(handlers)) {
  for (const concurrency of [1, 16]) {
    await measure(`${name}, concurrency ${concurrency}`, source, concurrency);
  }
}
await measureSpecialise();

async function measure(title, source, concurrency) {
  const sample = packageOf({ 'index.mjs': source });
  const worker = await WorkerProcess.start();
  await worker.specialise(sample.root, { concurrency });
  const frame = encodeFrame(Kind.call, 1, header);
  for (let index = 0; index < 5000; index++) {
    worker.write(frame);
    await worker.next(Kind.result);
  }
  const cpuBefore = cpuMicroseconds(worker.process.pid);
  const times = [];
  for (let index = 0; index < calls; index++) {
    const start = process.hrtime.bigint();
    worker.write(frame);
    await worker.next(Kind.result);
    times.push(Number(process.hrtime.bigint() - start) / 1000);
  }
  const cpuSingle = (cpuMicroseconds(worker.process.pid) - cpuBefore) / calls;
  times.sort((a, b) => a - b);

  const batch = Buffer.concat(Array(64).fill(frame));
  const batches = 5000;
  const before = cpuMicroseconds(worker.process.pid);
  const start = performance.now();
  await pipeline(worker, batch, 64, batches);
  const seconds = (performance.now() - start) / 1000;
  const cpuPipelined = (cpuMicroseconds(worker.process.pid) - before) / (batches * 64);
  console.log(
    `${title}: round trip p50 ${at(times, 0.5)} us, p99 ${at(times, 0.99)} us (worker CPU ${cpuSingle.toFixed(1)} us); ` +
      `pipelined ${Math.round((batches * 64) / seconds)} calls/s (worker CPU ${cpuPipelined.toFixed(2)} us)`,
  );
  await worker.stop();
  sample.remove();
}

/** Keeps eight batches of calls under way. */
async function pipeline(worker, batch, size, batches) {
  let sent = 0;
  for (; sent < 8; sent++) {
    worker.write(batch);
  }
  await worker.count(Kind.result, size * batches, (received) => {
    if (received % size === 0 && sent < batches) {
      sent++;
      worker.write(batch);
    }
  });
}

async function measureSpecialise() {
  const times = [];
  const ready = [];
  for (let index = 0; index < 20; index++) {
    const sample = packageOf({ 'index.mjs': handlers.async });
    const began = performance.now();
    const worker = await WorkerProcess.start();
    ready.push(performance.now() - began);
    const start = performance.now();
    await worker.specialise(sample.root);
    await worker.call(header);
    times.push(performance.now() - start);
    await worker.stop();
    sample.remove();
  }
  times.sort((a, b) => a - b);
  ready.sort((a, b) => a - b);
  console.log(
    `start to HELLO: p50 ${at(ready, 0.5)} ms; specialise and first call: p50 ${at(times, 0.5)} ms, p95 ${at(times, 0.95)} ms`,
  );
}

function at(sorted, quantile) {
  return sorted[Math.floor(sorted.length * quantile)].toFixed(2);
}
