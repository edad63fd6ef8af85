/** The smallest value that at least `share` of `values` do not exceed (nearest rank). */
export function percentile(values, share) {
  if (values.length === 0) {
    throw new RangeError('no values to take a percentile of');
  }
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

export const median = (values) => percentile(values, 0.5);
