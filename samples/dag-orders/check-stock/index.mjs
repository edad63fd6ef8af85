const stock = { tea: 40, coffee: 12, cup: 3 };

export default ({ body: order }) => ({ missing: order.items.filter(({ sku, count }) => (stock[sku] ?? 0) < count).map(({ sku }) => sku) });
