// What the platform answers instead of what was asked for.
const prefix = 'urn:virga:problem:';

/** The results before it were large: the command was not carried out, and is asked again. */
export const answerFull = `${prefix}answer-full`;

/** The platform could not do what the function asked for. `type` is stable, such as `not-found` or `timeout`. */
export class PlatformError extends Error {
  constructor({ type, title, status, detail, fix, ...further }) {
    super([detail ?? title, fix].filter((part) => typeof part === 'string').join(' '));
    this.name = 'PlatformError';
    this.type = type.startsWith(prefix) ? type.slice(prefix.length) : type;
    this.status = status;
    this.detail = detail ?? title;
    this.fix = fix ?? null;
    Object.assign(this, further);
  }
}

/** Shared state refused a command, or cannot be reached. */
export class StateError extends PlatformError {
  constructor(problem) {
    super(problem);
    this.name = 'StateError';
  }
}
