// Takes file descriptors 0 and 1 away from user code.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';

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

/** `open` returns the lowest free descriptor, which is 1 once 1 is closed. */
function pointStandardOutputAtStandardError() {
  closeSync(1);
  let descriptor;
  try {
    descriptor = openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_APPEND);
  } catch {
    // Standard error is a socket, or belongs to another user: it cannot be opened a second time.
    descriptor = openSync('/dev/null', constants.O_WRONLY);
  }
  if (descriptor !== 1) {
    throw new Error(`descriptor 1 could not be replaced: got ${descriptor}`);
  }
}
