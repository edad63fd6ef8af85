// What an executable printed, as a response.

const jsonType = 'application/json';
const textType = 'text/plain; charset=utf-8';
const bytesType = 'application/octet-stream';
const cgiStart = /^(?:status: *\d{3}|content-type: *\S)/i;
const cgiLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*)$/;

/**
 * @param {Buffer} output all of the output, or its beginning when `rest` is given
 * @param {(start: Buffer) => AsyncIterable<Buffer>} [rest] the body from `start` on
 */
export function toResponse(output, rest) {
  const { status, headers, body } = splitHeaders(output);
  if (!headers.some(([name]) => name === 'content-type') && body.length > 0) {
    headers.push(['content-type', rest === undefined ? typeOf(body) : typeOfStart(body)]);
  }
  return { status, headers, body: rest === undefined ? body : rest(body) };
}

/** Output whose first line is a `Status` or `Content-Type` header starts with headers, up to an empty line. */
function splitHeaders(output) {
  const plain = { status: 200, headers: [], body: output };
  if (!cgiStart.test(output.toString('latin1', 0, 64))) {
    return plain;
  }
  const text = output.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text);
  const lines = text.slice(0, end?.index).split(/\r?\n/);
  const pairs = lines.map((line) => cgiLine.exec(line));
  if (end === null || pairs.includes(null)) {
    return plain;
  }
  const headers = [];
  let status = 200;
  for (const [, name, value] of pairs) {
    if (name.toLowerCase() === 'status') {
      status = Number.parseInt(value, 10);
    } else {
      headers.push([name.toLowerCase(), value]);
    }
  }
  return { status, headers, body: output.subarray(end.index + end[0].length) };
}

function typeOf(body) {
  const text = decode(body, false);
  if (text === null) {
    return bytesType;
  }
  try {
    JSON.parse(text);
    return jsonType;
  } catch {
    return textType;
  }
}

/** The start of a long body may end inside a character, and is no whole JSON. */
function typeOfStart(start) {
  return decode(start, true) === null ? bytesType : textType;
}

/** The text, or null when the bytes are no UTF-8. */
function decode(bytes, stream) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream });
  } catch {
    return null;
  }
}
