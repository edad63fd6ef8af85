// What starting a program costs, without anything of a platform around it.
import { spawn } from 'node:child_process';

/** Starts a program and waits for its first output and its end; gives the milliseconds until the first output. */
export function timeToFirstOutput(command, args) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let first = null;
    child.stdout.once('data', () => (first = performance.now() - started));
    child.stdout.resume();
    child.on('error', reject);
    child.on('close', (code) => (first !== null && code === 0 ? resolve(first) : reject(new Error(`${command} ended with ${code}, ${first === null ? 'without' : 'with'} output`))));
  });
}
