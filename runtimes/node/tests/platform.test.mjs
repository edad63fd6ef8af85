import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ByteReader, ByteWriter } from '../platform/bytes.mjs';
import { decodeValue, writeValue } from '../platform/values.mjs';
import { Kind, withFunction } from '../testing/worker-process.mjs';

const version = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const versionText = '0706050403020100' + '0f0e0d0c0b0a0908';

/** The next request of a call: its id, and a reader behind its first byte, which says what is asked. */
async function request(worker, call) {
  const pieces = [];
  for (;;) {
    const { body } = await worker.next(Kind.ask, call);
    pieces.push(body.subarray(5));
    if (body[4] === 0) {
      const whole = Buffer.concat(pieces);
      return { id: body.readUInt32LE(0), kind: whole[0], pieces: pieces.length, reader: new ByteReader(whole, 1) };
    }
  }
}

function answer(worker, call, id, write) {
  const out = new ByteWriter();
  out.byte(0);
  write(out);
  send(worker, call, id, out.from(0));
}

function send(worker, call, id, content) {
  const step = 200_000;
  for (let at = 0; at === 0 || at < content.length; at += step) {
    const piece = content.subarray(at, at + step);
    const head = Buffer.alloc(5);
    head.writeUInt32LE(id, 0);
    head[4] = at + step < content.length ? 1 : 0;
    worker.send(Kind.answer, call, undefined, Buffer.concat([head, piece]));
  }
}

function problem(worker, call, id, slug, detail) {
  send(worker, call, id, Buffer.concat([Buffer.from([1]), problemJson(slug, detail)]));
}

function problemJson(slug, detail) {
  return Buffer.from(JSON.stringify({ type: `urn:virga:problem:${slug}`, title: slug, status: 409, detail, fix: 'Mend it.' }));
}

function gets(reader) {
  const keys = [];
  for (let left = reader.varint(); left > 0; left--) {
    assert.equal(reader.byte(), 1);
    const key = reader.text();
    const flags = reader.byte();
    keys.push({ key, flags, known: flags & 2 ? Buffer.from(reader.take(16)) : null });
  }
  return keys;
}

function found(out, value) {
  out.byte(0);
  out.byte(1);
  out.raw(version);
  writeValue(out, value);
}

async function result(worker, call) {
  const frame = await worker.next([Kind.result, Kind.error], call);
  assert.equal(frame.kind, Kind.result, JSON.stringify(frame.header));
  return JSON.parse(frame.body.toString());
}

