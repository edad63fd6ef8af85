// Reads an order: {"customer":"ada","items":[{"sku":"tea","count":2}]}.
export default ({ body: order }) => {
  if (!Array.isArray(order?.items) || order.items.length === 0) throw new TypeError('an order has at least one item');
  return { customer: order.customer ?? 'anonymous', items: order.items.map(({ sku, count = 1 }) => ({ sku, count })) };
};
