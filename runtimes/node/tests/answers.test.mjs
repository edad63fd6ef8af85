import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Kind, WorkerProcess, packageOf } from '../testing/worker-process.mjs';

const source = `
import { Readable } from 'node:stream';
const circular = {}; circular.self = circular;
class NotThere extends Error {}
const cases = {
  plain: () => ({ hello: 'world' }),
  nothing: () => undefined,
  text: () => 'hi',
  array: () => [1, 2],
  date: () => new Date(0),
  response: () => ({ status: 201, headers: { 'X-Two': ['a', 'b'], 'x-number': 7, 'x-none': undefined }, body: { ok: true } }),
  responseText: () => ({ body: 'grüße' }),
  responseBytes: () => ({ body: Buffer.from([0, 255]) }),
  pairs: () => ({ headers: [['content-type', 'text/css']], body: 'a{}' }),
  headersObject: () => ({ headers: new Headers({ a: 'b' }) }),
  bytes: () => new Uint8Array([1, 2, 3]),
  web: () => Response.json({ web: 1 }, { status: 202 }),
  large: () => ({ text: 'x'.repeat(3_000_000) }),
  *generator() { yield 'a'; yield 'b'; },
  async *asyncGenerator() { yield 'one '; await null; yield Buffer.from('two'); },
  readable: () => Readable.from([Buffer.alloc(700_000, 1), Buffer.alloc(700_000, 2)]),
  webStream: () => new Blob(['blob']).stream(),
  serverSentEvents: () => ({ headers: { 'content-type': 'text/event-stream' }, body: (async function* () { yield 'data: 1\\n\\n'; })() }),
  async *breaks() { yield 'part'; throw new Error('half way'); },
  async *failsFirst() { throw new Error('at once'); },
  *numbers() { yield 1; },
  bigint: () => 10n,
  nestedBigint: () => ({ n: 10n }),
  circular: () => circular,
  function: () => () => 1,
  badStatus: () => ({ status: 'ok' }),
  statusTooHigh: () => ({ status: 600 }),
  headerInjection: () => ({ headers: { 'x-a': 'b\\r\\nx-c: d' } }),
  badHeaderName: () => ({ headers: { 'a b': 'c' } }),
  throws: () => { throw new NotThere('gone'); },
  rejects: async () => { throw new TypeError('bad'); },
  throwsString: () => { throw 'just text'; },
  throwsNull: () => { throw null; },
};
export default (event) => cases[event.query.case]();
`;

