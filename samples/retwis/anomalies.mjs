// Counts the anomalies that causal consistency excludes: the same conversation again and again, under lww and under causal.
// node anomalies.mjs [--rounds N] [--json] [GATEWAY]
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '200' }, json: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const gateway = positionals[0] ?? 'http://127.0.0.1:8080';
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1 || positionals.length > 1) {
  console.error('usage: node anomalies.mjs [--rounds N] [--json] [GATEWAY], such as http://127.0.0.1:8080');
  process.exit(2);
}

const run = Date.now().toString(36);
const levels = ['lww', 'causal'];
const counts = Object.fromEntries(levels.map((level) => [level, { rounds: 0, ownMissing: 0, originalMissing: 0 }]));

for (const level of levels) {
  await ready(level);
}
for (let round = 0; round < rounds; round++) {
  // In turn, so that both levels meet the same conditions.
  for (const level of levels) {
    const response = await converse(level);
    const body = await response.text();
    if (response.status !== 200) {
      throw new Error(`conversation-${level} was answered ${response.status}: ${body}`);
    }
    const { look, answer } = JSON.parse(body);
    counts[level].rounds++;
    counts[level].ownMissing += look.ownMissing ? 1 : 0;
    counts[level].originalMissing += answer.originalMissing ? 1 : 0;
  }
}
print();

// Other nodes hear of a deployment a moment later, and the first call of a function starts it.
async function ready(level) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const response = await converse(level);
    const body = await response.text();
    if (response.status === 200) {
      return;
    }
    if (Date.now() > deadline) {
      throw new Error(`conversation-${level} was answered ${response.status}: ${body}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

// A key is written under one level only: each has its own users.
function converse(level) {
  const user = (who) => `${who}_${level}_${run}`;
  return fetch(new URL(`/d/conversation-${level}`, gateway), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ada: user('ada'), bob: user('bob') }),
  });
}

function print() {
  if (values.json) {
    console.log(JSON.stringify(counts));
    return;
  }
  const row = (...cells) => console.log(cells.map((cell, index) => (index === 0 ? String(cell).padEnd(8) : String(cell).padStart(22))).join(''));
  row('level', 'rounds', 'own post missing', 'answered post missing');
  for (const level of levels) {
    const { rounds, ownMissing, originalMissing } = counts[level];
    row(level, rounds, ownMissing, originalMissing);
  }
}
