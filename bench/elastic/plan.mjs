// How many and how often everything is measured.

/** What the published figures are made with: all of it takes some ten minutes. */
export const full = {
  thaw: { perLanguage: 25, rounds: 4, holders: 3 },
  snapshot: { restores: 100, coldStarts: 3, scaleOuts: 2 },
  cold: { starts: 100, servers: 20 },
  burst: { bursts: 6, calls: 50 },
  crowd: { rounds: 3, functions: 100 },
  rotation: { functions: 1000, seconds: 90 },
  density: { functions: 5000, frozen: 300 },
  timeline: { scale: 1 },
};

/** Only shows that every case works; its figures mean nothing. */
export const quick = {
  thaw: { perLanguage: 2, rounds: 1, holders: 1 },
  snapshot: { restores: 4, coldStarts: 1, scaleOuts: 1 },
  cold: { starts: 4, servers: 2 },
  burst: { bursts: 1, calls: 50 },
  crowd: { rounds: 1, functions: 20 },
  rotation: { functions: 40, seconds: 10 },
  density: { functions: 200, frozen: 10 },
  timeline: { scale: 0.25 },
};
