// Swap in compressed memory for as long as a benchmark needs it, and what the machine's memory is used for.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const dev = join(import.meta.dirname, '../../dev');

/** Whether the machine has swap, ours or another. */
export async function hasSwap() {
  return (await readFile('/proc/swaps', 'utf8')).trim().split('\n').length > 1;
}

/** Whether swap can be made here: as root, on a kernel with zram. */
export const canMakeSwap = () => process.getuid() === 0 && existsSync('/sys/class/zram-control');

/** Runs `work` while there is swap. What is made for it is removed again, also when this process is ended early; swap that was there stays. */
export async function withSwap(size, work) {
  if (await hasSwap()) {
    return work();
  }
  const off = () => execFileSync(dev, ['swap', 'off'], { stdio: 'ignore' });
  await run(dev, ['swap', 'on', size]);
  process.once('exit', off);
  try {
    return await work();
  } finally {
    process.removeListener('exit', off);
    off();
  }
}

/** Memory of the whole machine, in bytes: what programs could still have, what is swapped out, and what compressed swap takes of it. */
export async function machineMemory() {
  const text = await readFile('/proc/meminfo', 'utf8');
  const value = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)[1]) * 1024;
  let compressed = 0;
  for (const device of (await readdir('/sys/block')).filter((name) => name.startsWith('zram'))) {
    compressed += Number((await readFile(`/sys/block/${device}/mm_stat`, 'utf8')).trim().split(/\s+/)[2]);
  }
  return { available: value('MemAvailable'), swapped: value('SwapTotal') - value('SwapFree'), compressed };
}
