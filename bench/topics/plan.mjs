// How much and how often everything is measured.

/** What the published figures are made with: all of it takes some ten minutes. */
export const full = {
  publish: { rounds: 3, seconds: 1.5 },
  interval: { rounds: 3, seconds: 1.5 },
  latency: { rounds: 5, seconds: 4 },
  reading: { messages: 1_000_000, rounds: 3 },
  functions: { rounds: 3, seconds: 2 },
  streams: { rounds: 3, seconds: 2 },
  recovery: { gigabytes: 10 },
  idle: { topics: 100_000 },
  timeline: { rate: 10_000, seconds: 40, stop: 10, start: 25 },
};

/** Only shows that every case works; its figures mean nothing. */
export const quick = {
  publish: { rounds: 1, seconds: 0.5 },
  interval: { rounds: 1, seconds: 0.5 },
  latency: { rounds: 1, seconds: 0.5 },
  reading: { messages: 20_000, rounds: 1 },
  functions: { rounds: 1, seconds: 0.5 },
  streams: { rounds: 1, seconds: 0.5 },
  recovery: { gigabytes: 0.1 },
  idle: { topics: 1000 },
  timeline: { rate: 2000, seconds: 4, stop: 1, start: 2.5 },
};
