// What an instance occupies and whether it runs, as the kernel tells it of its control group and its processes.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { descendants } from './process-figures.mjs';

/**
 * The memory of the control group that a process is in, without pages of files, in bytes: what its processes hold in RAM themselves,
 * page tables and stacks of the kernel included. Memory in swap does not count. Null where groups are not accounted.
 */
export async function groupResidentBytes(pid) {
  const folder = await memoryGroup(pid);
  if (folder === null) {
    return null;
  }
  const used = await readFirst(['memory.usage_in_bytes', 'memory.current'].map((file) => join(folder, file)));
  const statistics = await readFile(join(folder, 'memory.stat'), 'utf8');
  const files = ['active_file', 'inactive_file'].map((name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(statistics)?.[1] ?? 0));
  return Math.max(0, Number(used) - files[0] - files[1]);
}

/** Resident memory of a process and its descendants, summed, in bytes: `all` as VmRSS has it, pages of files that others share included; `own` without them. */
export async function treeResidentBytes(pid) {
  const statuses = await Promise.all([pid, ...(await descendants(pid))].map((process) => readFirst([`/proc/${process}/status`])));
  const sum = (name) => statuses.reduce((total, status) => total + Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024, 0);
  return { all: sum('VmRSS'), own: sum('RssAnon') + sum('RssShmem') };
}

/** CPU time that all threads of a process and of its descendants have used, in nanoseconds, as the scheduler counts it. */
export async function treeCpuNanoseconds(pid) {
  let total = 0n;
  for (const process of [pid, ...(await descendants(pid))]) {
    for (const thread of await readdir(`/proc/${process}/task`)) {
      total += BigInt((await readFirst([`/proc/${process}/task/${thread}/schedstat`])).split(' ')[0] || 0);
    }
  }
  return total;
}

async function memoryGroup(pid) {
  const group = /^(?:\d+:memory|0:):(\/.*)$/m.exec(await readFirst([`/proc/${pid}/cgroup`]))?.[1];
  const mount = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' - '))
    .find(([, kind]) => /^cgroup .*\bmemory\b|^cgroup2 /.test(kind ?? ''))?.[0]
    .split(' ')[4];
  if (group === undefined || mount === undefined) {
    return null;
  }
  // A container may have a part of the hierarchy mounted: then the path in /proc is longer than the one below the mount.
  for (const path of [group, group.slice(group.indexOf('/virga/'))]) {
    if ((await readFirst([join(mount, path, 'memory.stat')])) !== '') {
      return join(mount, path);
    }
  }
  return null;
}

/** The content of the first file that is there; empty when none is. */
async function readFirst(paths) {
  for (const path of paths) {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') {
        throw error;
      }
    }
  }
  return '';
}
