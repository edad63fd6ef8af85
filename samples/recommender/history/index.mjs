// g(x): what a user has watched. A POST adds a title, a call by another function reads the newest ones.
const kept = 50;
const wanted = 10;

export default async function history(event, ctx) {
  if (event.trigger === 'call') {
    return ctx.state.log(`history/${event.body.user}`).last(wanted);
  }

  const { user, title } = event.params;
  const log = ctx.state.log(`history/${user}`, { keep: kept });
  const [previous] = await log.last(1);
  const writes = [log.append(title)];
  if (previous !== undefined && previous !== title) {
    // Counters inside a map: many users may add to the same one at the same time, and none is lost.
    writes.push(ctx.state.map(`after/${previous}`).update(title, { counter: { increment: 1 } }));
  }
  await Promise.all(writes);
  return { status: 204 };
}
