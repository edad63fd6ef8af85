// The figures of a site: who came, what they looked at and how long that took, of any number of visits in some fifty kilobytes a day.
const day = (state, name) => ({
  visitors: state.theta(`unique-visitors/${name}/visitors`),
  pages: state.topK(`unique-visitors/${name}/pages`, { size: 200 }),
  latency: state.quantiles(`unique-visitors/${name}/latency`),
});

export default function uniqueVisitors({ method, params, query, body }, { state }) {
  return method === 'POST' ? add([body].flat(), day(state, params.day)) : figures(day(state, params.day), query.before && day(state, query.before));
}

// One hit, or a list of them: many at once cost little more than one.
async function add(hits, { visitors, pages, latency }) {
  const [{ added }] = await Promise.all([
    visitors.add(...hits.map(({ visitor }) => visitor)),
    pages.add(...hits.map(({ page }) => page)),
    latency.add(...hits.map(({ ms }) => ms)),
  ]);
  return { added };
}

async function figures({ visitors, pages, latency }, before) {
  const earlier = before && (await before.visitors.sketch());
  const [unique, returning, top, milliseconds] = await Promise.all([
    visitors.estimate(),
    before && visitors.intersection(earlier),
    pages.top(3),
    latency.summary(),
  ]);
  return {
    visitors: unique.estimate,
    ...(returning && { returning: returning.estimate }),
    pages: top.map(({ value, count }) => ({ page: value, hits: count })),
    milliseconds: milliseconds && { p50: milliseconds.p50, p99: milliseconds.p99, max: milliseconds.max },
  };
}
