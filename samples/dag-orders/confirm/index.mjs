// Gets what came in by name; `approval` is absent for an order that needed none.
export default ({ body: { order, stock, price, approval } }) => ({
  customer: order.customer,
  total: price.total,
  state: stock.missing.length > 0 ? `waits for ${stock.missing.join(', ')}` : 'confirmed',
  approvedBy: approval?.by ?? null,
});
