// What a generic instance does before it says HELLO, so that the first real function finds the way paved: the module
// loaders are initialised and the path of a call is compiled and has its inline caches.
import { createRequire } from 'node:module';
import { Kind } from './channel.mjs';
import { Instance } from './instance.mjs';
import { Logs } from './logs.mjs';

const rounds = 300;
const callHeader = Object.freeze({
  id: '01',
  trigger: 'http',
  method: 'POST',
  path: '/warm',
  query: 'n=1',
  headers: [['content-type', 'application/json']],
  deadline: 0,
  attempt: 1,
  body: 'inline',
});

const emptyHeader = Object.freeze({});

// One result: a JSON value `1` with its version.
const stateAnswer = Buffer.from([0, 1, 0, 1, ...Buffer.alloc(16), 2, 1, 0x31]);

/** Runs calls of a bundled function through the real code, to a channel that leads nowhere. */
export async function warmUp(load) {
  const instance = new Instance({ load, exit() {} });
  const silent = {
    send(kind, call, header, body) {
      if (kind === Kind.ask) {
        const answer = Buffer.concat([body.subarray(0, 5), stateAnswer]);
        queueMicrotask(() => instance.receive(Kind.answer, call, emptyHeader, answer));
      }
    },
    log() {},
    flush() {},
    drain() {},
  };
  instance.connect(silent, new Logs(silent));
  instance.functionSpec = { function: 'warmup', requestBody: 'buffered', concurrency: 1, memory: 0 };
  const root = new URL('warmup/', import.meta.url).pathname;
  instance.handler = await load({ root, handler: 'index:handler' });
  createRequire(import.meta.url)('./warmup/common.cjs');
  const bodies = [Buffer.from('{"n":1}'), Buffer.from('{"n":2}')];
  for (let round = 1; round <= rounds; round++) {
    instance.receive(Kind.call, round, callHeader, bodies[round % 2]);
    if (round % 50 === 0) {
      await null;
    }
  }
  // The path of a request is asynchronous: it ends after the turn.
  await new Promise(setImmediate);
}
