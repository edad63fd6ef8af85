// 64 MiB through a function in either direction, beside bare node http with the same client.
import { Agent, request } from 'node:http';
import { residentBytes } from '../../harness/process-figures.mjs';
import { median } from '../../harness/statistics.mjs';
import { temporaryFolder, VirgaNode } from '../../harness/virga-node.mjs';
import { deploy, transfer as transferFunction } from '../functions.mjs';
import { startPeer } from '../peers.mjs';
import { atLeast, atMost, count, mb, section } from '../../harness/report.mjs';

const bytes = 64 * 1024 * 1024;
const piece = Buffer.alloc(256 * 1024, 'u');
const slowest = 500;
// Both directions hold 1 MiB of credit per call; the rest is the collector's leeway.
const memoryLimit = 32e6;
const sampleMs = 20;

export async function transfer(plan) {
  const folder = await temporaryFolder();
  const peer = await startPeer('node http');
  const node = await VirgaNode.start(folder);
  await deploy(node.api, 'transfer', transferFunction, { requestBody: 'stream', isolation: 'bubblewrap' });
  const servers = [
    { name: 'node http', url: `${peer.url}/transfer`, pid: peer.pid },
    { name: 'virga node', url: `${node.gateway}/f/transfer`, pid: node.pid },
  ];
  const figures = new Map();
  for (const { name, url, pid } of servers) {
    for (const [direction, run] of Object.entries({ upload, download })) {
      await run(url); // Starts the instance, opens the connection, compiles the path.
      await run(url);
      const before = await residentBytes(pid);
      const peak = await watchMemory(pid, async () => {
        const speeds = [];
        for (let index = 0; index < plan.transfers; index++) {
          speeds.push(await run(url));
        }
        figures.set(`${name} ${direction}`, { speed: median(speeds) });
      });
      figures.get(`${name} ${direction}`).growth = Math.max(0, peak - before);
    }
  }
  agent.destroy();
  await Promise.all([peer.stop(), node.stop()]);
  return report(servers, figures);
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Sends the body in pieces as fast as it is taken; MB/s until the answer is there. */
async function upload(url) {
  const started = performance.now();
  const answer = await exchange(url, 'POST', async (outgoing) => {
    for (let left = bytes; left > 0; left -= piece.length) {
      if (!outgoing.write(piece)) {
        await new Promise((resolve) => outgoing.once('drain', resolve));
      }
    }
  });
  const counted = JSON.parse(answer.text).bytes;
  if (counted !== bytes) {
    throw new Error(`${url} counted ${counted} bytes of ${bytes}`);
  }
  return megabytesPerSecond(started);
}

/** MB/s until the whole body has arrived. */
async function download(url) {
  const started = performance.now();
  const answer = await exchange(`${url}?bytes=${bytes}`, 'GET');
  if (answer.length !== bytes) {
    throw new Error(`${url} sent ${answer.length} bytes of ${bytes}`);
  }
  return megabytesPerSecond(started);
}

const megabytesPerSecond = (started) => bytes / 1e3 / (performance.now() - started);

function exchange(url, method, send) {
  return new Promise((resolve, reject) => {
    const headers = send ? { 'content-length': bytes, 'content-type': 'application/octet-stream' } : {};
    const outgoing = request(url, { method, agent, headers }, (response) => {
      let length = 0;
      let text = '';
      response.on('data', (chunk) => {
        length += chunk.length;
        if (send) {
          text += chunk;
        }
      });
      response.on('error', reject);
      response.on('end', () => (response.statusCode === 200 ? resolve({ length, text }) : reject(new Error(`${url} answered ${response.statusCode}: ${text}`))));
    });
    outgoing.on('error', reject);
    Promise.resolve(send?.(outgoing)).then(() => outgoing.end(), reject);
  });
}

/** The most resident memory that the process had while `work` ran, in bytes. */
async function watchMemory(pid, work) {
  let peak = 0;
  let failure = null;
  const sample = () => residentBytes(pid).then((resident) => (peak = Math.max(peak, resident)), (error) => (failure = error));
  const timer = setInterval(sample, sampleMs);
  try {
    await work();
    await sample();
  } finally {
    clearInterval(timer);
  }
  if (failure !== null) {
    throw failure;
  }
  return peak;
}

function report(servers, figures) {
  const row = ({ name }) => [
    name,
    ...['upload', 'download'].flatMap((direction) => {
      const { speed, growth } = figures.get(`${name} ${direction}`);
      return [`${count(speed)} MB/s`, mb(growth)];
    }),
  ];
  const ours = (direction) => figures.get(`virga node ${direction}`);
  return {
    sections: [
      section({
        title: 'A body of 64 MiB',
        note: 'The function counts the bytes of a streamed upload, or yields 256 KiB at a time; the client is node http on one connection. Memory is what the platform’s process (for the peer: the server) grew by during the transfers.',
        head: ['server', 'upload', 'memory', 'download', 'memory'],
        rows: servers.map(row),
      }),
    ],
    targets: ['upload', 'download'].flatMap((direction) => [
      atLeast(`64 MiB ${direction}`, ours(direction).speed, slowest, (speed) => `${count(speed)} MB/s`),
      atMost(`64 MiB ${direction}, growth of the node's memory`, ours(direction).growth, memoryLimit, mb),
    ]),
  };
}
