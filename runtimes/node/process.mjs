// Ties an instance to this process: descriptors, prints, uncaught errors, exit.
import { writeSync } from 'node:fs';
import { Channel, Kind, ProtocolError } from './channel.mjs';
import { takeChannelDescriptors } from './descriptors.mjs';
import { describeError } from './errors.mjs';
import { Instance } from './instance.mjs';
import { Logs } from './logs.mjs';
import { offerHooks } from './snapshot.mjs';

const crashed = 1;

/**
 * Runs a worker until the node ends it.
 * @param {object} options
 * @param {string} options.runtime its name in HELLO
 * @param {(spec: object) => Promise<Function>} options.load finds the handler
 * @param {boolean} [options.streamsRequests] see Instance
 * @param {() => Promise<void>} [options.prepare] runs before HELLO
 */
export async function runWorker({ runtime, load, streamsRequests, prepare }) {
  const descriptors = takeChannelDescriptors();
  // The real one: user code may replace process.exit, the end of the worker must not depend on it.
  const exit = process.exit.bind(process);
  const instance = new Instance({ load, exit, streamsRequests });
  offerHooks();
  await prepare?.();
  const channel = new Channel(descriptors, {
    onFrame: (kind, call, header, body) => instance.receive(kind, call, header, body),
    onClosed: (error) => exit(error instanceof ProtocolError ? reportProtocolError(error) : 0),
  });
  const logs = new Logs(channel);
  instance.connect(channel, logs);
  logs.captureProcess();
  process.on('exit', () => {
    logs.flush();
    channel.flush();
  });
  // Ctrl-C in a terminal reaches the node's whole process group; the node decides when its workers end.
  process.on('SIGINT', () => {});
  // Also gets unhandled rejections: Node raises them as uncaught exceptions.
  process.on('uncaughtException', (error, origin) => {
    const { type, message, stack } = describeError(error);
    const what = origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception';
    logs.write(logs.scope.current, 'error', `${what}: ${stack ?? `${type}: ${message}`}`);
    instance.failOpenCalls(error);
    channel.drain(() => exit(crashed));
  });
  channel.send(Kind.hello, 0, JSON.stringify({ protocol: 1, runtime, version: process.versions.node }));
}

/** The channel cannot carry the message any more. */
function reportProtocolError(error) {
  writeSync(2, `protocol error: ${error.message}\n`);
  return crashed;
}
