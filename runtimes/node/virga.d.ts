// Types of the programming model for functions in JavaScript and TypeScript; see README.md.
/// <reference types="node" />

declare global {
  /** What the platform offers to the code of a function as a whole. */
  const virga: {
    /**
     * Adds a hook that runs in every clone of this function's snapshot, after random numbers have got new seeds and before the first
     * call: open connections, fetch what must be fresh, forget what must be unique. Hooks run in the order in which
     * they were added and are awaited; one that throws fails the start. Without snapshots it never runs.
     */
    onRestore(hook: () => void | Promise<void>): void;
  };
}

/** A function: gets a request and answers it. */
export type Handler = (event: Event, ctx: Context) => Answer | Promise<Answer>;

/**
 * What a handler may return: a `ResponseObject`, a web `Response`, bytes, a stream, or any value that has a JSON form.
 */
export type Answer = ResponseObject | Response | Uint8Array | ArrayBuffer | BodyStream | JsonLike;

/** Values whose JSON is the answer; nothing at all is `null`. */
export type JsonLike = string | number | boolean | null | undefined | void | object;

/** Pieces of a streamed body: text or bytes. */
export type BodyStream =
  | AsyncIterable<string | Uint8Array>
  | Iterator<string | Uint8Array>
  | NodeJS.ReadableStream
  | ReadableStream<string | Uint8Array>;

/** An object with one of these members is a response; everything in it is sent as said. */
export interface ResponseObject {
  /** 200 to 599; default 200. */
  status?: number;
  headers?: HeadersLike;
  /**
   * An object is sent as JSON, text as `text/plain; charset=utf-8`, bytes as `application/octet-stream`, unless
   * `headers` has a content type. A stream without one gets the type of its first piece.
   */
  body?: string | Uint8Array | ArrayBuffer | BodyStream | object | number | boolean | null;
}

export type HeaderValue = string | number | boolean | null | undefined;
export type HeadersLike =
  Record<string, HeaderValue | HeaderValue[]> | [string, HeaderValue | HeaderValue[]][] | Headers;

/** One request. */
export interface Event {
  readonly trigger: 'http' | 'websocket' | 'invoke';
  readonly method: string;
  /** The path, percent-decoded. */
  readonly path: string;
  /** What the route's template matched, percent-decoded. */
  readonly params: Record<string, string>;
  /** Name → value; the last one of a name that comes more than once. */
  readonly query: Record<string, string>;
  /** The raw query string, without `?`. */
  readonly queryString: string;
  /** Every value of a name, in order. */
  queryAll(name: string): string[];
  /** Lower-case name → value; repeated headers are joined by `, `. */
  readonly headers: Record<string, string>;
  /**
   * The body by its content type: parsed JSON, text, or a Buffer; `null` when there is none. Throws `invalid-body`,
   * which answers 400, when it is not the JSON that it claims to be.
   */
  readonly body: any;
  /** The body as it came. Throws when the function asked for `requestBody: stream`. */
  readonly raw: Buffer;
  /** The same as `raw`. */
  bytes(): Buffer;
  /** The body as text. */
  text(): string;
  /** The body in pieces, to be read once: as they arrive when the function asked for `requestBody: stream`. */
  readonly stream: AsyncIterable<Buffer>;
  /** Whether the request opens a WebSocket. */
  readonly upgrade: boolean;
  /** Accepts the WebSocket. Return anything without it to refuse. */
  accept(): WebSocket;
}

/** Facts about the call and the function. */
export interface Context {
  readonly invocationId: string;
  readonly function: string;
  readonly namespace: string;
  readonly tenant: string;
  readonly version: number;
  /** After this the client gets a 504. */
  readonly deadline: Date;
  /** Milliseconds until the deadline, never less than 0. */
  remainingMs(): number;
  readonly log: Logger;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** W3C trace context. */
  readonly traceparent: string | null;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

export interface Logger {
  debug(message: unknown, fields?: Record<string, unknown>): void;
  info(message: unknown, fields?: Record<string, unknown>): void;
  warn(message: unknown, fields?: Record<string, unknown>): void;
  error(message: unknown, fields?: Record<string, unknown>): void;
}

/** An accepted WebSocket; it is closed when the handler returns. */
export interface WebSocket extends AsyncIterable<string | Buffer> {
  /** At most 256 KiB. True once the message is on its way, false when the socket is closed. */
  send(data: string | Uint8Array | ArrayBuffer): Promise<boolean>;
  close(code?: number, reason?: string): void;
  /** What the client closed with; null before. */
  readonly closed: { code: number; reason: string } | null;
}