describe('ctx.state', () => {
  test('sends what is asked for in one turn in one request', () =>
    withFunction(
      `export default async (event, ctx) => (await Promise.all(Array.from({ length: 200 }, (_, i) => ctx.state.get('k' + i)))).length;`,
      {},
      async (worker) => {
        const call = worker.open();
        const { id, kind, reader } = await request(worker, call);
        assert.equal(kind, 1);
        const keys = gets(reader);
        assert.equal(keys.length, 200);
        assert.deepEqual(keys[199], { key: 'k199', flags: 1, known: null });
        answer(worker, call, id, (out) => {
          out.varint(200);
          keys.forEach((_, i) => found(out, i));
        });
        assert.equal(await result(worker, call), 200);
      },
    ));

  test('gives values as they were put, and undefined for what is not there', () =>
    withFunction(
      `export default async ({}, { state }) => {
        const [json, text, bytes, absent] = await Promise.all(['json', 'text', 'bytes', 'absent'].map((key) => state.get(key)));
        return [json, text, Buffer.isBuffer(bytes) && [...bytes], absent === undefined];
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        const { id } = await request(worker, call);
        answer(worker, call, id, (out) => {
          out.varint(4);
          found(out, { a: [1] });
          found(out, 'grün');
          found(out, Buffer.from([7, 8]));
          out.raw(Buffer.from([0, 0]));
        });
        assert.deepEqual(await result(worker, call), [{ a: [1] }, 'grün', [7, 8], true]);
      },
    ));

  test('does not fetch a large value again that has not changed, and hands out no value twice', () =>
    withFunction(
      `export default async ({}, { state }) => {
        const first = await state.get('large');
        first.list[0] = 'mine';
        const second = await state.get('large');
        const [a, b] = [await state.get('large', { shared: true }), await state.get('large', { shared: true })];
        return [second.list[0], a === b, a.list.length];
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        const first = await request(worker, call);
        answer(worker, call, first.id, (out) => {
          out.varint(1);
          found(out, { list: Array(3000).fill('theirs') });
        });
        for (let i = 0; i < 3; i++) {
          const { id, reader } = await request(worker, call);
          assert.deepEqual(gets(reader), [{ key: 'large', flags: 3, known: version }]);
          answer(worker, call, id, (out) => out.raw(Buffer.from([1, 0, 2])));
        }
        assert.deepEqual(await result(worker, call), ['theirs', true, 3000]);
      },
    ));

  test('writes puts with their conditions, and large ones in pieces', () =>
    withFunction(
      `export default async ({}, { state }) => {
        const version = await state.put('a', 'x', { ttl: 1000, ifVersion: '${versionText}' });
        await state.put('b', Buffer.alloc(600_000, 7));
        await state.put('c', { n: 1 }, { ifAbsent: true });
        return version;
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        const reply = (id) => answer(worker, call, id, (out) => out.raw(Buffer.concat([Buffer.from([1, 0]), version])));
        const first = await request(worker, call);
        const { reader } = first;
        assert.deepEqual([reader.varint(), reader.byte(), reader.text(), reader.byte()], [1, 2, 'a', 3]);
        assert.equal(decodeValue(reader.bytes()), 'x');
        assert.equal(reader.varint(), 1000);
        assert.deepEqual(reader.take(16), version);
        reply(first.id);
        const second = await request(worker, call);
        assert.ok(second.pieces > 1);
        assert.deepEqual([second.reader.varint(), second.reader.byte(), second.reader.text(), second.reader.byte()], [1, 2, 'b', 0]);
        assert.deepEqual(decodeValue(second.reader.bytes()), Buffer.alloc(600_000, 7));
        reply(second.id);
        const third = await request(worker, call);
        third.reader.take(5);
        assert.deepEqual(decodeValue(third.reader.bytes()), { n: 1 });
        assert.deepEqual(third.reader.take(16), Buffer.alloc(16));
        reply(third.id);
        assert.equal(await result(worker, call), versionText);
      },
    ));

  test('asks again for what did not fit into an answer', () =>
    withFunction(
      `export default async ({}, { state }) => Promise.all([state.get('a'), state.get('b')]);`,
      {},
      async (worker) => {
        const call = worker.open();
        const first = await request(worker, call);
        answer(worker, call, first.id, (out) => {
          out.varint(2);
          found(out, 1);
          out.byte(1);
          const json = problemJson('answer-full', 'full');
          out.varint(json.length);
          out.raw(json);
        });
        const { id, reader } = await request(worker, call);
        assert.deepEqual(gets(reader).map(({ key }) => key), ['b']);
        answer(worker, call, id, (out) => {
          out.varint(1);
          found(out, 2);
        });
        assert.deepEqual(await result(worker, call), [1, 2]);
      },
    ));

  test('gives many values of every kind, each as it was put, and fetches none twice', () =>
    withFunction(
      `export default async ({}, { state }) => {
        const keys = ['a', 'text', 'b', 'grün', 'absent', 'large', 'bytes', 'full', 'd'];
        const first = await state.getMany(keys);
        first.get('large')[0] = 'mine';
        const again = await state.getMany(new Set(['large', 'a']));
        return [[...first].map(([key, value]) => [key, key === 'large' ? value.length : Buffer.isBuffer(value) ? [...value] : value]), again.get('large')[0], [...again.keys()]];
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        const large = Array(3000).fill('theirs');
        const first = await request(worker, call);
        assert.deepEqual(gets(first.reader).map(({ key }) => key), ['a', 'text', 'b', 'grün', 'absent', 'large', 'bytes', 'full', 'd']);
        answer(worker, call, first.id, (out) => {
          out.varint(9);
          found(out, { a: [1, ','] });
          found(out, 'plain');
          found(out, [null]);
          found(out, { ü: '☂' });
          out.raw(Buffer.from([0, 0]));
          found(out, large);
          found(out, Buffer.from([1, 2]));
          out.byte(1);
          const json = problemJson('answer-full', 'full');
          out.varint(json.length);
          out.raw(json);
          found(out, 4.5);
        });
        const rest = await request(worker, call);
        assert.deepEqual(gets(rest.reader), [{ key: 'full', flags: 1, known: null }]);
        answer(worker, call, rest.id, (out) => {
          out.varint(1);
          found(out, false);
        });
        const second = await request(worker, call);
        assert.deepEqual(gets(second.reader), [{ key: 'large', flags: 3, known: version }, { key: 'a', flags: 1, known: null }]);
        answer(worker, call, second.id, (out) => {
          out.varint(2);
          out.raw(Buffer.from([0, 2]));
          found(out, 1);
        });
        assert.deepEqual(await result(worker, call), [
          [['a', { a: [1, ','] }], ['text', 'plain'], ['b', [null]], ['grün', { ü: '☂' }], ['large', 3000], ['bytes', [1, 2]], ['full', false], ['d', 4.5]],
          'theirs',
          ['large', 'a'],
        ]);
      },
    ));

  test('throws for many keys what is wrong with one of them, and goes on with other commands of the request', () =>
    withFunction(
      `export default async ({}, { state }) => {
        const [many, one] = await Promise.allSettled([state.getMany(['a', 'b', 'c']), state.get('d')]);
        return [many.reason.type, one.value];
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        const { id, reader } = await request(worker, call);
        assert.deepEqual(gets(reader).map(({ key }) => key), ['a', 'b', 'c', 'd']);
        answer(worker, call, id, (out) => {
          out.varint(4);
          found(out, 1);
          out.byte(1);
          const json = problemJson('invalid-key', 'It is no key.');
          out.varint(json.length);
          out.raw(json);
          found(out, 3);
          found(out, 4);
        });
        assert.deepEqual(await result(worker, call), ['invalid-key', 4]);
      },
    ));

  test('asks and adds to sketches as updates and queries', () => {
    const commands = [
      [`hyperLogLog('k', { precision: 12 }).add('a', 1)`, 6, { hyperLogLog: { add: ['a', 1], precision: 12 } }, { added: 2 }],
      [`hyperLogLog('k').estimate()`, 7, { hyperLogLog: 'estimate' }, { estimate: 2 }],
      [`theta('k').merge('AA==', null)`, 6, { theta: { merge: ['AA==', null] } }, { added: 2 }],
      [`theta('k').sketch()`, 7, { theta: 'sketch' }, 'AA=='],
      [`theta('k').intersection('AA==')`, 7, { theta: { intersection: ['AA=='] } }, { estimate: 1 }],
      [`countMin('k', { error: 0.01 }).increment('a', 3)`, 6, { countMin: { weighted: [{ value: 'a', weight: 3 }], error: 0.01 } }, { added: 1 }],
      [`countMin('k').count('a')`, 7, { countMin: { count: 'a' } }, 3],
      [`topK('k').top(1)`, 7, { topK: { top: 1 } }, [{ value: 'a', count: 3, error: 0 }]],
      [`quantiles('k').quantile(0.5)`, 7, { quantiles: { at: [0.5] } }, [2.5], 2.5],
      [`bloom('k').has('a')`, 7, { bloom: { has: 'a' } }, true],
      [`reservoir('k').addWeighted('a', 0.5)`, 6, { reservoir: { weighted: [{ value: 'a', weight: 0.5 }] } }, { added: 1 }],
      [`reservoir('k').sample()`, 7, { reservoir: { sample: 10 } }, ['a']],
    ];
    return withFunction(
      `export default ({}, { state }) => Promise.all([${commands.map(([expression]) => `state.${expression}`).join()}]);`,
      {},
      async (worker) => {
        const call = worker.open();
        const { id, reader } = await request(worker, call);
        const asked = Array.from({ length: reader.varint() }, () => [reader.byte(), reader.text(), JSON.parse(reader.text())]);
        assert.deepEqual(asked, commands.map(([, command, document]) => [command, 'k', document]));
        answer(worker, call, id, (out) => {
          out.varint(commands.length);
          for (const [, , , gives] of commands) {
            out.byte(0);
            writeValue(out, gives);
          }
        });
        assert.deepEqual(await result(worker, call), commands.map(([, , , gives, seen = gives]) => seen));
      },
    );
  });

  test('throws a StateError with what is wrong and how to mend it', () =>
    withFunction(
      `export default async ({}, { state }) => {
        try { await state.counter('c').increment(); } catch (error) { return [error.name, error.type, error.status, error.message]; }
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        const { id, reader } = await request(worker, call);
        assert.deepEqual([reader.varint(), reader.byte(), reader.text(), reader.signed()], [1, 8, 'c', 1n]);
        answer(worker, call, id, (out) => {
          out.varint(1);
          out.byte(1);
          const json = problemJson('state-kind-mismatch', 'It is a set.');
          out.varint(json.length);
          out.raw(json);
        });
        assert.deepEqual(await result(worker, call), ['StateError', 'state-kind-mismatch', 409, 'It is a set. Mend it.']);
      },
    ));

  test('refuses what cannot be a key or a value, without asking', () =>
    withFunction(
      `export default async ({}, { state }) => {
        const attempts = [() => state.get(7), () => state.put('k', undefined), () => state.put('k', 1, { ttl: -1 }), () => state.put('k', 1, { ifVersion: 'x' })];
        const seen = [];
        for (const attempt of attempts) { try { await attempt(); } catch (error) { seen.push(error.name); } }
        try { await state.put('k', Buffer.alloc(16 * 1024 * 1024 + 5000)); } catch (error) { seen.push(error.type); }
        return seen;
      };`,
      {},
      async (worker) => {
        assert.deepEqual(await result(worker, worker.open()), [...Array(4).fill('TypeError'), 'value-too-large']);
      },
    ));

  test('sends what a function does not wait for before its answer', () =>
    withFunction(`export default ({}, { state }) => { state.put('k', 1); return 'done'; };`, {}, async (worker) => {
      const call = worker.open();
      assert.equal(await result(worker, call), 'done');
      assert.equal(worker.frames.filter(({ kind }) => kind === Kind.ask).length, 1);
    }));

  test('goes through all pages of a list', () =>
    withFunction(
      `export default async ({}, { state }) => { const keys = []; for await (const { key } of state.list('p')) keys.push(key); return keys; };`,
      {},
      async (worker) => {
        const call = worker.open();
        const first = await request(worker, call);
        assert.deepEqual([first.reader.varint(), first.reader.byte(), first.reader.text(), first.reader.text(), first.reader.varint()], [1, 4, 'p', '', 1000]);
        const page = (id, key, more) =>
          answer(worker, call, id, (out) => {
            out.raw(Buffer.from([1, 0, 1]));
            out.text(key);
            out.text('lww');
            out.byte(more);
          });
        page(first.id, 'p1', 1);
        const second = await request(worker, call);
        assert.deepEqual([second.reader.varint(), second.reader.byte(), second.reader.text(), second.reader.text()], [1, 4, 'p', 'p1']);
        page(second.id, 'p2', 0);
        assert.deepEqual(await result(worker, call), ['p1', 'p2']);
      },
    ));

  test('watches from the moment of the call', () =>
    withFunction(
      `export default async ({}, { state }) => { for await (const change of state.watch('p')) return change; };`,
      {},
      async (worker) => {
        const call = worker.open();
        const first = await request(worker, call);
        assert.deepEqual([first.reader.varint(), first.reader.byte(), first.reader.text(), first.reader.varint()], [1, 5, 'p', 0]);
        answer(worker, call, first.id, (out) => out.raw(Buffer.from([1, 0, 9, 0])));
        const second = await request(worker, call);
        assert.deepEqual([second.reader.varint(), second.reader.byte(), second.reader.text(), second.reader.varint()], [1, 5, 'p', 9]);
        answer(worker, call, second.id, (out) => {
          out.raw(Buffer.from([1, 0, 10, 1]));
          out.text('p1');
          out.byte(1);
          writeValue(out, 'new');
        });
        assert.deepEqual(await result(worker, call), { key: 'p1', value: 'new', deleted: false });
      },
    ));

  test('keeps calls that run beside each other apart', () =>
    withFunction(
      `export default async ({ query }, { state }) => state.get(query.key);`,
      { concurrency: 2 },
      async (worker) => {
        const [a, b] = [worker.open({ query: 'key=a' }), worker.open({ query: 'key=b' })];
        const ofB = await request(worker, b);
        const ofA = await request(worker, a);
        for (const [call, { id }, value] of [[b, ofB, 'of b'], [a, ofA, 'of a']]) {
          answer(worker, call, id, (out) => {
            out.varint(1);
            found(out, value);
          });
        }
        assert.equal(await result(worker, a), 'of a');
        assert.equal(await result(worker, b), 'of b');
      },
    ));

  test('forgets large values when it becomes a clone', () =>
    withFunction(
      `export default async ({}, { state, id }) => [(await state.get('large')).length, id];`,
      { snapshot: true, node: 'first' },
      async (worker) => {
        worker.send(Kind.restore, 0, { entropy: Buffer.alloc(32, 7).toString('base64'), time: 0, instance: 'i1', node: 'second' });
        await worker.next(Kind.restored);
        const call = worker.open();
        const { id, reader } = await request(worker, call);
        assert.deepEqual(gets(reader), [{ key: 'large', flags: 1, known: null }]);
        answer(worker, call, id, (out) => {
          out.varint(1);
          found(out, 'x'.repeat(5000));
        });
        assert.deepEqual(await result(worker, call), [5000, `second.call-${call}`]);
      },
    ));
});

