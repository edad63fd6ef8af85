import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import handler from './index.mjs';
import { answer, ask, look } from './steps.mjs';

// Shared state as the function uses it, in a map: what the function does with it is under test, not the platform.
class MapState {
  values = new Map();

  get = async (key) => structuredClone(this.values.get(key));

  put = async (key, value) => void this.values.set(key, structuredClone(value));

  set = (key) => ({
    add: async (element) => void this.values.set(key, [...new Set([...(this.values.get(key) ?? []), element])]),
    values: async () => this.values.get(key) ?? [],
  });
}

let state;
let calls;

beforeEach(() => {
  state = new MapState();
  calls = 0;
});

const call = (method, action, input) =>
  handler({ method, params: { action }, query: input, body: input }, { state, invocationId: `call-${calls++}` });

const step = (one, body) => one({ body }, { state, invocationId: `step-${calls++}` });

test('a timeline has the posts of those whom one follows, and one\'s own', async () => {
  await call('POST', 'follow', { user: 'cleo', whom: 'ada' });
  await call('POST', 'post', { user: 'ada', text: 'hello' });
  await call('POST', 'post', { user: 'bob', text: 'not followed' });
  await call('POST', 'post', { user: 'cleo', text: 'mine' });

  const { items, missing } = await call('GET', 'timeline', { user: 'cleo' });

  assert.deepEqual(items.map(({ text }) => text).toSorted(), ['hello', 'mine']);
  assert.equal(missing, 0);
});

test('an answer names what it answers', async () => {
  const { id } = await call('POST', 'post', { user: 'ada', text: 'a question' });
  await call('POST', 'post', { user: 'bob', text: 'an answer', replyTo: id });

  const { items } = await call('GET', 'posts', { user: 'bob' });

  assert.deepEqual([items[0].answers.id, items[0].answers.user], [id, 'ada']);
});

test('an answer is counted whose question is not in its author\'s list', async () => {
  const { id } = await call('POST', 'post', { user: 'ada', text: 'a question' });
  await call('POST', 'post', { user: 'bob', text: 'an answer', replyTo: id });
  state.values.set('latest/ada', []);

  assert.equal((await call('GET', 'posts', { user: 'bob' })).missing, 1);
});

test('only the newest posts of an author are listed', async () => {
  for (let index = 0; index < 25; index++) {
    await call('POST', 'post', { user: 'ada', text: `post ${index}` });
  }

  assert.equal((await call('GET', 'posts', { user: 'ada' })).items.length, 20);
});

test('a conversation misses nothing where all of it is seen', async () => {
  const asked = await step(ask, { ada: 'ada', bob: 'bob' });

  assert.deepEqual(await step(look, asked), { ownMissing: false });
  assert.deepEqual(await step(answer, asked), { originalMissing: false });
});

test('a conversation says what it misses where a list is as it was before', async () => {
  const asked = await step(ask, { ada: 'ada', bob: 'bob' });
  state.values.set('latest/ada', []);

  assert.deepEqual(await step(look, asked), { ownMissing: true });
  assert.deepEqual(await step(answer, asked), { originalMissing: true });
});

test('what is no input is refused and changes nothing', async () => {
  for (const [action, input] of [
    ['follow', { user: 'Ada!', whom: 'bob' }],
    ['follow', { user: 'ada' }],
    ['post', { user: 'ada', text: '' }],
    ['post', { user: 'ada', text: 'x'.repeat(281) }],
    ['post', { user: 'ada', text: 'x', replyTo: 'nothing' }],
  ]) {
    assert.equal((await call('POST', action, input)).status, 400, JSON.stringify(input));
  }
  assert.equal((await call('GET', 'nonsense', {})).status, 404);
  assert.equal(state.values.size, 0);
});
