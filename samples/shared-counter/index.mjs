// Counts visits by page and in all, and keeps the last visitors: every instance, on every node, counts on the same keys.
const keys = { total: 'shared-counter/visits', pages: 'shared-counter/pages', last: 'shared-counter/visitors' };

export default async function sharedCounter({ method, params, query }, { state }) {
  const page = params.page ?? 'home';
  const views = state.map(keys.pages);
  if (method === 'POST') {
    const [total] = await Promise.all([
      state.counter(keys.total).increment(),
      views.update(page, { counter: { increment: 1 } }),
      state.log(keys.last, { keep: 100 }).append(query.name ?? 'somebody'),
    ]);
    return { total };
  }
  const [total, pages, last] = await Promise.all([
    state.counter(keys.total).get(),
    views.entries(),
    state.log(keys.last).last(5),
  ]);
  return { total, pages, last };
}
