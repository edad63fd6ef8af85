// How many ways there are to write n as a sum. The table takes seconds to make; clones of the snapshot have it already.
import { randomUUID } from 'node:crypto';

const greatest = 100_000;
const began = performance.now();
const partitions = countPartitions(greatest);
console.log(`the table up to ${greatest} took ${Math.round(performance.now() - began)} ms`);

// All clones begin with the value that the snapshot has: the hook renews it. Outside of Virga there is no such hook.
let instance = randomUUID();
globalThis.virga?.onRestore(() => {
  instance = randomUUID();
});

export default function handler(event) {
  const n = Number(event.params.n);
  if (!Number.isInteger(n) || n < 0 || n > greatest) {
    return { status: 400, body: { error: `n must be a whole number from 0 to ${greatest}` } };
  }
  return { n, partitions: partitions[n].toString(), instance };
}

// Euler's recurrence over the generalised pentagonal numbers: p(n) = p(n-1) + p(n-2) - p(n-5) - p(n-7) + …
function countPartitions(limit) {
  const counts = [1n];
  for (let n = 1; n <= limit; n++) {
    let sum = 0n;
    for (let k = 1, pentagonal = 1; pentagonal <= n; k++, pentagonal = (k * (3 * k - 1)) / 2) {
      const other = pentagonal + k;
      const both = counts[n - pentagonal] + (other <= n ? counts[n - other] : 0n);
      sum += k % 2 === 1 ? both : -both;
    }
    counts.push(sum);
  }
  return counts;
}
