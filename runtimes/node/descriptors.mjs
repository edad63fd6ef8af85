// Takes file descriptors 0 and 1 away from user code.
import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';

/**
 * Returns the channel's descriptors and points descriptor 1 at standard error, so that what user code or its child
 * processes write to it becomes log lines instead of broken frames.
 *
 * Node cannot duplicate a descriptor. One socket as 0 and 1 (what the node of Virga gives) needs none: 0 carries both
 * directions. A pipe at 1 is opened anew through /proc, which the sandbox's user may not be allowed to do; then 1
 * stays the channel.
 */
export function takeChannelDescriptors() {
  if (isSameFile(0, 1)) {
    pointStandardOutputAtStandardError();
    return { input: 0, output: 0 };
  }
  let output;
  try {
    output = openSync('/proc/self/fd/1', constants.O_WRONLY);
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'ENXIO' && error.code !== 'ENOENT') {
      throw error;
    }
    return { input: 0, output: 1 };
  }
  pointStandardOutputAtStandardError();
  return { input: 0, output };
}

function isSameFile(left, right) {
  const a = fstatSync(left);
  const b = fstatSync(right);
  return a.dev === b.dev && a.ino === b.ino;
}

/**
 * Points descriptor 1 at standard error. `open` returns the lowest free descriptor, which is 1 once 1 is closed, unless another thread of
 * Node's own opens something at that moment; that one lets it go soon.
 * @throws {Error} it was not let go.
 */
export function pointStandardOutputAtStandardError() {
  const target = canOpenStandardError() ? ['/proc/self/fd/2', constants.O_WRONLY | constants.O_APPEND] : ['/dev/null', constants.O_WRONLY];
  const pause = new Int32Array(new SharedArrayBuffer(4));
  closeSync(1);
  for (let attempts = 0; attempts < 1000; attempts++) {
    const descriptor = openSync(...target);
    if (descriptor === 1) {
      return;
    }
    closeSync(descriptor);
    Atomics.wait(pause, 0, 0, 1);
  }
  throw new Error(`descriptor 1 could not be replaced: something else has opened ${readlinkSync('/proc/self/fd/1')} as 1`);
}

// It may be a socket, or belong to another user.
function canOpenStandardError() {
  try {
    closeSync(openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_APPEND));
    return true;
  } catch {
    return false;
  }
}
