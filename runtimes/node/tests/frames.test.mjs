import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameReader, ProtocolError } from '../channel.mjs';
import { encodeFrame } from '../testing/worker-process.mjs';

const frames = [
  { kind: 0x10, call: 1, header: { id: 'ü' }, body: Buffer.from('body') },
  { kind: 0x15, call: 4_000_000_000, header: {}, body: Buffer.alloc(0) },
  { kind: 0x14, call: 2, header: {}, body: Buffer.alloc(3000, 7) },
];
const bytes = Buffer.concat(frames.map(({ kind, call, header, body }) => encodeFrame(kind, call, header, body)));

describe('a frame reader', () => {
  for (const size of [1, 2, 3, 5, 13, 64, 1000, bytes.length]) {
    test(`finds the frames in reads of ${size} bytes into one buffer`, () => {
      const read = [];
      const reader = new FrameReader((kind, call, header, body) => read.push({ kind, call, header, body }));
      const buffer = Buffer.alloc(size);
      for (let at = 0; at < bytes.length; at += size) {
        const count = bytes.copy(buffer, 0, at, at + size);
        reader.push(buffer, count);
      }
      assert.deepEqual(read, frames);
    });
  }

  for (const [title, broken] of [
    ['too short a length', Buffer.from([8, 0, 0, 0])],
    ['too great a length', Buffer.from([0, 0, 0, 1])],
    ['a header longer than its frame', Buffer.from([9, 0, 0, 0, 0x10, 1, 0, 0, 0, 1, 0, 0, 0])],
    ['a header that is no JSON', Buffer.from([10, 0, 0, 0, 0x10, 1, 0, 0, 0, 1, 0, 0, 0, 0x7b])],
  ]) {
    test(`refuses ${title}`, () => {
      const reader = new FrameReader(() => assert.fail('no frame was expected'));
      assert.throws(() => reader.push(broken, broken.length), ProtocolError);
    });
  }
});
