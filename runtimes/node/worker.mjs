#!/usr/bin/env node
// The worker of the runtime `node`; the node of Virga starts it with the channel as descriptors 0 and 1.
import { loadHandler } from './loader.mjs';
import { runWorker } from './process.mjs';
import { warmUp } from './warmup.mjs';

await runWorker({ runtime: 'node', load: loadHandler, prepare: () => warmUp(loadHandler) });
