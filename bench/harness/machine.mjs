// What the figures were measured on.
import { execFile } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export async function describeMachine() {
  const system = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0].model.trim()}, ${cpus().length} cores, ${memory} GB, ${system}, Linux ${release()}`;
}

/** The first line that a program prints about its version. */
export async function versionOf(command, ...args) {
  const { stdout } = await run(command, args);
  return stdout.trim().split('\n')[0];
}

/** The Python that functions run with, whatever other is on the PATH. */
export const python = '/usr/bin/python3';

/** What benchmarks and nodes run on. */
export async function runtimeVersions() {
  return [`node ${process.version}`, `.NET ${await versionOf('dotnet', '--version')}`];
}

/** The commit under measurement, marked when the work tree differs from it. */
export async function commit() {
  const { stdout } = await run('git', ['describe', '--always', '--dirty', '--exclude=*'], { cwd: import.meta.dirname });
  return stdout.trim();
}

/** Has everything written to disk that waits for it, so that nobody is measured while another's data is written back. */
export async function settleDisk() {
  await run('sync');
}
