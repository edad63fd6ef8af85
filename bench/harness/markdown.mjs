import { readFile, writeFile } from 'node:fs/promises';

/** A Markdown table. @param {string[]} head @param {string[][]} rows */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** Replaces what stands between `<!-- name:begin -->` and `<!-- name:end -->` in a file. */
export async function replaceSection(path, name, text) {
  const page = await readFile(path, 'utf8');
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`${path} lacks the markers ${begin} and ${end}`);
  }
  await writeFile(path, `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`);
}
