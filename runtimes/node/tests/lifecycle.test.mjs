import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Kind, WorkerProcess, packageOf } from '../testing/worker-process.mjs';

const cleanups = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

async function start(options) {
  const worker = await WorkerProcess.start(options);
  cleanups.push(() => worker.stop());
  return worker;
}

function files(content) {
  const sample = packageOf(typeof content === 'string' ? { 'index.mjs': content } : content);
  cleanups.push(sample.remove);
  return sample.root;
}

async function load(content, options) {
  const worker = await start();
  return { worker, specialised: await worker.specialise(files(content), options) };
}

describe('a generic worker', () => {
  for (const transport of ['socket', 'pipes', 'shell']) {
    test(`says HELLO and answers over ${transport}`, async () => {
      const worker = await start({ transport });
      assert.deepEqual(worker.hello, { protocol: 1, runtime: 'node', version: process.versions.node });
      await worker.specialise(
        files(`export default () => { console.log('printed'); process.stdout.write('written\\n'); return 1; };`),
      );
      assert.equal((await worker.call()).body.toString(), '1');
      assert.equal((await worker.next(Kind.log)).body.toString(), 'printed');
      assert.equal((await worker.next(Kind.log)).body.toString(), 'written');
    });
  }

  test('exits when the channel closes', async () => {
    const worker = await start();
    worker.closeChannel();
    assert.equal((await worker.exited).code, 0);
  });

  test('exits with an error on bytes that are no frame', async () => {
    const worker = await start();
    worker.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    assert.equal((await worker.exited).code, 1);
    assert.match(worker.errors, /protocol error/);
  });

  test('exits with an error on a frame of unknown kind', async () => {
    const worker = await start();
    worker.send(0x77, 0, {});
    assert.equal((await worker.exited).code, 1);
  });
});

describe('specialising', () => {
  for (const [title, content, handler, answer] of [
    ['a default export', { 'index.mjs': 'export default () => 1' }, '', '1'],
    ['an export named handler', { 'index.mjs': 'export const handler = () => 2' }, '', '2'],
    ['a named export', { 'index.mjs': 'export const other = () => 3' }, ':other', '3'],
    ['a named module', { 'lib/a.mjs': 'export const f = () => 4', 'index.mjs': '' }, 'lib/a:f', '4'],
    ['module.exports', { 'index.js': 'module.exports = () => 5' }, '', '5'],
    ['exports.handler', { 'index.cjs': 'exports.handler = () => 6' }, '', '6'],
    ['a default object', { 'index.mjs': 'export default { handler: () => 7 }' }, '', '7'],
    [
      'the main of package.json',
      { 'package.json': '{"main":"src/m.cjs"}', 'src/m.cjs': 'module.exports = () => 8' },
      '',
      '8',
    ],
    ['the only module', { 'thing.mjs': 'export default () => 9' }, '', '9'],
    [
      'a package of node_modules',
      {
        'index.mjs': 'import n from "dep"; export default () => n',
        'node_modules/dep/index.js': 'module.exports = 10',
      },
      '',
      '10',
    ],
  ]) {
    test(`finds ${title}`, async () => {
      const { worker, specialised } = await load(content, { handler });
      assert.deepEqual(specialised, { ok: true });
      assert.equal((await worker.call()).body.toString(), answer);
    });
  }

  for (const [title, content, handler, expected] of [
    [
      'a syntax error',
      'export default () => {\n  const = 1;\n}',
      '',
      { type: 'SyntaxError', location: 'index.mjs:2:9' },
    ],
    [
      'a CommonJS syntax error',
      { 'index.cjs': 'let a;\nlet a;' },
      '',
      { type: 'SyntaxError', location: 'index.cjs:2:5' },
    ],
    ['an error at load', '\nnull.x;', '', { type: 'TypeError', location: 'index.mjs:2:6' }],
    ['a missing import', 'import "nowhere";', '', { type: 'module-not-found', message: /nowhere/ }],
    ['a missing module', '', 'absent:f', { type: 'module-not-found', message: /absent/ }],
    ['a module outside', '', '../etc:f', { type: 'module-not-found', message: /outside/ }],
    ['no module', { 'readme.md': '' }, '', { type: 'module-not-found', message: /no \.mjs/ }],
    ['several modules', { 'a.mjs': '', 'b.mjs': '' }, '', { type: 'module-not-found', message: /a\.mjs, b\.mjs/ }],
    ['a missing function', 'export const a = 1, b = 2;', ':c', { type: 'handler-not-found', message: /"c".*a, b/ }],
    ['an empty module', '', '', { type: 'handler-not-found', message: /exports nothing/ }],
  ]) {
    test(`reports ${title}`, async () => {
      const { specialised } = await load(content, { handler });
      assert.equal(specialised.ok, false);
      for (const [name, value] of Object.entries(expected)) {
        if (value instanceof RegExp) {
          assert.match(specialised.error[name], value);
        } else {
          assert.equal(specialised.error[name], value);
        }
      }
    });
  }
});

describe('the end of an instance', () => {
  test('comes after its open calls on SHUTDOWN', async () => {
    const { worker } = await load(`import { setTimeout } from 'node:timers/promises';
      export default async () => { console.log('started'); await setTimeout(100); return 'done'; };`);
    const call = worker.open();
    await worker.next(Kind.log);
    worker.send(Kind.shutdown, 0);
    assert.equal((await worker.next(Kind.result, call)).body.toString(), '"done"');
    assert.equal((await worker.exited).code, 0);
  });

  for (const [title, source, message] of [
    [
      'an uncaught exception',
      `setImmediate(() => { throw new RangeError('late') })`,
      /uncaught exception: RangeError: late/,
    ],
    ['an unhandled rejection', `Promise.reject(new RangeError('late'))`, /unhandled rejection: RangeError: late/],
  ]) {
    test(`comes with ${title}: it is logged and fails the open calls`, async () => {
      const { worker } = await load(`export default () => { ${source}; return new Promise(() => {}); };`);
      const { kind, header } = await worker.call();
      assert.equal(kind, Kind.error);
      assert.equal(header.type, 'RangeError');
      const log = await worker.next(Kind.log);
      assert.equal(log.header.level, 'error');
      assert.match(log.body.toString(), message);
      assert.equal((await worker.exited).code, 1);
    });
  }

  test('is what the function asks for by process.exit, its prints being out', async () => {
    const { worker } = await load(`export default () => { console.log('bye'); process.exit(3); };`);
    worker.open();
    assert.equal((await worker.next(Kind.log)).body.toString(), 'bye');
    assert.equal((await worker.exited).code, 3);
  });
});
