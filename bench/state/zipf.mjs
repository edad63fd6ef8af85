// Random keys as requests choose them: a few of them most of the time.

/** A generator of numbers from 0 on, the smaller the likelier (Zipf's law with the exponent 1), the same for the same seed. */
export function zipf(count, seed) {
  const weights = [];
  let total = 0;
  for (let rank = 1; rank <= count; rank++) {
    total += 1 / rank;
    weights.push(total);
  }
  let state = seed >>> 0 || 1;
  return () => {
    // xorshift32: chance enough for a workload.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    const at = (state / 2 ** 32) * total;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (weights[middle] < at) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
}
