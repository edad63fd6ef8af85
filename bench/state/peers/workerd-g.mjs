export default {
  fetch() {
    return Response.json({ x: 20 + 1 });
  },
};
