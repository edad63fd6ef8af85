// Called for large orders only: the edge to it has a condition.
export default ({ body: price }) => ({ by: 'sales', limit: price.total });
