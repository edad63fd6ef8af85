// Sales go into a topic; once a second a summary of each shop's comes out of another: see README.md.

/** POST /sales: publishes a sale; the shop is its key, so that a shop's sales keep their order. */
export async function sell(event, ctx) {
  const { shop = 'online', amount } = event.body ?? {};
  if (!Number.isFinite(amount)) {
    return { status: 400, body: { error: 'amount is missing: send {"shop": "…", "amount": 12.5}' } };
  }
  return { status: 202, body: { sold: await ctx.publish('sales', { shop, amount }, { key: shop }) } };
}

/** Called with each window of a shop's sales. What it returns is published to `sales-summaries`. */
export function summarise(event) {
  const { window, messages } = event.body;
  const amounts = messages.map((message) => message.value.amount);
  return { shop: window.key, from: window.start, to: window.end, sales: amounts.length, total: amounts.reduce((sum, amount) => sum + amount, 0) };
}
