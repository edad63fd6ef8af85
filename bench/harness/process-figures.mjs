// What a process costs the machine, as the kernel tells it.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

const readOr = async (path, missing) => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') {
      return missing; // It has ended meanwhile.
    }
    throw error;
  }
};

const entriesOf = async (path) => {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') {
      return [];
    }
    throw error;
  }
};

/** Resident memory of one process, in bytes. */
export async function residentBytes(pid) {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'));
  return Number(match[1]) * 1024;
}

/** How many file descriptors a process has open, those of files below `exceptBelow` aside. */
export async function openDescriptors(pid, exceptBelow) {
  const folder = `/proc/${pid}/fd`;
  const targets = await Promise.all((await readdir(folder)).map((descriptor) => linkTarget(join(folder, descriptor))));
  return targets.filter((target) => target !== null && !target.startsWith(`${exceptBelow}/`)).length;
}

/** Where a link leads; null when it is gone. */
async function linkTarget(path) {
  try {
    return await readlink(path);
  } catch (error) {
    if (error.code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}

/** Process ids of all descendants. */
export async function descendants(pid) {
  const children = new Map();
  for (const { name } of await entriesOf('/proc')) {
    if (/^\d+$/.test(name)) {
      // The command, in brackets, may itself hold brackets and spaces; state and parent follow the last one.
      const parent = / (\d+)/.exec((await readOr(`/proc/${name}/stat`, '')).split(')').at(-1))?.[1];
      if (parent !== undefined) {
        children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)]);
      }
    }
  }
  const found = [];
  for (let next = [pid]; next.length > 0; ) {
    next = next.flatMap((parent) => children.get(parent) ?? []);
    found.push(...next);
  }
  return found;
}

/**
 * The folders below which a node keeps a control group per instance: one per hierarchy.
 * @param {number} pid any process in one of the node's instances
 */
export async function controlGroupRoots(pid) {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' - '))
    .filter(([, kind]) => /^cgroup2? /.test(kind ?? ''))
    .map(([mount]) => mount.split(' ')[4]);
  const groups = (await readOr(`/proc/${pid}/cgroup`, ''))
    .split('\n')
    .map((line) => /:(\/.*\/?virga\/[^/]+)\/[^/]+$/.exec(line)?.[1])
    .filter((group) => group !== undefined);
  const roots = new Set();
  for (const mount of mounts) {
    for (const group of groups) {
      // A container may have a part of the hierarchy mounted: then the path in /proc is longer than the one below the mount.
      for (const path of [group, group.slice(group.indexOf('/virga/'))]) {
        if ((await entriesOf(join(mount, path))).length > 0) {
          roots.add(join(mount, path));
        }
      }
    }
  }
  return [...roots];
}

/** How many groups lie directly below the roots. */
export async function controlGroups(roots) {
  const entries = await Promise.all(roots.map(entriesOf));
  return entries.flat().filter((entry) => entry.isDirectory()).length;
}

/** Files and folders below `folder`, at any depth. */
export async function filesBelow(folder) {
  let count = 0;
  for (const entry of await entriesOf(folder)) {
    count += 1 + (entry.isDirectory() ? await filesBelow(join(folder, entry.name)) : 0);
  }
  return count;
}
