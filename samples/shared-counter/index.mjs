// Counts visits by page and in all, and keeps the last visitors: every instance, on every node, counts on the same keys.
export default async function sharedCounter({ method, params, query }, { state }) {
  const page = params.page ?? 'home';
  const views = state.map('pages');
  if (method === 'POST') {
    const [total] = await Promise.all([
      state.counter('visits').increment(),
      views.update(page, { counter: { increment: 1 } }),
      state.log('latest-visitors', { keep: 100 }).append(query.name ?? 'somebody'),
    ]);
    return { total };
  }
  const [total, pages, last] = await Promise.all([
    state.counter('visits').get(),
    views.entries(),
    state.log('latest-visitors').last(5),
  ]);
  return { total, pages, last };
}
