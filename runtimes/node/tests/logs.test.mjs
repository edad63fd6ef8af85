import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Kind, withFunction } from '../testing/worker-process.mjs';

const nextLog = async (worker) => {
  const { call, header, body } = await worker.next(Kind.log);
  return { call, ...header, text: body.toString() };
};

test('console methods become log lines of their level', () =>
  withFunction(
    `export default () => { console.debug('d'); console.info('%s is %d', 'x', 1); console.warn({ a: [1] }); console.error('e');
       console.table([{ a: 1 }]); };`,
    {},
    async (worker) => {
      const call = worker.open();
      assert.deepEqual(await nextLog(worker), { call, level: 'debug', text: 'd' });
      assert.deepEqual(await nextLog(worker), { call, text: 'x is 1' });
      assert.deepEqual(await nextLog(worker), { call, level: 'warn', text: '{ a: [ 1 ] }' });
      assert.deepEqual(await nextLog(worker), { call, level: 'error', text: 'e' });
      assert.match((await nextLog(worker)).text, /│/);
    },
  ));

test('the logger of the context takes fields', () =>
  withFunction(
    `export default (event, { log }) => { log.info('sold', { count: 2 }); log.error({ a: 1 }); log.warn('odd', { n: 1n }); };`,
    {},
    async (worker) => {
      const call = worker.open();
      assert.deepEqual(await nextLog(worker), { call, level: 'info', fields: { count: 2 }, text: 'sold' });
      assert.deepEqual(await nextLog(worker), { call, level: 'error', text: '{ a: 1 }' });
      assert.deepEqual(await nextLog(worker), { call, level: 'warn', fields: { n: '1n' }, text: 'odd' });
    },
  ));

test('what is written to the standard streams is cut into lines', () =>
  withFunction(
    `export default () => { process.stdout.write('a'); process.stdout.write('b\\nc\\nunfinished'); process.stderr.write('err\\n'); };`,
    {},
    async (worker) => {
      const call = worker.open();
      assert.deepEqual(await nextLog(worker), { call, text: 'ab\nc' });
      assert.deepEqual(await nextLog(worker), { call, level: 'error', text: 'err' });
      assert.deepEqual(await nextLog(worker), { call, text: 'unfinished' });
    },
  ));

test('a print before an endless loop is out', () =>
  withFunction(`export default () => { console.log('before'); for (;;); };`, {}, async (worker) => {
    worker.open();
    assert.equal((await nextLog(worker)).text, 'before');
  }));

test('writes to descriptor 1 and prints of child processes stay off the channel', () =>
  withFunction(
    `import { writeSync } from 'node:fs';
     import { spawnSync } from 'node:child_process';
     export default () => { writeSync(1, 'raw\\n'); spawnSync('echo', ['child'], { stdio: ['ignore', 'inherit', 'inherit'] }); return 'ok'; };`,
    {},
    async (worker) => {
      assert.equal((await worker.call()).body.toString(), '"ok"');
      assert.match(worker.errors, /raw\nchild\n/);
    },
  ));

test('concurrent calls keep their prints apart', () =>
  withFunction(
    `import { setTimeout } from 'node:timers/promises';
     export default async (event) => { await setTimeout(Number(event.query.wait)); console.log(event.query.name); };`,
    { concurrency: 4 },
    async (worker) => {
      const slow = worker.open({ query: 'wait=60&name=slow' });
      const fast = worker.open({ query: 'wait=1&name=fast' });
      assert.deepEqual(await nextLog(worker), { call: fast, text: 'fast' });
      assert.deepEqual(await nextLog(worker), { call: slow, text: 'slow' });
    },
  ));

test('a flood of prints arrives whole while the node reads', () =>
  withFunction(
    `export default () => { for (let i = 0; i < 20_000; i++) console.log('line', i, 'x'.repeat(100)); return 'end'; };`,
    {},
    async (worker) => {
      const all = worker.count(Kind.log, 20_000, () => {});
      assert.equal((await worker.call()).body.toString(), '"end"');
      await all;
    },
  ));

test('fields of any kind are shown', () =>
  withFunction(
    `export default (event, { log }) => { log.error('failed', new TypeError('why')); log.info('many', [1]);
       log.info('large', { text: 'x'.repeat(100_000) }); };`,
    {},
    async (worker) => {
      worker.open();
      const error = await nextLog(worker);
      assert.equal(error.fields.error.type, 'TypeError');
      assert.deepEqual((await nextLog(worker)).fields, { value: [1] });
      assert.match((await nextLog(worker)).fields.text, /more characters/);
    },
  ));

test('lines that the node does not read in time are dropped and counted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'virga-flood-'));
  const done = join(folder, 'done');
  const created = once(watch(folder, { persistent: false }), 'change');
  await withFunction(
    `import { writeFileSync } from 'node:fs';
     export default () => { for (let i = 0; i < 20_000; i++) console.log('x'.repeat(200)); writeFileSync(process.env.DONE, ''); };`,
    { environment: { DONE: done } },
    async (worker) => {
      worker.pauseReading();
      const call = worker.open();
      await created;
      let lines = 0;
      worker.resumeReading();
      await worker.next(Kind.result, call);
      for (;;) {
        const { text } = await nextLog(worker);
        if (text.includes('dropped')) {
          const dropped = Number(/(\d+) lines dropped/.exec(text)[1]);
          assert.equal(lines + dropped, 20_000);
          return;
        }
        lines++;
      }
    },
  );
  rmSync(folder, { recursive: true });
});
