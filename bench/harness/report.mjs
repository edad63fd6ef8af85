// What a case hands over: tables, and how its figures stand against the targets.
import { table } from './markdown.mjs';

export const us = (microseconds) => (microseconds >= 1000 ? `${(microseconds / 1000).toFixed(1)} ms` : `${Math.round(microseconds)} µs`);
/** As `us`, where parts of a microsecond count. */
export const micros = (microseconds) =>
  microseconds >= 1000 ? `${(microseconds / 1000).toFixed(1)} ms` : `${microseconds.toFixed(microseconds < 10 ? 2 : microseconds < 100 ? 1 : 0)} µs`;
export const ms = (milliseconds) => `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
export const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
export const rate = (perSecond) => (perSecond >= 1e6 ? `${(perSecond / 1e6).toFixed(2)} million/s` : `${count(perSecond)}/s`);
export const times = (ratio) => `${ratio.toFixed(2)} x`;
export const count = (number) => Math.round(number).toLocaleString('en-US');

/** A figure that has to stay at or below its target. */
export const atMost = (what, value, limit, show) => ({ what, figure: show(value), target: `≤ ${show(limit)}`, met: value <= limit });

/** A figure that has to reach its target. */
export const atLeast = (what, value, limit, show) => ({ what, figure: show(value), target: `≥ ${show(limit)}`, met: value >= limit });

/** A figure that has to stay below that of a peer. */
export const below = (what, value, limit, show) => ({ what, figure: show(value), target: `< ${show(limit)}`, met: value < limit });

/** One case's part of the page. */
export const section = ({ title, note, head, rows }) => [`### ${title}`, ...(note ? [note] : []), table(head, rows)].join('\n\n');

export const targetTable = (targets, title = 'Against the targets') =>
  section({
    title,
    head: ['what', 'measured', 'target', 'met'],
    rows: targets.map(({ what, figure, target, met }) => [what, figure, target, met ? 'yes' : '**no**']),
  });
