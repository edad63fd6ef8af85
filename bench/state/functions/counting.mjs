// One step of a counted run: hands on what it got; the last one notes the run in a set that all share.
export async function handler(event, ctx) {
  const work = event.body ?? {};
  const step = (work.step ?? 0) + 1;
  if (step === 3 && work.set) {
    await ctx.state.set(work.set).add(work.id);
  }
  return { ...work, step };
}
