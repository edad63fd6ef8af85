// The first call of a new function while generic instances are ready: what loading the function into one costs.
import { HttpClient, serverTiming } from '../../harness/http-client.mjs';
import { percentile } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { deploy, hello, languages } from '../functions.mjs';
import { atMost, ms, section, times } from '../../harness/report.mjs';

const limits = { node: 5, python: 5, dotnet: 10 };

const note =
  'Every function has a package of its own. Before each call the pools are full. `start` is the gateway’s own figure ' +
  '(Server-Timing), `total` is what a client on a kept-alive connection waits for its answer. C# is compiled at deploy.';

export async function specialise(plan) {
  const folder = await temporaryFolder();
  const node = await VirgaNode.start(folder);
  const client = new HttpClient(node.gateway, 1);
  const results = [];
  for (const language of languages) {
    results.push({ language, ...(await firstCalls(node, client, language, plan.specialisations)) });
  }
  client.close();
  await node.stop();
  return { sections: [tableOf(results, plan)], targets: results.flatMap(targetsOf) };
}

async function firstCalls(node, client, language, functions) {
  const source = hello[language];
  // The first need of an environment makes its pool, and this call the connection.
  await deploy(node.api, `first-${language}`, source);
  await call(client, `first-${language}`);

  const names = Array.from({ length: functions }, (_, index) => `new-${language}-${index}`);
  for (const name of names) {
    await deploy(node.api, name, { ...source, text: source.copy(name) });
  }
  const [start, total] = [[], []];
  for (const name of names) {
    await node.api.poolsFull();
    const { headers, milliseconds } = await call(client, name);
    if (headers['virga-start'] !== 'cold') {
      throw new Error(`the first call of ${name} was answered by an instance that had it loaded`);
    }
    start.push(serverTiming(headers['server-timing']).start);
    total.push(milliseconds);
    await node.api.deleteFunction(name); // Ends its instance: the figures shall not depend on how many came before.
  }
  return { start, total };
}

async function call(client, name) {
  const answer = await client.send('GET', `/f/${name}`);
  if (answer.status !== 200) {
    throw new Error(`${name} answered ${answer.status}: ${answer.body}`);
  }
  return answer;
}

const tableOf = (results, plan) =>
  section({
    title: 'First call of a new function, pool warm',
    note: `${note} ${plan.specialisations} functions per language.`,
    head: ['language', 'start p50', 'start p99', 'total p50', 'total p99'],
    rows: results.map(({ language, start, total }) => [language, ...[start, total].flatMap((figures) => [0.5, 0.99].map((share) => ms(percentile(figures, share))))]),
  });

function targetsOf({ language, start }) {
  const [p50, p99] = [percentile(start, 0.5), percentile(start, 0.99)];
  return [
    atMost(`specialise ${language}, p50`, p50, limits[language], ms),
    atMost(`specialise ${language}, p99 to p50`, p99 / p50, 4, times),
  ];
}
