// What must not grow, and by how much it may differ after a quiet period.
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { controlGroupRoots, controlGroups, descendants, filesBelow, openDescriptors, residentBytes } from './process-figures.mjs';

const settleLimitMs = 90_000;
const settleStepMs = 1000;

/** Each figure with what it may exceed its baseline by, and why so much. */
export const bounds = {
  // The collector gives memory back late, and caches of metrics and metadata fill up to their limits.
  memory: { what: 'resident memory of the node', slack: 64e6, show: (bytes) => `${(bytes / 1e6).toFixed(1)} MB` },
  // Kept-alive connections of the control client.
  descriptors: { what: 'open file descriptors of the node, without logs', slack: 8, show: String },
  processes: { what: 'processes below the node', slack: 0, show: String },
  controlGroups: { what: 'control groups', slack: 0, show: String },
  files: { what: 'temporary files', slack: 0, show: String },
};

export class Figures {
  #node;
  #folder;
  #groupRoots;

  constructor(node, folder, groupRoots) {
    this.#node = node;
    this.#folder = folder;
    this.#groupRoots = groupRoots;
  }

  /** To be called while the node has workers: their groups tell where all its groups are. */
  static async open(node, folder) {
    const roots = await Promise.all((await descendants(node.pid)).map(controlGroupRoots));
    return new Figures(node, folder, [...new Set(roots.flat())]);
  }

  /** Whether the node limits its workers by control groups here. */
  get hasControlGroups() {
    return this.#groupRoots.length > 0;
  }

  async read() {
    const { pid, data } = this.#node;
    const temporary = [join(data, 'scratch'), join(data, 'packages/incoming'), join(this.#folder, 'tmp')];
    const [memory, descriptors, processes, groups, files] = await Promise.all([
      residentBytes(pid),
      // A function's log is opened at its first line and kept open, up to the store's limit.
      openDescriptors(pid, join(data, 'logs')),
      descendants(pid),
      controlGroups(this.#groupRoots),
      Promise.all(temporary.map(filesBelow)),
    ]);
    return { memory, descriptors, processes: processes.length, controlGroups: groups, files: files.reduce((sum, many) => sum + many) };
  }

  /** Reads until nothing is above its bound, or for a minute and a half. */
  async settle(baseline) {
    const limit = performance.now() + settleLimitMs;
    for (;;) {
      const figures = await this.read();
      if (exceeded(baseline, figures).length === 0 || performance.now() > limit) {
        return figures;
      }
      await delay(settleStepMs);
    }
  }
}

/** Names of the figures that are above their bounds. */
export function exceeded(baseline, figures) {
  return Object.keys(bounds).filter((name) => figures[name] > baseline[name] + bounds[name].slack);
}
