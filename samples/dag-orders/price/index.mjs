const cents = { tea: 450, coffee: 790, cup: 1200 };

export default ({ body: order }) => ({ total: order.items.reduce((sum, { sku, count }) => sum + (cents[sku] ?? 0) * count, 0) });
