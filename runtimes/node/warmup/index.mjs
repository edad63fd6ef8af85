// The function that warms a generic instance up; touches what most functions touch.
export async function handler(event, ctx) {
  const { query, headers, body } = event;
  const answer = { n: query.n, type: headers['content-type'], body, left: ctx.remainingMs() };
  if (body.n === 1) {
    return answer;
  }
  answer.value = await ctx.state.get('warm');
  return { status: 201, headers: { 'x-kind': 'warm' }, body: answer };
}
