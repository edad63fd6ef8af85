// Many topics that nobody uses.
import { setTimeout as delay } from 'node:timers/promises';
import { atMost, count, mb, section } from '../../harness/report.mjs';
import { residentBytes } from '../../harness/process-figures.mjs';
import { temporaryFolder } from '../../harness/virga-node.mjs';
import { load } from '../load.mjs';
import { startVirga } from '../servers.mjs';

const settleMs = 45_000;

export async function idle({ topics }) {
  const folder = await temporaryFolder();
  const first = await startVirga('interval', [], folder);
  const before = await residentBytes(first.pid);
  const made = await load('topics', { port: first.port, count: topics });
  // Nobody uses them: they leave the memory, a round of upkeep (10 s) and some seconds later.
  const full = await residentBytes(first.pid);
  await delay(settleMs);
  const after = await residentBytes(first.pid);
  await first.stop();
  const again = await startVirga('interval', [], folder);
  const restarted = await residentBytes(again.pid);
  await again.stop();
  return {
    sections: [
      section({
        title: 'Idle topics',
        note: `${count(topics)} topics, each made by a producer that publishes one message and goes. Resident memory of the node (VmRSS): when the last one is made, ${settleMs / 1000} s later, and after a restart.`,
        head: ['node without topics', 'when they were made', 'then', 'after a restart', 'made at', 'ready after'],
        rows: [[mb(before), mb(full), mb(after), mb(restarted), `${count(made.perSecond)}/s`, `${Math.round(again.node.startMs)} ms`]],
      }),
    ],
    targets: [
      atMost(`memory for ${count(topics)} idle topics`, after - before, 200e6, mb),
      atMost('the same, after a restart', restarted - before, 200e6, mb),
    ],
    figures: { before, full, after, restarted, made, startMs: again.node.startMs },
  };
}
