import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kind, WorkerProcess, packageOf } from '../testing/worker-process.mjs';

// A call that stays open after its cancellation would keep the instance from ending on SHUTDOWN.
for (const [title, source, options, header] of [
  [
    'a streamed request',
    `export default async (e) => { console.log('in'); for await (const p of e.stream); };`,
    { requestBody: 'stream' },
    { body: 'stream' },
  ],
  ['a request that is being gathered', `console.log('in'); export default () => 1;`, {}, { body: 'stream' }],
  [
    'a WebSocket',
    `export default async (e) => { for await (const m of (console.log('in'), e.accept())); };`,
    {},
    { trigger: 'websocket' },
  ],
  [
    'a stream that never gives',
    `import { Readable } from 'node:stream'; export default () => { console.log('in');
     return { headers: { 'content-type': 'text/plain' }, body: new Readable({ read() {} }) }; };`,
    {},
    {},
  ],
]) {
  test(`${title} is closed by its cancellation`, async () => {
    const sample = packageOf({ 'index.mjs': source });
    const worker = await WorkerProcess.start();
    await worker.specialise(sample.root, options);
    const call = worker.open(header);
    await worker.next(Kind.log);
    worker.send(Kind.cancel, call, { reason: 'client-gone' });
    const { header: answer } = await worker.next([Kind.error, Kind.end], call);
    assert.equal((answer.error ?? answer).type, 'cancelled');
    worker.send(Kind.shutdown, 0);
    assert.equal((await worker.exited).code, 0);
    await worker.stop();
    sample.remove();
  });
}
