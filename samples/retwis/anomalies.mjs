// Provokes and counts the anomaly that causal consistency excludes: an answer is shown, and the post that it answers is not.
// node anomalies.mjs [--rounds N] GATEWAY...   one gateway per node of a cluster, such as http://127.0.0.1:8080
import { parseArgs } from 'node:util';

const { values, positionals: gateways } = parseArgs({ options: { rounds: { type: 'string', default: '500' } }, allowPositionals: true });
if (gateways.length === 0) {
  console.error('Say where the nodes serve functions: node anomalies.mjs http://127.0.0.1:8080 http://127.0.0.1:8081');
  process.exit(2);
}

const run = `r${process.pid}`;
const [writer, answerer, reader] = [0, 1, 2].map((index) => gateways[index % gateways.length]);
const counts = { rounds: 0, timelines: 0, missing: 0 };
await send(reader, 'follow', { user: `${run}_reader`, whom: `${run}_bob` });
await send(reader, 'follow', { user: `${run}_reader`, whom: `${run}_ada` });

for (let round = 0; round < Number(values.rounds); round++) {
  // Ada posts at one node; Bob, who has read it, answers at another; meanwhile Cleo, who follows both, looks at a third.
  const original = await send(writer, 'post', { user: `${run}_ada`, text: `question ${round}` });
  let answered = false;
  const answering = answer(original.id).then(() => (answered = true));
  do {
    const { missing } = await get(reader, `timeline?user=${run}_reader`);
    counts.timelines++;
    counts.missing += missing > 0 ? 1 : 0;
  } while (!answered);
  await answering;
  counts.rounds++;
}
console.log(JSON.stringify(counts));

// The post may not have arrived at the answering node yet: Bob looks again until it has.
async function answer(replyTo) {
  for (;;) {
    const response = await fetch(`${answerer}/retwis/post`, json({ user: `${run}_bob`, text: 'an answer', replyTo }));
    if (response.status === 200) {
      return response.json();
    }
    if (response.status !== 400) {
      throw new Error(`post was answered ${response.status}: ${await response.text()}`);
    }
    await response.arrayBuffer();
  }
}

async function send(gateway, action, body) {
  const response = await fetch(`${gateway}/retwis/${action}`, json(body));
  return read(response, action);
}

async function get(gateway, path) {
  return read(await fetch(`${gateway}/retwis/${path}`), path);
}

async function read(response, what) {
  if (response.status !== 200) {
    throw new Error(`${what} was answered ${response.status}: ${await response.text()}`);
  }
  return response.json();
}

function json(body) {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
