import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WorkerProcess, packageOf } from '../testing/worker-process.mjs';

const script = fileURLToPath(new URL('../build-typescript.mjs', import.meta.url));

function build(files, entry = []) {
  const sample = packageOf(files);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, sample.root, join(sample.root, 'out/index.mjs'), ...entry],
    {
      encoding: 'utf8',
    },
  );
  return { ...sample, status, diagnostics: JSON.parse(stdout || 'null'), stderr };
}

test('a TypeScript function is bundled, runs, and its stack names the source', async () => {
  const built = build({
    'index.ts': `import { greet } from './greet';\ninterface Named { name: string }\n
export default (event: { query: Record<string, string> }) => greet(event.query as unknown as Named);`,
    'greet.ts': `export function greet(named: { name: string }): object {
  if (named.name === 'nobody') throw new Error('no one');
  return { hello: named.name };
}`,
  });
  assert.equal(built.status, 0, built.stderr);
  assert.deepEqual(built.diagnostics, []);
  const worker = await WorkerProcess.start();
  await worker.specialise(join(built.root, 'out'));
  assert.equal((await worker.call({ query: 'name=ann' })).body.toString(), '{"hello":"ann"}');
  assert.match((await worker.call({ query: 'name=nobody' })).header.stack, /greet\.ts:2:/);
  await worker.stop();
  built.remove();
});

test('dependencies in CommonJS may require', async () => {
  const built = build({
    'index.ts': `import dep from 'dep'; export const handler = () => dep.separator;`,
    'node_modules/dep/index.js': `const path = require('path'); exports.separator = path.sep;`,
  });
  assert.equal(built.status, 0, built.stderr);
  const worker = await WorkerProcess.start();
  await worker.specialise(join(built.root, 'out'));
  assert.equal((await worker.call()).body.toString(), '"/"');
  await worker.stop();
  built.remove();
});

test('errors are reported with file, line and column', () => {
  const built = build({ 'index.ts': `import { a } from './a';\nexport default a;`, 'a.ts': `export const a = ;\n` });
  assert.equal(built.status, 1);
  assert.deepEqual(built.diagnostics, [
    { severity: 'error', file: 'a.ts', line: 1, column: 18, message: 'Unexpected ";"' },
  ]);
  built.remove();
});

test('a folder without an entry says what is missing', () => {
  const built = build({ 'a.ts': '', 'b.ts': '' });
  assert.equal(built.status, 1);
  assert.match(built.diagnostics[0].message, /index\.ts/);
  built.remove();
});

test('a file of the host is not bundled', () => {
  for (const path of ['/etc/passwd', '../../../../../../../../etc/passwd']) {
    const built = build({ 'index.ts': `import text from '${path}' with { type: 'text' };\nexport default () => text;` });
    assert.equal(built.status, 1);
    assert.match(JSON.stringify(built.diagnostics), /passwd/);
    built.remove();
  }
  const elsewhere = packageOf({ 'secret.json': '{"secret":1}' });
  const built = build({ 'index.ts': `import value from '${join(elsewhere.root, 'secret.json')}';\nexport default () => value;` });
  assert.equal(built.status, 1);
  assert.deepEqual(built.diagnostics.map(({ file, line }) => ({ file, line })), [{ file: 'index.ts', line: 1 }]);
  assert.match(built.diagnostics[0].message, /secret\.json lies outside the package/);
  built.remove();
  elsewhere.remove();
});

test('a malformed package.json is an error of the source', () => {
  const built = build({ 'index.ts': 'export default 1', 'package.json': '{"main":' });
  assert.equal(built.status, 1);
  assert.equal(built.diagnostics[0].file, 'package.json');
  assert.match(built.diagnostics[0].message, /is no JSON/);
  built.remove();
});
