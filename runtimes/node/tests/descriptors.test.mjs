import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

// Another thread opens and closes files all the time, as threads of Node's own may.
const program = `
import { openSync, closeSync, readlinkSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { pointStandardOutputAtStandardError } from ${JSON.stringify(new URL('../descriptors.mjs', import.meta.url).href)};

const opens = "import { openSync, closeSync } from 'node:fs'; import { parentPort } from 'node:worker_threads'; parentPort.postMessage('begun'); while (true) closeSync(openSync('/dev/null'));";
const other = new Worker(opens, { eval: true });
await new Promise((resolve) => other.once('message', resolve));
for (let i = 0; i < 200; i++) {
  pointStandardOutputAtStandardError();
  if (readlinkSync('/proc/self/fd/1') !== readlinkSync('/proc/self/fd/2')) {
    throw new Error('descriptor 1 is ' + readlinkSync('/proc/self/fd/1'));
  }
}
process.exit(0);
`;

test('descriptor 1 is replaced though other threads open files', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'virga-descriptors-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const errors = join(folder, 'errors');
  const standardError = openSync(errors, 'a');
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'ignore', standardError], timeout: 60_000 });
  closeSync(standardError);
  assert.equal(run.status, 0, readFileSync(errors, 'utf8'));
});
