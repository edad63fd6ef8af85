// Its initialisation computes for three seconds, as parsing a model or compiling rules would.
import { setTimeout as delay } from 'node:timers/promises';

const initialisationMs = 3000;

const table = new Uint32Array(1 << 20);
const end = performance.now() + initialisationMs;
for (let round = 1; performance.now() < end; round++) {
  for (let index = 0; index < 4096; index++) {
    const place = (round * 4096 + index) % table.length;
    table[place] = Math.imul(table[place] + index, 2654435761) + round;
  }
}

export default async (event) => {
  if (event.query.ms) {
    await delay(Number(event.query.ms));
  }
  return { checksum: table[4097] };
};