describe('an answer', () => {
  let worker;
  let sample;
  before(async () => {
    sample = packageOf({ 'index.mjs': source });
    worker = await WorkerProcess.start();
    assert.deepEqual(await worker.specialise(sample.root), { ok: true });
  });
  after(async () => {
    await worker.stop();
    sample.remove();
  });
  const run = (name) => worker.call({ query: `case=${name}` });

  for (const [name, json] of [
    ['plain', '{"hello":"world"}'],
    ['nothing', 'null'],
    ['text', '"hi"'],
    ['array', '[1,2]'],
  ]) {
    test(`of a plain value (${name}) is a RESULT with an empty header`, async () => {
      const { kind, header, body } = await run(name);
      assert.equal(kind, Kind.result);
      assert.deepEqual(header, {});
      assert.equal(body.toString(), json);
    });
  }

  for (const [name, header, text] of [
    ['date', { status: 200, headers: [['content-type', 'application/json']] }, '"1970-01-01T00:00:00.000Z"'],
    [
      'response',
      {
        status: 201,
        headers: [
          ['x-two', 'a'],
          ['x-two', 'b'],
          ['x-number', '7'],
          ['content-type', 'application/json'],
        ],
      },
      '{"ok":true}',
    ],
    ['responseText', { status: 200, headers: [['content-type', 'text/plain; charset=utf-8']] }, 'grüße'],
    ['pairs', { status: 200, headers: [['content-type', 'text/css']] }, 'a{}'],
    ['headersObject', { status: 200, headers: [['a', 'b']] }, ''],
    ['bytes', { status: 200, headers: [['content-type', 'application/octet-stream']] }, '\x01\x02\x03'],
  ]) {
    test(`of ${name} says its status and headers`, async () => {
      const frame = await run(name);
      assert.deepEqual(frame.header, { ...header, body: 'inline' });
      assert.equal(frame.body.toString(), text);
    });
  }

  test('of bytes is sent as it is', async () => {
    const { body } = await run('responseBytes');
    assert.deepEqual([...body], [0, 255]);
  });

  for (const [name, type, text] of [
    ['generator', 'text/plain; charset=utf-8', 'ab'],
    ['asyncGenerator', 'text/plain; charset=utf-8', 'one two'],
    ['webStream', 'application/octet-stream', 'blob'],
    ['serverSentEvents', 'text/event-stream', 'data: 1\n\n'],
    ['web', 'application/json', '{"web":1}'],
  ]) {
    test(`of ${name} is streamed`, async () => {
      const { header, call } = await run(name);
      assert.equal(header.body, 'stream');
      assert.deepEqual(header.headers, [['content-type', type]]);
      const { body, end } = await worker.readBody(call);
      assert.equal(body.toString(), text);
      assert.deepEqual(end, {});
    });
  }

  test('that is large is streamed with its length', async () => {
    const { header, call } = await run('large');
    assert.deepEqual(header.headers, [
      ['content-type', 'application/json'],
      ['content-length', '3000011'],
    ]);
    const { body } = await worker.readBody(call);
    assert.equal(body.length, 3_000_011);
  });

  test('waits for credit after the first MiB', async () => {
    const { call } = await run('readable');
    let received = 0;
    while (received < 1024 * 1024) {
      received += (await worker.next(Kind.body, call)).body.length;
    }
    assert.equal(received, 1024 * 1024);
    // Another call is answered meanwhile, and nothing more of this body comes before the credit does.
    await run('plain');
    assert.equal(worker.frames.filter((frame) => frame.call === call).length, 0);
    const credit = Buffer.alloc(4);
    credit.writeUInt32LE(1024 * 1024);
    worker.send(Kind.window, call, undefined, credit);
    const { body } = await worker.readBody(call);
    assert.equal(received + body.length, 1_400_000);
  });

  test('that breaks half way ends its body with the error', async () => {
    const { call } = await run('breaks');
    const { body, end } = await worker.readBody(call);
    assert.equal(body.toString(), 'part');
    assert.equal(end.error.message, 'half way');
  });

  for (const [name, type, message] of [
    ['failsFirst', 'Error', /^at once$/],
    ['numbers', 'invalid-response', /number/],
    ['bigint', 'unserialisable', /BigInt/],
    ['nestedBigint', 'unserialisable', /BigInt/],
    ['circular', 'unserialisable', /circular/],
    ['function', 'unserialisable', /function/],
    ['badStatus', 'invalid-response', /"ok".*return \{ body/],
    ['statusTooHigh', 'invalid-response', /600/],
    ['headerInjection', 'invalid-response', /x-a/],
    ['badHeaderName', 'invalid-response', /"a b"/],
    ['throws', 'NotThere', /^gone$/],
    ['rejects', 'TypeError', /^bad$/],
    ['throwsString', 'Error', /^just text$/],
    ['throwsNull', 'Error', /null/],
  ]) {
    test(`of ${name} is an ERROR of type ${type}`, async () => {
      const { kind, header } = await run(name);
      assert.equal(kind, Kind.error);
      assert.equal(header.type, type);
      assert.match(header.message, message);
    });
  }

  test("that is an error has a stack without the runtime's own frames", async () => {
    const { header } = await run('throws');
    assert.match(header.stack, /index\.mjs/);
    assert.doesNotMatch(header.stack, /call\.mjs|node:internal/);
  });
});
