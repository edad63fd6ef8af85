import { readFileSync } from 'node:fs';

const microsecondsPerTick = 10_000;

/** CPU time, user and system, that a process has used; in steps of 10 ms. */
export function cpuMicroseconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * microsecondsPerTick;
}
