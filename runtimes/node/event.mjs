// What a handler gets as its first argument.
import { parse as parseQuery } from 'node:querystring';
import { inspect } from 'node:util';
import { RuntimeError } from './errors.mjs';
import { replaceReferences } from './platform/references.mjs';

const noPairs = Object.freeze([]);
const textTypes = new Set(['application/x-www-form-urlencoded', 'application/xml', 'application/javascript']);

/** One request. Everything but the header of its CALL is made when it is first asked for. */
export class Event {
  #header;
  #raw;
  #pieces;
  #accept;
  #references;
  #query;
  #headers;
  #params;
  #body;
  #bodyParsed = false;

  /**
   * @param header the CALL frame's header
   * @param {Buffer | null} raw the whole body; null when it is streamed
   * @param {AsyncIterable<Buffer> | null} pieces the body when the function asked for `requestBody: stream`
   * @param {(() => object) | null} accept how a WebSocket is accepted
   * @param {Map<string, any> | null} references the values of the keys that the body refers to
   */
  constructor(header, raw, pieces, accept, references) {
    this.#header = header;
    this.#raw = raw;
    this.#pieces = pieces;
    this.#accept = accept;
    this.#references = references;
  }

  /** `http`, `websocket`, `invoke`, `call`, `dag` or `topic`. */
  get trigger() {
    return this.#header.trigger ?? 'http';
  }

  get method() {
    return this.#header.method ?? 'POST';
  }

  /** The path, percent-decoded. */
  get path() {
    return this.#header.path ?? '/';
  }

  /** What the route's template matched, percent-decoded. */
  get params() {
    return (this.#params ??= this.#header.params ?? {});
  }

  /** Name → value; of a name that comes more than once, the last. */
  get query() {
    if (this.#query === undefined) {
      this.#query = Object.create(null);
      for (const [name, value] of Object.entries(this.#parsedQuery())) {
        this.#query[name] = Array.isArray(value) ? value[value.length - 1] : value;
      }
    }
    return this.#query;
  }

  /** Every value of a name, in order. */
  queryAll(name) {
    const value = this.#parsedQuery()[name];
    return value === undefined ? [] : Array.isArray(value) ? value : [value];
  }

  /** The raw query string, without `?`. */
  get queryString() {
    return this.#header.query ?? '';
  }

  /** Lower-case name → value; of a name that comes more than once, all values joined by `, `. */
  get headers() {
    if (this.#headers === undefined) {
      this.#headers = Object.create(null);
      for (const [name, value] of this.#header.headers ?? noPairs) {
        const before = this.#headers[name];
        this.#headers[name] = before === undefined ? value : `${before}, ${value}`;
      }
    }
    return this.#headers;
  }

  /**
   * JSON when the content type is `application/json` or `+json`; text when it is absent, text, a form or XML; else a
   * Buffer. `null` when there is no body. A body that is not the JSON it claims to be is the client's fault: unless
   * the handler catches the error, the answer is 400.
   */
  get body() {
    if (!this.#bodyParsed) {
      const body = this.#parseBody();
      this.#body = this.#references === null ? body : replaceReferences(body, this.#references);
      this.#bodyParsed = true;
    }
    return this.#body;
  }

  /** The body as it came. */
  get raw() {
    if (this.#raw === null) {
      throw new Error('the body is streamed (requestBody: stream): read event.stream instead');
    }
    return this.#raw;
  }

  /** The same as `raw`. */
  bytes() {
    return this.raw;
  }

  /** The body as text, in the content type's charset (UTF-8 when it names none). */
  text() {
    const charset = /;\s*charset="?([^\s;"]+)/i.exec(this.headers['content-type'] ?? '')?.[1];
    if (charset === undefined || /^utf-?8$/i.test(charset)) {
      return this.raw.toString('utf8');
    }
    try {
      return new TextDecoder(charset).decode(this.raw);
    } catch (error) {
      throw new RuntimeError('invalid-body', `the body cannot be read as ${charset}: ${error.message}`);
    }
  }

  /** The body in pieces as they arrive, to be read once. */
  get stream() {
    return (this.#pieces ??= onePiece(this.#raw));
  }

  /** Whether this is the opening of a WebSocket; see `accept`. */
  get upgrade() {
    return this.trigger === 'websocket';
  }

  /** Accepts the WebSocket and returns it. It stays open until the handler returns. */
  accept() {
    if (this.#accept === null) {
      throw new Error('event.accept(): this request does not open a WebSocket');
    }
    return this.#accept();
  }

  toJSON() {
    const { trigger, method, path, params, query, headers } = this;
    return { trigger, method, path, params, query, headers, ...(this.#raw !== null && { body: this.body }) };
  }

  [inspect.custom](depth, options) {
    return `Event ${inspect(this.toJSON(), options)}`;
  }

  #parsedQuery() {
    return parseQuery(this.queryString, '&', '=', { maxKeys: 0 });
  }

  #parseBody() {
    if (this.raw.length === 0) {
      return null;
    }
    const contentType = this.headers['content-type'];
    const mediaType = contentType === undefined ? '' : contentType.split(';', 1)[0].trim().toLowerCase();
    if (mediaType === 'application/json' || mediaType.endsWith('+json')) {
      try {
        return JSON.parse(this.raw.toString('utf8'));
      } catch (error) {
        throw new RuntimeError('invalid-body', `the body is not valid JSON: ${error.message}`);
      }
    }
    if (mediaType === '' || mediaType.startsWith('text/') || mediaType.endsWith('+xml') || textTypes.has(mediaType)) {
      return this.text();
    }
    return this.raw;
  }
}

async function* onePiece(raw) {
  if (raw !== null && raw.length > 0) {
    yield raw;
  }
}
