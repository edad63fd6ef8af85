// From `virga fn deploy Hello.cs` to the first answer: the command line's own start, the compilation and the first call.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpClient } from '../../harness/http-client.mjs';
import { median } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { hello } from '../functions.mjs';
import { atMost, ms, section } from '../../harness/report.mjs';

const limitMs = 1500;

export async function compile({ compilations }) {
  const cold = [];
  const warm = [];
  for (let start = 0; start < compilations.cold; start++) {
    const folder = await temporaryFolder();
    const node = await VirgaNode.start(folder);
    cold.push(await deployAndCall(node, folder, 'first'));
    if (start === compilations.cold - 1) {
      for (let index = 0; index < compilations.warm; index++) {
        warm.push(await deployAndCall(node, folder, `next-${index}`));
      }
    }
    await node.stop();
  }
  const row = (name, figures) => [name, ...['deployMs', 'callMs', 'totalMs'].map((part) => ms(median(figures.map((figure) => figure[part]))))];
  return {
    sections: [
      section({
        title: 'C# source, deploy to first answer',
        note: '`virga fn deploy` as a process of its own, then one call; every source is new. Cold: nothing was compiled since the node started, and the pool is empty. Medians.',
        head: ['compiler', 'deploy', 'first call', 'together'],
        rows: [row('cold', cold), row('warm', warm)],
      }),
    ],
    targets: [
      atMost('C# deploy to first answer, compiler cold', median(cold.map((figure) => figure.totalMs)), limitMs, ms),
      atMost('C# deploy to first answer, compiler warm', median(warm.map((figure) => figure.totalMs)), limitMs, ms),
    ],
  };
}

async function deployAndCall(node, folder, name) {
  const source = join(folder, hello.dotnet.file);
  await writeFile(source, hello.dotnet.copy(name));
  const client = new HttpClient(node.gateway, 1);
  const started = performance.now();
  await node.cli('fn', 'deploy', source, '--name', name, '--env', 'dotnet');
  const deployed = performance.now();
  const answer = await client.send('GET', `/f/${name}`);
  const answered = performance.now();
  client.close();
  if (answer.status !== 200) {
    throw new Error(`${name} answered ${answer.status}: ${answer.body}`);
  }
  return { deployMs: deployed - started, callMs: answered - deployed, totalMs: answered - started };
}
