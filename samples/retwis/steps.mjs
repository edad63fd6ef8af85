// The steps of a conversation, for a DAG that has each of them done on another node.
import { page, publish } from './index.mjs';

/** Ada posts. */
export async function ask({ body: { ada, bob } }, ctx) {
  return { post: await publish({ user: ada, text: 'Does anybody read this?' }, ctx), bob };
}

/** Ada looks at her own page: is her post there? */
export async function look({ body: { post } }, { state }) {
  const { items } = await page([post.user], state);
  return { ownMissing: !items.some(({ id }) => id === post.id) };
}

/** Bob, who has got the post, answers it and looks at the conversation: is what he answers there? */
export async function answer({ body: { post, bob } }, ctx) {
  const { id, user, at } = post;
  await publish({ user: bob, text: 'I do.', answers: { id, user, at } }, ctx);
  const { items } = await page([bob, user], ctx.state);
  return { originalMissing: !items.some((item) => item.id === id) };
}
