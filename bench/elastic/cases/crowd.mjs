// A hundred functions, none of which has an instance, called within one second.
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../harness/concurrency.mjs';
import { HttpClient } from '../../harness/http-client.mjs';
import { atMost, ms, section } from '../../harness/report.mjs';
import { median, percentile } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { call, deploy, hello } from '../functions.mjs';

const withinMs = 1000;
const limitMs = 2000;
const mixes = { node: ['node'], python: ['python'], 'node, python and dotnet': ['node', 'python', 'dotnet'] };

export async function crowd({ rounds, functions }) {
  const node = await VirgaNode.start(await temporaryFolder());
  const client = new HttpClient(node.gateway, functions);
  for (const language of Object.keys(hello)) {
    await deploy(node.api, `first-${language}`, hello[language]);
    await call(client, `first-${language}`);
    await node.api.deleteFunction(`first-${language}`);
  }
  const results = Object.entries(mixes).map(([mix, languages]) => ({ mix, languages, waits: [], refused: 0 }));
  for (let round = 0; round < rounds; round++) {
    for (const result of results) {
      const names = Array.from({ length: functions }, (_, index) => `crowd-${round}-${result.languages.length}-${result.languages[0]}-${index}`);
      for (const [index, name] of names.entries()) {
        await deploy(node.api, name, hello[result.languages[index % result.languages.length]]);
      }
      await node.api.poolsFull();
      const answers = await Promise.all(
        names.map(async (name, index) => {
          await delay((index * withinMs) / functions);
          return client.send('GET', `/f/${name}`);
        }),
      );
      result.refused += answers.filter(({ status }) => status !== 200).length;
      result.waits.push(...answers.map(({ firstByte }) => firstByte));
      for (const name of names) {
        await node.api.deleteFunction(name);
      }
      await until('the instances have ended', async () => (await node.api.activity()).functions.every(({ instances }) => instances.busy + instances.idle + instances.frozen + instances.starting === 0));
    }
  }
  client.close();
  await node.stop();
  return {
    figures: results,
    sections: [
      section({
        title: `${functions} cold functions within a second`,
        note: `One call each, evenly spread over ${withinMs / 1000} s; the usual pools are full, ${rounds} rounds. \`not 200\` counts every other answer.`,
        head: ['functions', 'p50', 'p99', 'slowest', 'not 200'],
        rows: results.map(({ mix, waits, refused }) => [mix, ms(median(waits)), ms(percentile(waits, 0.99)), ms(Math.max(...waits)), String(refused)]),
      }),
    ],
    targets: results.flatMap(({ mix, waits, refused }) => [
      atMost(`${functions} cold functions in a second, ${mix}, p99`, percentile(waits, 0.99), limitMs, ms),
      atMost(`${functions} cold functions in a second, ${mix}, not answered`, refused, 0, String),
    ]),
  };
}
