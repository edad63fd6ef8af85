// POST CSV with a header line; the answer is a JSON array of objects.
import { parseCsv } from './csv.mjs';

export default function csvToJson(event, ctx) {
  let rows;
  try {
    rows = parseCsv(event.text());
  } catch (error) {
    return { status: 400, body: { error: error.message } };
  }
  const [names = [], ...records] = rows;
  const uneven = records.findIndex((record) => record.length !== names.length);
  if (uneven >= 0) {
    const message = `record ${uneven + 1} has ${records[uneven].length} fields; the header has ${names.length}`;
    return { status: 400, body: { error: message } };
  }
  ctx.log.info('converted', { records: records.length });
  return records.map((record) => Object.fromEntries(names.map((name, index) => [name, record[index]])));
}
