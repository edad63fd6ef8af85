import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { Randomness, cryptoIsUniqueInClones } from '../snapshot.mjs';
import { Kind, WorkerProcess, packageOf, withFunction } from '../testing/worker-process.mjs';

const seed = Buffer.alloc(32, 7).toString('base64');
const cloneable = { snapshot: true };

async function restored(worker, entropy = seed) {
  worker.send(Kind.restore, 0, { entropy, time: Date.now(), instance: 'i7' });
  return (await worker.next(Kind.restored)).header;
}

async function answer(worker) {
  return JSON.parse((await worker.call()).body.toString());
}

describe('a worker that may be cloned', () => {
  test('draws the numbers of its seed after a restore, also through a reference that was kept', async () => {
    const source = 'const { random } = Math; export default () => [random(), Math.random()];';
    const draws = [];
    for (const entropy of [seed, seed, randomBytes(32).toString('base64')]) {
      await withFunction(source, cloneable, async (worker) => {
        const before = await answer(worker);
        assert.deepEqual(await restored(worker, entropy), { ok: true });
        draws.push(await answer(worker));
        assert.notDeepEqual(draws.at(-1), before);
      });
    }
    assert.deepEqual(draws[0], draws[1]);
    assert.notDeepEqual(draws[0], draws[2]);
  });

  test('runs the hooks in their order before it answers, and keeps its state', async () => {
    const source = `
      const seen = [];
      virga.onRestore(async () => { await new Promise(setImmediate); seen.push('first'); });
      globalThis.virga.onRestore(() => { seen.push('second'); });
      export default () => seen;`;
    await withFunction(source, cloneable, async (worker) => {
      assert.deepEqual(await answer(worker), []);
      assert.deepEqual(await restored(worker), { ok: true });
      assert.deepEqual(await answer(worker), ['first', 'second']);
    });
  });

  test('says why a hook failed and where', async () => {
    const source = `virga.onRestore(async () => { throw new RangeError('no connection'); });\nexport default () => 1;`;
    await withFunction(source, cloneable, async (worker) => {
      const { ok, error } = await restored(worker);
      assert.equal(ok, false);
      assert.equal(error.type, 'RangeError');
      assert.equal(error.message, 'no connection');
      assert.equal(error.location, 'index.mjs:1:37');
    });
  });

  test('refuses to be cloned while random bytes would be the same', async () => {
    const sample = packageOf({ 'index.mjs': 'export default () => 1' });
    const worker = await WorkerProcess.start();
    try {
      assert.deepEqual(await worker.specialise(sample.root, cloneable), { ok: true, snapshot: false });
    } finally {
      await worker.stop();
      sample.remove();
    }
    assert.equal(cryptoIsUniqueInClones(['--openssl-config=/runtime/node/openssl-snapshot.cnf']), true);
    assert.equal(cryptoIsUniqueInClones([]), false);
  });
});

test('a worker that may not be cloned takes RESTORE for an error, and keeps its own Math.random', async () => {
  await withFunction('export default () => Function.prototype.toString.call(Math.random)', {}, async (worker) => {
    assert.match(await answer(worker), /native code/);
    worker.send(Kind.restore, 0, { entropy: seed, time: 0, instance: 'i7' });
    assert.equal((await worker.exited).code, 1);
  });
});

test('numbers of the generator are spread evenly between 0 and 1', () => {
  const original = Math.random;
  try {
    const randomness = new Randomness();
    randomness.install();
    randomness.seed(Buffer.alloc(32, 1));
    const buckets = new Array(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      buckets[Math.floor(Math.random() * 10)]++;
    }
    assert.ok(buckets.every((count) => count > 9_500 && count < 10_500), String(buckets));
  } finally {
    Math.random = original;
  }
});
