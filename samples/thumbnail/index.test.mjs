import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Jimp } from 'jimp';
import thumbnail from './index.mjs';

const wide = new Jimp({ width: 800, height: 400, color: 0xff0000ff });

for (const type of ['image/png', 'image/jpeg']) {
  test(`an image of type ${type} is made to fit`, async () => {
    const answer = await thumbnail({ query: { size: '100' }, raw: await wide.getBuffer(type) });
    assert.equal(answer.headers['content-type'], type);
    const small = await Jimp.read(answer.body);
    assert.deepEqual([small.width, small.height], [100, 50]);
  });
}

test('what is no image is refused', async () => {
  const answer = await thumbnail({ query: {}, raw: Buffer.from('text') });
  assert.equal(answer.status, 415);
});
