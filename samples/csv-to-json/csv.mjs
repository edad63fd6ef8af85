/** Rows of fields of CSV text (RFC 4180): fields may be quoted, with commas, line breaks and doubled quotes inside. */
export function parseCsv(text) {
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  const rows = [];
  let row = [];
  while (field.lastIndex < text.length || row.length > 0) {
    const start = field.lastIndex;
    const match = field.exec(text);
    if (match === null) {
      const line = text.slice(0, start).split('\n').length;
      throw new Error(`line ${line}: a quote is not closed, or stands inside an unquoted field`);
    }
    row.push(match[1]?.replaceAll('""', '"') ?? match[2]);
    if (match[3] !== ',') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}
