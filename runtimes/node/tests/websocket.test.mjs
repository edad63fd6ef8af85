import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Kind, WorkerProcess, packageOf } from '../testing/worker-process.mjs';

const source = `
export default async (event) => {
  if (event.query.refuse) return { status: 403, body: 'no' };
  const socket = event.accept();
  for await (const message of socket) {
    if (message === 'throw') throw new Error('broken');
    if (message === 'close') { socket.close(4000, 'asked'); continue; }
    if (message === 'large') { for (let i = 0; i < 8; i++) await socket.send(Buffer.alloc(200_000)); continue; }
    await socket.send(typeof message === 'string' ? message.toUpperCase() : message);
  }
  console.log('closed', socket.closed);
};`;

describe('a WebSocket', () => {
  let worker;
  let sample;
  before(async () => {
    sample = packageOf({ 'index.mjs': source });
    worker = await WorkerProcess.start();
    await worker.specialise(sample.root, { concurrency: 16 });
  });
  after(async () => {
    await worker.stop();
    sample.remove();
  });

  async function open() {
    const call = worker.open({ trigger: 'websocket' });
    assert.deepEqual((await worker.next(Kind.result, call)).header, { status: 101 });
    return call;
  }
  const sendText = (call, text) => worker.send(Kind.message, call, { text: true }, Buffer.from(text));

  test('echoes text and bytes until the client closes', async () => {
    const call = await open();
    sendText(call, 'grüße');
    worker.send(Kind.message, call, undefined, Buffer.from([0, 255]));
    const text = await worker.next(Kind.message, call);
    assert.deepEqual([text.header.text, text.body.toString()], [true, 'GRÜSSE']);
    const bytes = await worker.next(Kind.message, call);
    assert.deepEqual([bytes.header.text, [...bytes.body]], [undefined, [0, 255]]);
    worker.send(Kind.end, call, { code: 1001, reason: 'leaving' });
    assert.deepEqual((await worker.next(Kind.end, call)).header, { code: 1001, reason: 'leaving' });
    assert.match((await worker.next(Kind.log, call)).body.toString(), /1001.*leaving/);
  });

  test('is closed by the function with its code', async () => {
    const call = await open();
    sendText(call, 'close');
    assert.deepEqual((await worker.next(Kind.end, call)).header, { code: 4000, reason: 'asked' });
    worker.send(Kind.end, call, { code: 4000 });
  });

  test('is closed with 1011 when the function throws', async () => {
    const call = await open();
    sendText(call, 'throw');
    const { header } = await worker.next(Kind.end, call);
    assert.equal(header.code, 1011);
    assert.equal(header.error.message, 'broken');
    assert.match((await worker.next(Kind.log, call)).body.toString(), /broken/);
  });

  test('sends no more than its credit', async () => {
    const call = await open();
    sendText(call, 'large');
    for (let index = 0; index < 5; index++) {
      await worker.next(Kind.message, call);
    }
    const other = worker.open({ trigger: 'websocket', query: 'refuse=1' });
    await worker.next(Kind.result, other);
    assert.equal(worker.frames.filter((frame) => frame.kind === Kind.message).length, 0);
    const credit = Buffer.alloc(4);
    credit.writeUInt32LE(1_000_000);
    worker.send(Kind.window, call, undefined, credit);
    for (let index = 0; index < 3; index++) {
      await worker.next(Kind.message, call);
    }
  });

  test('is refused by an ordinary answer', async () => {
    const call = worker.open({ trigger: 'websocket', query: 'refuse=1' });
    const { header, body } = await worker.next(Kind.result, call);
    assert.equal(header.status, 403);
    assert.equal(body.toString(), 'no');
  });
});
