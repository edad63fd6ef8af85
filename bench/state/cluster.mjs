// Three nodes over a PostgreSQL of their own, and functions that all of them serve.
import { HttpClient } from '../harness/http-client.mjs';
import { startPostgres } from '../harness/postgres.mjs';
import { until } from '../harness/concurrency.mjs';
import { temporaryFolder, VirgaNode } from '../harness/virga-node.mjs';

export class Cluster {
  /** @param {string[]} options more options of `virga up` */
  static async start(options = [], names = ['one', 'two', 'three']) {
    const cluster = new Cluster();
    cluster.options = options;
    cluster.postgres = await startPostgres();
    cluster.folders = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await temporaryFolder()])));
    cluster.nodes = {};
    for (const name of names) {
      await cluster.resume(name);
    }
    await cluster.whole();
    return cluster;
  }

  /** Starts a node, for the first time or again. */
  async resume(name) {
    const node = await VirgaNode.start(this.folders[name], ['--cluster', this.postgres.url, '--node', name, ...this.options]);
    this.nodes[name] = { name, node, client: new HttpClient(node.gateway, 32), admin: new HttpClient(node.admin, 8) };
    return this.nodes[name];
  }

  get all() {
    return Object.values(this.nodes);
  }

  /** Waits until every node sees every other. */
  async whole() {
    for (const { name, admin } of this.all) {
      await until(`${name} sees the whole cluster`, async () => {
        const answer = await admin.send('GET', '/api/v1/nodes');
        return answer.status === 200 && JSON.parse(answer.body).items.filter(({ state = 'alive' }) => state === 'alive').length === this.all.length;
      });
    }
  }

  /** Waits until a function or DAG answers at every gateway: what is deployed at one node reaches the others by the shared metadata. */
  async serves(path, init = {}) {
    for (const { name, client } of this.all) {
      await until(`${path} is served by ${name}`, async () => (await client.send(init.method ?? 'GET', path, init)).status === 200);
    }
  }

  async stop() {
    for (const { node, client, admin } of this.all) {
      client.close();
      admin.close();
      await node.stop();
    }
    await this.postgres.stop();
  }
}
