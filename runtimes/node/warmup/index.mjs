// The function that warms a generic instance up; touches what most functions touch.
export async function handler(event, ctx) {
  const { query, headers, body } = event;
  const answer = { n: query.n, type: headers['content-type'], body, left: ctx.remainingMs() };
  return body.n === 1 ? answer : { status: 201, headers: { 'x-kind': 'warm' }, body: answer };
}