describe('ctx.call', () => {
  test('passes an argument with its references, and gives what was answered', () =>
    withFunction(
      `export default async ({}, ctx) => ctx.call('other:live', { image: ctx.ref('big'), list: [ctx.ref('big'), ctx.ref('small')] });`,
      {},
      async (worker) => {
        const call = worker.open();
        const { id, kind, reader } = await request(worker, call);
        assert.equal(kind, 2);
        assert.deepEqual([reader.text(), reader.varint()], ['other:live', 0]);
        assert.deepEqual(decodeValue(reader.bytes()), { image: { $ref: 'big' }, list: [{ $ref: 'big' }, { $ref: 'small' }] });
        assert.deepEqual([reader.varint(), reader.text(), reader.text()], [2, 'big', 'small']);
        answer(worker, call, id, (out) => {
          out.varint(200);
          out.text('application/json');
          out.text('{"ok":true}');
        });
        assert.deepEqual(await result(worker, call), { ok: true });
      },
    ));

  test('throws what went wrong in the called function', () =>
    withFunction(
      `export default async ({}, ctx) => {
        const seen = [];
        for (const name of ['missing', 'refusing']) {
          try { await ctx.call(name); } catch ({ name, type, status, body }) { seen.push([name, type, status, body]); }
        }
        return seen;
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        problem(worker, call, (await request(worker, call)).id, 'not-found', 'There is none.');
        answer(worker, call, (await request(worker, call)).id, (out) => {
          out.varint(422);
          out.text('text/plain; charset=utf-8');
          out.text('no');
        });
        assert.deepEqual(await result(worker, call), [
          ['PlatformError', 'not-found', 409, null],
          ['PlatformError', 'call-failed', 422, 'no'],
        ]);
      },
    ));

  test('starts a call that goes on by itself before it answers', () =>
    withFunction(`export default ({}, ctx) => { ctx.callAsync('other', 1); return 'done'; };`, {}, async (worker) => {
      const call = worker.open();
      assert.equal(await result(worker, call), 'done');
      const { reader } = await request(worker, call);
      assert.deepEqual([reader.text(), reader.varint()], ['other', 1]);
    }));

  test('is withdrawn by a signal', () =>
    withFunction(
      `export default async ({}, ctx) => {
        const abort = new AbortController();
        const called = ctx.call('slow', null, { signal: abort.signal });
        abort.abort(new Error('enough'));
        return called.catch((error) => error.message);
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        const { id } = await request(worker, call);
        assert.equal((await worker.next(Kind.withdraw, call)).body.readUInt32LE(0), id);
        assert.equal(await result(worker, call), 'enough');
      },
    ));

  test('has the values of its references before its handler runs', () =>
    withFunction(`export default (event) => event.body;`, {}, async (worker) => {
      const body = Buffer.from(JSON.stringify({ a: { $ref: 'k' }, b: [{ $ref: 'gone' }, { $ref: 'other' }] }));
      const call = worker.open({ references: ['k', 'gone'], headers: [['content-type', 'application/json']] }, body);
      const { id, reader } = await request(worker, call);
      assert.deepEqual(gets(reader).map(({ key }) => key), ['k', 'gone']);
      answer(worker, call, id, (out) => {
        out.varint(2);
        found(out, { deep: 1 });
        out.raw(Buffer.from([0, 0]));
      });
      assert.deepEqual(await result(worker, call), { a: { deep: 1 }, b: [null, { $ref: 'other' }] });
    }));
});

