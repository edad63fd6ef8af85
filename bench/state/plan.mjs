// How many and how often everything is measured.

/** What the published figures are made with: all of it takes some ten minutes. */
export const full = {
  get: { rounds: 5, count: 10_000 },
  put: { rounds: 5, count: 10_000, syncs: 500 },
  store: { seconds: 5 },
  compose: { rounds: 3, seconds: 3 },
  locality: { rounds: 3, count: 20, sizes: [80_000, 800_000, 8_000_000] },
  consistency: { rounds: 3, seconds: 4, audits: 2000 },
  propagation: { updates: 400 },
  recovery: { kills: 3, callers: 8 },
};

/** Only shows that every case works; its figures mean nothing. */
export const quick = {
  get: { rounds: 1, count: 500 },
  put: { rounds: 1, count: 500, syncs: 50 },
  store: { seconds: 1 },
  compose: { rounds: 1, seconds: 1 },
  locality: { rounds: 1, count: 3, sizes: [80_000, 800_000] },
  consistency: { rounds: 1, seconds: 1, audits: 100 },
  propagation: { updates: 20 },
  recovery: { kills: 1, callers: 4 },
};
