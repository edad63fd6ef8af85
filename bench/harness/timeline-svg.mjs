// Draws figures over time as SVG: panels with one axis of time, in colours that are readable on light and on dark pages.
const width = 960;
const left = 64;
const right = 132;
const top = 40;
const panelHeight = 96;
const gap = 30;

const ink = '#7d8590';
const line = '#7d859055';

/**
 * @param {object} chart
 * @param {string} chart.title
 * @param {number[]} chart.times when each value was taken, in seconds
 * @param {{ what: string, begin: number, end: number }[]} chart.spans named parts of the time, without a gap
 * @param {{ title: string, stacked?: boolean, logarithmic?: boolean, series: { name: string, colour: string, values: (number | null)[], area?: boolean }[] }[]} chart.panels
 */
export function drawPanels({ title, times, spans, panels }) {
  const end = spans.at(-1).end;
  const height = top + panels.length * (panelHeight + gap) + 16;
  const x = (seconds) => left + (seconds / end) * (width - left - right);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="11" fill="${ink}">`,
    `<title>${title}</title>`,
    ...spans.map((span) => phase(span, x, height)),
    ...panels.flatMap((panel, index) => draw(panel, times, x, top + index * (panelHeight + gap))),
    ...secondTicks(end).map((second) => `<text x="${round(x(second))}" y="${height - 18}" text-anchor="middle">${second}</text>`),
    `<text x="${x(end) + 10}" y="${height - 18}">seconds</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function phase({ what, begin, end }, x, height) {
  const edge = begin === 0 ? '' : `<line x1="${round(x(begin))}" x2="${round(x(begin))}" y1="${top - 14}" y2="${height - 34}" stroke="${line}" stroke-dasharray="2 4"/>`;
  return `${edge}<text x="${round((x(begin) + x(end)) / 2)}" y="16" text-anchor="middle">${what}</text>`;
}

function draw({ title, series, stacked = false, logarithmic = false }, times, x, y) {
  const shown = stacked ? stack(series) : series.map((entry) => ({ ...entry, from: null }));
  const values = shown.flatMap(({ values: points }) => points.filter((value) => value !== null));
  const scale = logarithmic ? logarithmicScale(values) : linearScale(Math.max(1, ...values));
  const place = (value) => y + panelHeight - scale.share(value) * panelHeight;
  const grid = scale.ticks.map(
    (tick) =>
      `<line x1="${left}" x2="${width - right}" y1="${round(place(tick))}" y2="${round(place(tick))}" stroke="${line}"/>` +
      `<text x="${left - 8}" y="${round(place(tick) + 4)}" text-anchor="end">${tick.toLocaleString('en-US')}</text>`,
  );
  const shapes = shown.flatMap((entry) => shape(entry, times, x, place, scale.lowest));
  const legend = series.map(
    ({ name, colour }, index) =>
      `<rect x="${width - right + 14}" y="${y + 4 + index * 17}" width="11" height="11" rx="2" fill="${colour}"/><text x="${width - right + 31}" y="${y + 13 + index * 17}">${name}</text>`,
  );
  return [...grid, ...shapes, `<text x="${left}" y="${y - 7}" font-weight="600">${title}</text>`, ...legend];
}

/** Each series upon those before it. */
function stack(series) {
  let below = series[0].values.map(() => 0);
  return series.map((entry) => {
    const from = below;
    below = below.map((value, index) => value + entry.values[index]);
    return { ...entry, from, values: below, area: true };
  });
}

function shape({ values, from, colour, area = false }, times, x, place, lowest) {
  const point = (value, index) => `${round(x(times[index]))},${round(place(value))}`;
  return runs(values).flatMap(({ begin, end }) => {
    const upper = values.slice(begin, end).map((value, index) => point(value, begin + index));
    const outline = `<polyline points="${upper.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.5" stroke-linejoin="round"/>`;
    if (!area) {
      return [outline];
    }
    const lower = values.slice(begin, end).map((_, index) => point(from?.[begin + index] ?? lowest, begin + index)).reverse();
    return [`<polygon points="${[...upper, ...lower].join(' ')}" fill="${colour}" fill-opacity="${from === null ? 0.25 : 0.85}"/>`, ...(from === null ? [outline] : [])];
  });
}

/** Where values are without a gap. */
function runs(values) {
  const found = [];
  for (let index = 0; index < values.length; index++) {
    if (values[index] === null) {
      continue;
    }
    const begin = index;
    while (index < values.length && values[index] !== null) {
      index++;
    }
    found.push({ begin, end: index });
  }
  return found;
}

function linearScale(highest) {
  const magnitude = 10 ** Math.floor(Math.log10(highest / 2));
  const step = [1, 2, 5, 10].map((factor) => Math.max(1, factor * magnitude)).find((candidate) => highest / candidate <= 4);
  const most = Math.ceil(highest / step) * step;
  return { lowest: 0, share: (value) => value / most, ticks: Array.from({ length: Math.round(most / step) + 1 }, (_, index) => index * step) };
}

function logarithmicScale(values) {
  const [lowest, highest] = values.length === 0 ? [1, 10] : [Math.min(...values), Math.max(...values)];
  const [from, to] = [Math.floor(Math.log10(lowest)), Math.max(Math.ceil(Math.log10(highest)), Math.floor(Math.log10(lowest)) + 1)];
  return { lowest: 10 ** from, share: (value) => (Math.log10(value) - from) / (to - from), ticks: Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index)) };
}

const secondTicks = (end) => Array.from({ length: Math.floor(end / 10) + 1 }, (_, index) => index * 10);
const round = (value) => Math.round(value * 10) / 10;
