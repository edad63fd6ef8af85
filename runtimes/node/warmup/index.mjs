// The function that warms a generic instance up; touches what most functions touch.
export function handler(event, ctx) {
  const { query, headers, body } = event;
  return { n: query.n, type: headers['content-type'], body, left: ctx.remainingMs() };
}
