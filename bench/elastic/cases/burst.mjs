// From nothing to 50 calls of one function at the same moment.
import { HttpClient } from '../../harness/http-client.mjs';
import { atMost, ms, section } from '../../harness/report.mjs';
import { median, percentile } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { call, deploy, hello, pause } from '../functions.mjs';

const limitMs = 500;
const handlers = { 'answers at once': hello, 'waits 20 ms': pause };

export async function burst({ bursts, calls }) {
  const node = await VirgaNode.start(await temporaryFolder());
  const client = new HttpClient(node.gateway, calls);
  const kinds = ['node', 'python'].flatMap((language) => Object.entries(handlers).flatMap(([does, sources]) => [1, 10].map((concurrency) => ({ language, does, source: sources[language], concurrency, waits: [], starts: [], slowest: [] }))));
  // Makes the pools, and the client's connections.
  for (const { language, source } of kinds) {
    await deploy(node.api, `first-${language}`, source, { maxInstances: calls });
    await Promise.all(Array.from({ length: calls }, () => call(client, `first-${language}`)));
    await node.api.deleteFunction(`first-${language}`);
  }
  for (let index = 0; index < bursts; index++) {
    for (const [which, kind] of kinds.entries()) {
      const name = `burst-${which}-${index}`;
      await deploy(node.api, name, kind.source, { maxInstances: calls, concurrency: kind.concurrency });
      await node.api.poolsFull();
      const answers = await Promise.all(Array.from({ length: calls }, () => call(client, name)));
      const waits = answers.map(({ firstByte }) => firstByte);
      kind.waits.push(...waits);
      kind.slowest.push(Math.max(...waits));
      kind.starts.push((await node.api.instances(name)).length);
      await node.api.deleteFunction(name);
    }
  }
  client.close();
  await node.stop();
  return {
    figures: kinds.map(({ source, ...figures }) => figures),
    sections: [
      section({
        title: `A burst from 0 to ${calls} calls`,
        note:
          `${calls} calls of one function within the same turn of the client’s event loop, on connections that are open; no instance has the function, the environment’s pool is full (3 generic instances). ` +
          `${bursts} bursts each, a new function every time; up to ${calls} instances are allowed. \`instances\` is the median number right after the burst.`,
        head: ['language', 'the function', 'calls per instance', 'p50', 'p99', 'slowest of all', 'within 500 ms', 'instances'],
        rows: kinds.map(({ language, does, concurrency, waits, slowest, starts }) => [
          language,
          does,
          String(concurrency),
          ms(median(waits)),
          ms(percentile(waits, 0.99)),
          ms(Math.max(...slowest)),
          `${((waits.filter((wait) => wait <= limitMs).length / waits.length) * 100).toFixed(1)} %`,
          String(median(starts)),
        ]),
      }),
    ],
    targets: kinds.map(({ language, does, concurrency, waits }) => atMost(`burst of ${calls}, ${language}, ${does}, ${concurrency} per instance, p99`, percentile(waits, 0.99), limitMs, ms)),
  };
}
