import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Kind, WorkerProcess, packageOf } from '../../node/testing/worker-process.mjs';

const script = fileURLToPath(new URL('../worker.mjs', import.meta.url));
const cleanups = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

async function load(files, options) {
  const content = typeof files === 'string' ? { 'run.sh': { text: `#!/bin/sh\n${files}`, mode: 0o755 } } : files;
  const sample = packageOf(content);
  cleanups.push(sample.remove);
  const worker = await WorkerProcess.start({ script });
  cleanups.push(() => worker.stop());
  return { worker, specialised: await worker.specialise(sample.root, options), root: sample.root };
}

/** An orphan that was killed may wait as a zombie for its new parent. */
function isDead(pid) {
  const stat = existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z';
  return /\) [ZX]/.test(stat);
}

describe('an executable', () => {
  test('announces itself as exec', async () => {
    const { worker } = await load('echo');
    assert.equal(worker.hello.runtime, 'exec');
  });

  test('gets the request by environment and standard input', async () => {
    const { worker, root } = await load(
      `printf '%s|' "$VIRGA_METHOD" "$VIRGA_PATH" "$VIRGA_QUERY" "$VIRGA_PARAM_id" "$VIRGA_HEADER_X_A" "$VIRGA_INVOCATION_ID" "$GREETING" "$PWD"; cat`,
      { environment: { GREETING: 'hi' } },
    );
    const { header, body } = await worker.call(
      { method: 'POST', path: '/a b', query: 'n=1', params: { id: '7' }, headers: [['x-a', 'b']] },
      Buffer.from('the body'),
    );
    assert.deepEqual(header.headers, [['content-type', 'text/plain; charset=utf-8']]);
    assert.equal(body.toString(), `POST|/a b|n=1|7|b|call-1|hi|${root}|the body`);
  });

  for (const [title, command, type] of [
    ['JSON', `echo '{"a":1}'`, 'application/json'],
    ['text', 'echo grüße', 'text/plain; charset=utf-8'],
    ['bytes', String.raw`printf '\377\376'`, 'application/octet-stream'],
  ]) {
    test(`answers ${title} with its content type`, async () => {
      const { worker } = await load(command);
      const { header } = await worker.call();
      assert.deepEqual(header, { status: 200, headers: [['content-type', type]], body: 'inline' });
    });
  }

  test('may print its own status and headers', async () => {
    const { worker } = await load(
      String.raw`printf 'Status: 404 Not Found\nX-A: b\nContent-Type: text/html\n\n<p>no</p>'`,
    );
    const { header, body } = await worker.call();
    assert.equal(header.status, 404);
    assert.deepEqual(header.headers, [
      ['x-a', 'b'],
      ['content-type', 'text/html'],
    ]);
    assert.equal(body.toString(), '<p>no</p>');
  });

  test('streams a long answer', async () => {
    const { worker } = await load('head -c 3000000 /dev/zero | tr "\\0" x');
    const { header, call } = await worker.call();
    assert.equal(header.body, 'stream');
    const { body, end } = await worker.readBody(call);
    assert.equal(body.length, 3_000_000);
    assert.deepEqual(end, {});
  });

  test('gets a streamed body as it comes', async () => {
    const { worker } = await load('wc -c');
    const call = worker.open({ method: 'POST', body: 'stream' });
    for (let index = 0; index < 4; index++) {
      worker.send(Kind.body, call, undefined, Buffer.alloc(200_000));
    }
    worker.send(Kind.end, call);
    assert.equal((await worker.next(Kind.result, call)).body.toString().trim(), '800000');
  });

  test('need not read its input', async () => {
    const { worker } = await load('exec 0<&-; echo early');
    const { body } = await worker.call({ method: 'POST' }, Buffer.alloc(60_000));
    assert.equal(body.toString(), 'early\n');
  });

  test('that fails is an ERROR with its code and last words, which are logged too', async () => {
    const { worker } = await load('echo first >&2; echo sorry >&2; exit 3');
    const { kind, header, call } = await worker.call();
    assert.equal(kind, Kind.error);
    assert.deepEqual(header, { type: 'exit-code', message: 'the executable exited with code 3: first\nsorry' });
    assert.equal((await worker.next(Kind.log, call)).body.toString(), 'first');
  });

  test('that fails after a streamed beginning breaks its body', async () => {
    const { worker } = await load('head -c 200000 /dev/zero; exit 4');
    const { call } = await worker.call();
    const { end } = await worker.readBody(call);
    assert.equal(end.error.type, 'exit-code');
  });

  test('is killed with its children when the call is cancelled', async () => {
    const { worker } = await load('sleep 1000 & echo $! >&2; sleep 1000');
    const call = worker.open();
    const pid = Number((await worker.next(Kind.log, call)).body.toString());
    worker.send(Kind.cancel, call, { reason: 'deadline' });
    assert.equal((await worker.next(Kind.error, call)).header.type, 'cancelled');
    assert.ok(isDead(pid));
  });

  for (const [title, files, handler, message] of [
    ['that is missing', { 'readme.md': '' }, '', /chmod \+x/],
    ['that is not executable', { 'run.sh': '#!/bin/sh' }, '', /run\.sh is not executable/],
    ['that is named and missing', { a: '' }, 'bin/b', /no file bin\/b/],
    ['outside the package', { a: '' }, '../b', /outside/],
  ]) {
    test(`${title} is reported`, async () => {
      const { specialised } = await load(files, { handler });
      assert.equal(specialised.ok, false);
      assert.equal(specialised.error.type, 'handler-not-found');
      assert.match(specialised.error.message, message);
    });
  }

  test('that the kernel cannot run is an ERROR', async () => {
    const { worker } = await load({ run: { text: '#!/no/such/interpreter\n', mode: 0o755 } });
    const { kind, header } = await worker.call();
    assert.equal(kind, Kind.error);
    assert.match(header.message, /ENOENT/);
  });
});
