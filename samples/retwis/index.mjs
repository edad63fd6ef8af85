// A small social network over shared state, in the shape of Retwis: users, who follows whom, posts, timelines.
import { createHash } from 'node:crypto';

const pageSize = 20;
const namePattern = /^[a-z0-9_]{1,32}$/;
const textLimit = 280;

/** What each action is called by, and what it does. */
const actions = {
  'POST follow': follow,
  'POST post': post,
  'GET timeline': timeline,
  'GET posts': posts,
};

export default async function handler(event, ctx) {
  const action = actions[`${event.method} ${event.params.action ?? event.path.replace(/^\//, '')}`];
  if (!action) {
    return problem(404, 'There is no such action: follow, post, timeline and posts are known.');
  }
  try {
    return await action(event.method === 'GET' ? event.query : (event.body ?? {}), ctx);
  } catch (error) {
    if (error instanceof BadInput) {
      return problem(400, error.message);
    }
    throw error;
  }
}

/** `{ user, whom }`: from now on the user's timeline has what the other one posts. */
async function follow({ user, whom }, { state }) {
  await Promise.all([state.set(`following/${name(user)}`).add(name(whom)), state.set(`followers/${whom}`).add(user)]);
  return { user, follows: whom };
}

/** `{ user, text, replyTo }`: keeps the post, then lists it with its author. */
async function post({ user, text, replyTo = null }, ctx) {
  return publish({ user, text, answers: replyTo === null ? null : await answered(replyTo, ctx.state) }, ctx);
}

/** The same for an answer whose author has the post that it `answers` before him. */
export async function publish({ user, text, answers = null }, ctx) {
  name(user);
  if (typeof text !== 'string' || text.length === 0 || text.length > textLimit) {
    throw new BadInput(`text must have 1 to ${textLimit} characters`);
  }
  const { state } = ctx;
  const id = createHash('sha256').update(ctx.invocationId).digest('hex').slice(0, 20);
  const made = { id, user, text, answers, at: Date.now() };
  await state.put(`post/${id}`, made);
  // One register per author: a list that many write would be one key that all wait for.
  const latest = (await state.get(`latest/${user}`)) ?? [];
  await state.put(`latest/${user}`, [{ id, at: made.at }, ...latest].slice(0, pageSize));
  return made;
}

// Who answers a post has seen it in its author's list. Under causal consistency that is what makes the answer depend on the list: whoever is shown the answer is shown the post.
async function answered(id, state) {
  const original = await state.get(`post/${id}`);
  const list = original && (await state.get(`latest/${original.user}`));
  if (!list?.some((one) => one.id === id)) {
    throw new BadInput(`there is no post ${id} to answer`);
  }
  return { id, user: original.user, at: original.at };
}

/** `?user=`: the newest posts of those whom the user follows, and of the user. */
async function timeline({ user }, { state }) {
  const following = await state.set(`following/${name(user)}`).values();
  return page([user, ...following], state);
}

/** `?user=`: what one user posted. */
async function posts({ user }, { state }) {
  return page([name(user)], state);
}

/** What some users posted, the newest first. */
export async function page(users, state) {
  return show(await latestOf(users, state), state);
}

async function latestOf(users, state) {
  const lists = await Promise.all(users.map((user) => state.get(`latest/${user}`)));
  return lists.flatMap((list) => list ?? []);
}

// `missing` counts answers to posts that their authors' lists do not have for this reader: the anomaly that causal consistency excludes.
async function show(listed, state) {
  const newest = listed.toSorted((a, b) => b.at - a.at).slice(0, pageSize);
  const items = (await Promise.all(newest.map(({ id }) => state.get(`post/${id}`)))).filter((one) => one !== undefined);
  let missing = newest.length - items.length;
  const lists = new Map();
  for (const { answers } of items.filter((one) => one.answers !== null)) {
    if (!lists.has(answers.user)) {
      lists.set(answers.user, (await state.get(`latest/${answers.user}`)) ?? []);
    }
    missing += isListed(lists.get(answers.user), answers) ? 0 : 1;
  }
  return { items, missing };
}

// A full list has dropped what is older than its last entry.
function isListed(list, { id, at }) {
  return list.some((one) => one.id === id) || (list.length === pageSize && list.at(-1).at >= at);
}

function name(value) {
  if (typeof value !== 'string' || !namePattern.test(value)) {
    throw new BadInput(`'${value}' is no user's name: use 1 to 32 of a to z, 0 to 9 and _`);
  }
  return value;
}

const problem = (status, detail) => ({ status, body: { detail } });

class BadInput extends Error {}
