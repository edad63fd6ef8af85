// What a handler returned, as the answer to send: see docs/worker-protocol.md, "What every runtime gives its users".
import { RuntimeError } from './errors.mjs';

const jsonType = 'application/json';
const textType = 'text/plain; charset=utf-8';
const bytesType = 'application/octet-stream';
const maxHeaders = 64 * 1024;
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const badHeaderValue = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {[string, string][]} headers
 * @property {string | Uint8Array} [body] the whole body
 * @property {Iterable | AsyncIterable} [stream] or its pieces
 */

/** Whether `value` is sent as its JSON and nothing else: the fast path. */
export function isPlainValue(value) {
  if (typeof value !== 'object' || value === null) {
    return true;
  }
  if (Array.isArray(value)) {
    return true;
  }
  const prototype = Object.getPrototypeOf(value);
  return (
    prototype === Object.prototype &&
    !Object.hasOwn(value, 'body') &&
    !Object.hasOwn(value, 'status') &&
    !Object.hasOwn(value, 'headers') &&
    value[Symbol.asyncIterator] === undefined
  );
}

/** JSON of a returned value; `undefined` becomes `null`. */
export function toJson(value) {
  if (value === undefined) {
    return 'null';
  }
  let json;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    if (error instanceof RuntimeError) {
      throw error;
    }
    throw new RuntimeError('unserialisable', `the returned value has no JSON form: ${error.message}`, { cause: error });
  }
  if (json === undefined) {
    throw new RuntimeError('unserialisable', `the returned value has no JSON form: it is a ${typeof value}`);
  }
  return json;
}

/** @returns {Answer} of any value that is not plain */
export function toAnswer(value) {
  if (isWebResponse(value)) {
    return { status: value.status, headers: headerPairs(value.headers), stream: value.body ?? [] };
  }
  const bytes = asBytes(value);
  if (bytes !== null) {
    return { status: 200, headers: [['content-type', bytesType]], body: bytes };
  }
  if (isStream(value)) {
    return { status: 200, headers: [], stream: value };
  }
  if (Object.hasOwn(value, 'status') || Object.hasOwn(value, 'headers') || Object.hasOwn(value, 'body')) {
    return fromResponseObject(value);
  }
  return { status: 200, headers: [['content-type', jsonType]], body: toJson(value) };
}

/** Content type of a stream that names none: its first piece tells. */
export function streamType(firstPiece) {
  return typeof firstPiece === 'string' ? textType : bytesType;
}

/** Bytes of one piece of a streamed body. */
export function pieceBytes(piece) {
  const bytes = typeof piece === 'string' ? Buffer.from(piece) : asBytes(piece);
  if (bytes === null) {
    const kind = piece === null ? 'null' : typeof piece;
    throw new RuntimeError(
      'invalid-response',
      `a streamed body is made of text and bytes; a piece was of type ${kind}`,
    );
  }
  return bytes;
}

export function hasHeader(headers, name) {
  return headers.some(([candidate]) => candidate === name);
}

function fromResponseObject({ status = 200, headers: given, body }) {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RuntimeError(
      'invalid-response',
      `status must be a whole number from 200 to 599, not ${describe(status)}; ` +
        'to send an object that has a member "status" as JSON, return { body: object }',
    );
  }
  const headers = headerPairs(given);
  if (body === undefined || body === null) {
    return { status, headers, body: '' };
  }
  if (isStream(body)) {
    return { status, headers, stream: body };
  }
  const bytes = typeof body === 'string' ? body : asBytes(body);
  if (!hasHeader(headers, 'content-type')) {
    headers.push(['content-type', bytes === null ? jsonType : streamType(bytes)]);
  }
  return { status, headers, body: bytes ?? toJson(body) };
}

/** Pairs with lower-case names, from an object (values may be arrays), an array of pairs, or `Headers`. */
function headerPairs(given) {
  if (given === undefined || given === null) {
    return [];
  }
  if (typeof given !== 'object') {
    throw new RuntimeError(
      'invalid-response',
      `headers must be an object or an array of pairs, not ${describe(given)}`,
    );
  }
  const pairs = [];
  for (const entry of typeof given[Symbol.iterator] === 'function' ? given : Object.entries(given)) {
    if (!Array.isArray(entry) || entry.length !== 2) {
      throw new RuntimeError('invalid-response', `a header must be a pair of name and value, not ${describe(entry)}`);
    }
    const [name, value] = entry;
    for (const single of Array.isArray(value) ? value : [value]) {
      if (single !== undefined && single !== null) {
        pairs.push(headerPair(name, single));
      }
    }
  }
  const size = pairs.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > maxHeaders) {
    throw new RuntimeError('invalid-response', `the headers take ${size} bytes; the limit is ${maxHeaders}`);
  }
  return pairs;
}

function headerPair(name, value) {
  if (typeof name !== 'string' || !headerName.test(name)) {
    throw new RuntimeError('invalid-response', `${describe(name)} is not a valid header name`);
  }
  const text = typeof value === 'string' ? value : typeof value === 'object' ? null : String(value);
  if (text === null || badHeaderValue.test(text)) {
    throw new RuntimeError('invalid-response', `the value of header ${name} must be one line of Latin-1 text`);
  }
  return [name.toLowerCase(), text];
}

/** By its tag: to name the global `Response` would load all of `fetch`, 20 ms, in functions that never use it. */
function isWebResponse(value) {
  return value[Symbol.toStringTag] === 'Response' && typeof value.arrayBuffer === 'function';
}

function asBytes(value) {
  if (value instanceof Uint8Array) {
    return value;
  }
  if (value instanceof ArrayBuffer) {
    return new Uint8Array(value);
  }
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null;
}

/** An async iterable (a Node or web stream, an async generator), or an iterator such as a generator makes. */
function isStream(value) {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return (
    typeof value[Symbol.asyncIterator] === 'function' ||
    (typeof value.next === 'function' && typeof value[Symbol.iterator] === 'function')
  );
}

function describe(value) {
  return typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? 'an object' : String(value);
}
