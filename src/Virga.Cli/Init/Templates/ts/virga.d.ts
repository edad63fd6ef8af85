/** What called the function. */
export interface Event {
  readonly method: string;
  /** Percent-decoded. */
  readonly path: string;
  /** The parameters of the route's path. */
  readonly params: Readonly<Record<string, string | undefined>>;
  /** The query's parameters; of a name that comes twice, the last. */
  readonly query: Readonly<Record<string, string | undefined>>;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** JSON when the content type is JSON, else text, else raw bytes. */
  readonly body: any;
}

/** What surrounds a call. */
export interface Context {
  readonly invocationId: string;
}

/** An answer with a status or headers of its own; any other value is sent as JSON with status 200. */
export interface Response {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: unknown;
}
