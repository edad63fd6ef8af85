// Orders come over HTTP, wait in a topic, and are handled by functions that their messages call: see README.md.

const prices = { tea: 450, cup: 1200, kettle: 3900 };

/** POST /orders: takes an order. It is safe when this answers, though nobody has looked at it yet. */
export async function take(event, ctx) {
  const { customer = 'anonymous', sku, count = 1 } = event.body ?? {};
  const id = await ctx.publish('orders', { customer, sku, count }, { key: customer, properties: { source: 'web' } });
  return { status: 202, body: { accepted: id } };
}

/**
 * Called with each order: those of one customer one after the other, in their order. What it returns is published to `shipments`. An order that it cannot handle
 * is tried again, keeps the customer's other orders waiting meanwhile, and goes to `orders-failed`.
 */
export async function fulfil(event, ctx) {
  const { customer, sku, count } = event.body;
  const price = prices[sku];
  if (price === undefined) {
    throw new Error(`nobody sells '${sku}'`);
  }
  const number = await ctx.state.counter(`orders/${customer}`).increment();
  return { customer, number, sku, count, total: price * count };
}

/** Called with up to 100 shipments at a time. */
export async function ship(event, ctx) {
  const failed = [];
  await Promise.all(
    event.body.map(async ({ key, value }, place) => {
      try {
        await ctx.state.log(`shipped/${key}`, { keep: 100 }).append(value);
      } catch (error) {
        ctx.log.warn('not shipped, for now', { customer: key, problem: error.type });
        failed.push(place);
      }
    }),
  );
  return { failed };
}

/** Called with each order that was given up, and why. */
export async function complain(event, ctx) {
  const { customer, sku } = event.body;
  const { 'virga-property-virga-cause-detail': why, 'virga-property-virga-attempts': attempts } = event.headers;
  await ctx.state.log(`failed/${customer}`, { keep: 100 }).append({ sku, why, attempts: Number(attempts) });
}

/** GET /customers/{customer}: what became of a customer's orders. */
export async function look(event, ctx) {
  const { customer } = event.params;
  const [shipped, failed] = await Promise.all([ctx.state.log(`shipped/${customer}`).last(100), ctx.state.log(`failed/${customer}`).last(100)]);
  return { customer, shipped, failed };
}
