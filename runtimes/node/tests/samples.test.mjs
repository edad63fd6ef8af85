import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildTypeScript } from '../build-typescript.mjs';
import { WorkerProcess } from '../testing/worker-process.mjs';

const sample = (name) => fileURLToPath(new URL(`../../../samples/${name}`, import.meta.url));
const execWorker = fileURLToPath(new URL('../../exec/worker.mjs', import.meta.url));

async function withSample(root, use, script) {
  const worker = await WorkerProcess.start({ script });
  try {
    assert.deepEqual(await worker.specialise(root), { ok: true });
    await use(worker);
  } finally {
    await worker.stop();
  }
}

test('hello-js greets', () =>
  withSample(sample('hello-js'), async (worker) => {
    assert.equal((await worker.call({ query: 'name=ann' })).body.toString(), '{"hello":"ann"}');
    assert.equal((await worker.call()).body.toString(), '{"hello":"world"}');
  }));

test('hello-ts greets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'virga-hello-ts-'));
  const { succeeded } = await buildTypeScript(sample('hello-ts'), join(folder, 'index.mjs'));
  assert.ok(succeeded);
  await withSample(folder, async (worker) => {
    assert.equal((await worker.call()).body.toString(), '{"hello":"world","from":"sample, version 3"}');
  });
  rmSync(folder, { recursive: true });
});

test('hello-exec greets', () =>
  withSample(
    sample('hello-exec'),
    async (worker) => {
      assert.equal((await worker.call({ method: 'POST' }, Buffer.from('ann'))).body.toString(), '{"hello":"ann"}\n');
    },
    execWorker,
  ));

test('stream sends its numbers', () =>
  withSample(sample('stream'), async (worker) => {
    const { header, call } = await worker.call({ query: 'count=3&every=1' });
    assert.deepEqual(header.headers[0], ['content-type', 'text/event-stream']);
    const { body } = await worker.readBody(call);
    assert.equal(
      body
        .toString()
        .match(/"number":\d/g)
        .join(),
      '"number":1,"number":2,"number":3',
    );
  }));

test('csv-to-json converts, and tells what is wrong', () =>
  withSample(sample('csv-to-json'), async (worker) => {
    const post = (text) => worker.call({ method: 'POST', headers: [['content-type', 'text/csv']] }, Buffer.from(text));
    const { body } = await post('name,age\nann,31\n"o, ""b""",7\n');
    assert.equal(body.toString(), '[{"name":"ann","age":"31"},{"name":"o, \\"b\\"","age":"7"}]');
    assert.match((await post('a,b\n1\n')).body.toString(), /record 1 has 1 fields/);
    assert.equal((await post('a\n"open')).header.status, 400);
  }));
