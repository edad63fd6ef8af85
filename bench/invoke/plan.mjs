// How long and how often everything is measured.

/** What the published figures are made with: all of it takes under ten minutes. */
export const full = {
  rounds: 3,
  warmUpSeconds: 5,
  rewarmSeconds: 1,
  measureSeconds: 4,
  specialisations: 60,
  compilations: { cold: 3, warm: 5 },
  starts: 5,
  settleMs: 5000,
  deployed: 10_000,
  transfers: 5,
};

/** Only shows that every case works; its figures mean nothing. */
export const quick = {
  rounds: 1,
  warmUpSeconds: 1,
  rewarmSeconds: 1,
  measureSeconds: 1,
  specialisations: 3,
  compilations: { cold: 1, warm: 1 },
  starts: 1,
  settleMs: 500,
  deployed: 100,
  transfers: 1,
};
