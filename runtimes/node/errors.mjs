// What goes into an ERROR frame.
import { inspect } from 'node:util';

const runtimeFolder = new URL('.', import.meta.url);
const runtimeFrame = new RegExp(
  `^ +at .*(?:${escape(runtimeFolder.href)}|${escape(runtimeFolder.pathname)}|node:internal/)`,
);
const maxMessage = 16 * 1024;
const maxStack = 32 * 1024;

/** A failure that the runtime itself reports, with one of the protocol's own types. */
export class RuntimeError extends Error {
  /** @param {string} type such as `invalid-response`, see docs/worker-protocol.md */
  constructor(type, message, options) {
    super(message, options);
    this.name = type;
  }
}

/** The call was given up because the node sent CANCEL. */
export class CancelledError extends RuntimeError {
  constructor(reason) {
    super('cancelled', `the call was cancelled: ${reason}`);
    this.reason = reason;
  }
}

/** `{type, message, stack}` of whatever was thrown: an error, a string, nothing. */
export function describeError(thrown) {
  if (!isError(thrown)) {
    return {
      type: 'Error',
      message: cut(typeof thrown === 'string' ? thrown : `thrown: ${inspect(thrown)}`, maxMessage),
    };
  }
  const type = typeName(thrown);
  const stack = typeof thrown.stack === 'string' ? trimStack(thrown.stack) : undefined;
  const cause = isError(thrown.cause) ? `\n[cause] ${trimStack(String(thrown.cause.stack))}` : '';
  return {
    type,
    message: cut(String(thrown.message), maxMessage),
    ...(stack !== undefined && !(thrown instanceof RuntimeError) && { stack: cut(stack + cause, maxStack) }),
  };
}

/** Removes the runtime's own frames: they tell the user nothing. */
export function trimStack(stack) {
  return stack
    .split('\n')
    .filter((line) => !runtimeFrame.test(line))
    .join('\n');
}

/** Errors of another realm (`vm`) are no `instanceof Error`. */
function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/** `class NotFound extends Error {}` has the name `Error`, but its class says more. */
function typeName(error) {
  const name = typeof error.name === 'string' && error.name !== '' ? error.name : 'Error';
  return name === 'Error' ? error.constructor?.name || name : name;
}

function cut(text, length) {
  return text.length <= length ? text : `${text.slice(0, length)}… (cut)`;
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
