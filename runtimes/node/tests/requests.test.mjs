import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Kind, withFunction } from '../testing/worker-process.mjs';

const json = async (frame) => JSON.parse((await frame).body.toString());
const typed = (type) => ({ headers: [['content-type', type]] });

describe('an event', () => {
  test('gives what the request holds', () =>
    withFunction(
      `export default (event) => ({
        all: event.queryAll('n'), missing: event.queryAll('x'), upgrade: event.upgrade, event });`,
      {},
      async (worker) => {
        const { body } = await worker.call({
          method: 'POST',
          path: '/users/é',
          query: 'n=1&n=2&t=a%20b+c&bad=%zz',
          params: { id: 'é' },
          headers: [
            ['accept', 'a'],
            ['accept', 'b'],
          ],
        });
        assert.deepEqual(JSON.parse(body.toString()), {
          all: ['1', '2'],
          missing: [],
          upgrade: false,
          event: {
            trigger: 'http',
            method: 'POST',
            path: '/users/é',
            params: { id: 'é' },
            query: { n: '2', t: 'a b c', bad: '%zz' },
            headers: { accept: 'a, b' },
            body: null,
          },
        });
      },
    ));

  test('parses its body by its content type', () =>
    withFunction(
      `export default ({ body, raw }) => ({ answer: Buffer.isBuffer(body) ? 'bytes' : body, length: raw.length });`,
      {},
      async (worker) => {
        const body = Buffer.from('{"a":"ü"}');
        const parsed = { answer: { a: 'ü' }, length: 10 };
        const text = { answer: '{"a":"ü"}', length: 10 };
        assert.deepEqual(await json(worker.call(typed('application/json; charset=utf-8'), body)), parsed);
        assert.deepEqual(await json(worker.call(typed('application/problem+json'), body)), parsed);
        assert.deepEqual(await json(worker.call({}, body)), text);
        assert.deepEqual(await json(worker.call(typed('text/csv'), body)), text);
        assert.deepEqual(await json(worker.call(typed('image/png'), body)), { answer: 'bytes', length: 10 });
        const latin = await json(worker.call(typed('text/plain; charset=iso-8859-1'), Buffer.from([0xfc])));
        assert.deepEqual(latin, { answer: 'ü', length: 1 });
      },
    ));

  test('that claims JSON and is none fails as invalid-body', () =>
    withFunction(`export default (event) => event.body;`, {}, async (worker) => {
      const { kind, header } = await worker.call(typed('application/json'), Buffer.from('{oops'));
      assert.equal(kind, Kind.error);
      assert.equal(header.type, 'invalid-body');
    }));

  test('gathers a body that comes in pieces before the handler runs', () =>
    withFunction(`export default (event) => event.raw.length;`, {}, async (worker) => {
      const call = worker.open({ body: 'stream' });
      const piece = Buffer.alloc(256 * 1024);
      for (let index = 0; index < 16; index++) {
        worker.send(Kind.body, call, undefined, piece);
      }
      worker.send(Kind.end, call);
      const { body } = await worker.next(Kind.result, call);
      assert.equal(body.toString(), String(4 * 1024 * 1024));
      let credit = 0;
      for (const frame of worker.frames.filter(({ kind }) => kind === Kind.window)) {
        credit += frame.body.readUInt32LE(0);
      }
      assert.equal(credit, 4 * 1024 * 1024);
    }));

  test('gives its body as a stream when the function asks for it', () =>
    withFunction(
      `export default async function* (event) { for await (const piece of event.stream) yield piece.toString().toUpperCase(); }`,
      { requestBody: 'stream' },
      async (worker) => {
        const call = worker.open({ body: 'stream' });
        worker.send(Kind.body, call, undefined, Buffer.from('one'));
        assert.equal((await worker.next(Kind.body, call)).body.toString(), 'ONE');
        worker.send(Kind.body, call, undefined, Buffer.from('two'));
        assert.equal((await worker.next(Kind.body, call)).body.toString(), 'TWO');
        worker.send(Kind.end, call);
        assert.deepEqual((await worker.next(Kind.end, call)).header, {});
        assert.equal((await worker.call({}, Buffer.from('inline'))).header.body, 'stream');
      },
    ));

  test('gives credit for a stream that the handler did not read', () =>
    withFunction(`export default () => 'early';`, { requestBody: 'stream' }, async (worker) => {
      const call = worker.open({ body: 'stream' });
      assert.equal((await worker.next(Kind.result, call)).body.toString(), '"early"');
      worker.send(Kind.body, call, undefined, Buffer.alloc(256 * 1024));
      assert.equal((await worker.next(Kind.window, call)).body.readUInt32LE(0), 256 * 1024);
    }));
});

describe('a context', () => {
  test('tells about the call and the function', () =>
    withFunction(
      `export default (event, ctx) => ({ id: ctx.invocationId, names: [ctx.tenant, ctx.namespace, ctx.function, ctx.version],
        trace: ctx.traceparent, attempt: ctx.attempt, left: ctx.remainingMs(), deadline: ctx.deadline, env: process.env.GREETING,
        folder: process.cwd() });`,
      { environment: { GREETING: 'hi' } },
      async (worker) => {
        const deadline = Date.now() + 5000;
        const answer = await json(worker.call({ deadline, traceparent: '00-ab', attempt: 2 }));
        assert.equal(answer.id, 'call-1');
        assert.deepEqual(answer.names, ['default', 'shop', 'sample', 3]);
        assert.equal(answer.trace, '00-ab');
        assert.equal(answer.attempt, 2);
        assert.equal(answer.deadline, new Date(deadline).toISOString());
        assert.ok(answer.left > 0 && answer.left <= 5000);
        assert.equal(answer.env, 'hi');
        assert.match(answer.folder, /virga-function-/);
      },
    ));

  test('aborts its signal when the call is cancelled', () =>
    withFunction(
      `import { setTimeout } from 'node:timers/promises';
       export default (event, ctx) => { console.log('waiting'); return setTimeout(60_000, 'late', { signal: ctx.signal }); };`,
      {},
      async (worker) => {
        const call = worker.open();
        await worker.next(Kind.log);
        worker.send(Kind.cancel, call, { reason: 'client-gone' });
        const { header } = await worker.next(Kind.error, call);
        assert.equal(header.type, 'cancelled');
        assert.match(header.message, /client-gone/);
      },
    ));

  test('ends a streamed answer that is cancelled', () =>
    withFunction(
      `export default async function* () { for (;;) { yield 'x'.repeat(100_000); } }`,
      {},
      async (worker) => {
        const { call } = await worker.call();
        worker.send(Kind.cancel, call, { reason: 'client-gone' });
        const { header } = await worker.next(Kind.end, call);
        assert.equal(header.error.type, 'cancelled');
      },
    ));
});
