// One step of the consistency benchmark: reads two keys, as the run asks; the last one writes what it and the steps before have read.
// A value is `{ n, deps }`: the how-manieth it is of its key, which has one writer, and what its writer had read of other keys.
export async function handler(event, ctx) {
  const work = event.body ?? {};
  const step = (work.step ?? 0) + 1;
  const reads = work.seen ?? [];
  for (const key of work.keys[step - 1]) {
    const value = await ctx.state.get(key);
    reads.push({ step, key, n: value?.n ?? 0, deps: value?.deps ?? {} });
  }
  if (step === work.keys.length && work.own) {
    const before = await ctx.state.get(work.own);
    const deps = {};
    for (const { key, n } of reads) {
      if (key !== work.own) {
        deps[key] = Math.max(deps[key] ?? 0, n);
      }
    }
    await ctx.state.put(work.own, { n: (before?.n ?? 0) + 1, deps });
  }
  return { ...work, step, seen: reads };
}
