#!/usr/bin/env node
// The worker of the runtime `exec`: every call starts the function's executable. It is the Node worker with a handler
// of its own, so that channel, flow control, logs and cancellation are the same.
import { runWorker } from '../node/process.mjs';
import { findExecutable } from './executable.mjs';
import { createHandler } from './execution.mjs';

await runWorker({
  runtime: 'exec',
  load: async (spec) => createHandler(findExecutable(spec), spec.root),
  streamsRequests: true,
});
