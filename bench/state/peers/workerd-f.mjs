export default {
  async fetch(request, env) {
    const { x } = await (await env.g.fetch(request)).json();
    return Response.json({ x: x * 2 });
  },
};