describe('messages', () => {
  test('are sent to an id, and received with their sender', () =>
    withFunction(
      `export default async ({}, ctx) => [await ctx.send('n1.X', { hi: 1 }), await ctx.receive({ timeout: 500, max: 5 })];`,
      {},
      async (worker) => {
        const call = worker.open();
        const sending = await request(worker, call);
        assert.deepEqual([sending.kind, sending.reader.text(), decodeValue(sending.reader.bytes())], [3, 'n1.X', { hi: 1 }]);
        answer(worker, call, sending.id, (out) => out.byte(2));
        const receiving = await request(worker, call);
        const patience = receiving.reader.varint();
        assert.ok(patience > 0 && patience <= 500);
        assert.deepEqual([receiving.kind, receiving.reader.varint()], [4, 5]);
        answer(worker, call, receiving.id, (out) => {
          out.varint(1);
          out.text('n2.Y');
          writeValue(out, 'back');
        });
        assert.deepEqual(await result(worker, call), ['inbox', [{ from: 'n2.Y', message: 'back' }]]);
      },
    ));
});

describe('many requests at a time', () => {
  test('are sent as far as the node allows, and the others when answers come', () =>
    withFunction(
      `export default async (event, ctx) => {
        const stop = new AbortController();
        const calls = Array.from({ length: 1100 }, (_, i) => ctx.call('f' + i));
        const withdrawn = ctx.call('never', null, { signal: stop.signal });
        stop.abort(new Error('enough'));
        ctx.log.info('asked');
        const reason = await withdrawn.catch((error) => error.message);
        return [reason, (await Promise.all(calls)).filter((value, i) => value === i).length];
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        const open = [];
        for (let frame; (frame = await worker.next([Kind.ask, Kind.log], call)).kind === Kind.ask; ) {
          open.push({ id: frame.body.readUInt32LE(0), number: open.length });
        }
        assert.equal(open.length, 512, 'what was sent before anything was answered');
        respond(open.splice(0));
        for (let number = 512; number < 1100; number++) {
          const { id, reader } = await request(worker, call);
          assert.equal(reader.text(), `f${number}`);
          respond([{ id, number }]);
        }
        assert.deepEqual(await result(worker, call), ['enough', 1100]);

        function respond(asked) {
          for (const { id, number } of asked) {
            answer(worker, call, id, (out) => {
              out.varint(200);
              out.text('application/json');
              const body = Buffer.from(String(number));
              out.varint(body.length);
              out.raw(body);
            });
          }
        }
      },
    ));
});

describe('ctx.publish', () => {
  test('writes a message with all that is said of it, and gives its id', () =>
    withFunction(
      `export default async ({}, ctx) => ctx.publish('orders', { n: 1 }, {
        key: 'ann', properties: { Source: 'web', n: 2 }, eventTime: new Date(1763712000123), deliverAfter: 5000, sequenceId: 42, producer: 'import',
      });`,
      {},
      async (worker) => {
        const call = worker.open();
        const { id, kind, reader } = await request(worker, call);
        assert.equal(kind, 5);
        assert.deepEqual([reader.varint(), reader.text(), reader.byte()], [1, 'orders', 63]);
        assert.deepEqual(decodeValue(reader.bytes()), { n: 1 });
        assert.deepEqual([reader.text(), reader.varint(), reader.text(), reader.text(), reader.text(), reader.text()], ['ann', 2, 'Source', 'web', 'n', '2']);
        assert.deepEqual([reader.varint(), reader.varint(), reader.varint(), reader.text()], [1763712000123, 5000, 42, 'import']);
        assert.equal(reader.rest().length, 0);
        answer(worker, call, id, (out) => {
          out.varint(1);
          out.byte(0);
          out.text('3:14:2');
        });
        assert.equal(await result(worker, call), '3:14:2');
      },
    ));

  test('sends what is published in one turn in one request, in its order, and says of each what became of it', () =>
    withFunction(
      `export default async ({}, ctx) => {
        const one = ctx.publish('a', 'text');
        const many = ctx.publishMany('b', [{ message: Buffer.from([7]) }, { message: null, key: 'k' }]);
        const bad = ctx.publish('c', 'x', { deliverAfter: -1 });
        const [first, second, third] = await Promise.allSettled([one, many, bad]);
        return [first.value, second.reason.type, second.reason.fix, third.reason.message];
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        const { id, reader } = await request(worker, call);
        assert.equal(reader.varint(), 3);
        assert.deepEqual([reader.text(), reader.byte(), decodeValue(reader.bytes())], ['a', 0, 'text']);
        assert.deepEqual([reader.text(), reader.byte(), decodeValue(reader.bytes())], ['b', 0, Buffer.from([7])]);
        assert.deepEqual([reader.text(), reader.byte(), decodeValue(reader.bytes()), reader.text()], ['b', 1, null, 'k']);
        answer(worker, call, id, (out) => {
          out.varint(3);
          out.byte(0);
          out.text('1:0');
          out.byte(0);
          out.text('1:1');
          out.byte(1);
          const json = problemJson('backlog-exceeded', 'full');
          out.varint(json.length);
          out.raw(json);
        });
        assert.deepEqual(await result(worker, call), ['1:0', 'backlog-exceeded', 'Mend it.', 'deliverAfter is -1; it must be a whole number of milliseconds from 0 on']);
      },
    ));

  test('splits what is published at once over requests, and sends what nobody waits for before the answer', () =>
    withFunction(
      `export default async ({}, ctx) => {
        ctx.publishMany('a', Array.from({ length: 2500 }, (_, i) => ({ message: i })));
        return 'done';
      };`,
      {},
      async (worker) => {
        const call = worker.open();
        const counts = [];
        for (let i = 0; i < 3; i++) {
          const { reader } = await request(worker, call);
          counts.push(reader.varint());
        }
        assert.deepEqual(counts, [1000, 1000, 500]);
        assert.equal(await result(worker, call), 'done');
      },
    ));

  test('refuses an option that does not exist, and sends nothing', () =>
    withFunction(
      `export default async ({}, ctx) => (await Promise.allSettled([ctx.publish('a', 1, { kye: 'x' }), ctx.publishMany('a', [{ message: 1, delay: 5 }])])).map((one) => one.reason.message);`,
      {},
      async (worker) => {
        const call = worker.open();
        const [first, second] = await result(worker, call);
        assert.match(first, /^'kye' is no option of a message; there are key, properties, /);
        assert.match(second, /^'delay' is no option/);
      },
    ));

  test('rejects all messages of a request that is refused as a whole', () =>
    withFunction(
      `export default async ({}, ctx) => (await Promise.allSettled([ctx.publish('a', 1), ctx.publish('b', 2)])).map((one) => one.reason.name + ' ' + one.reason.type);`,
      {},
      async (worker) => {
        const call = worker.open();
        const { id } = await request(worker, call);
        problem(worker, call, id, 'unavailable', 'no');
        assert.deepEqual(await result(worker, call), ['PlatformError unavailable', 'PlatformError unavailable']);
      },
    ));
});
