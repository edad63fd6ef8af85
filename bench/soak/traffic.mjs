// Calls and deployments at random, reproducible from the seed up to their order in time.
import { setTimeout as delay } from 'node:timers/promises';
import { HttpClient } from '../harness/http-client.mjs';
import { deploy } from './fleet.mjs';
import { SeededRandom } from './seeded-random.mjs';

const callers = 16;
const deployEveryMs = 1000;
const mostShown = 400;

const behaviours = { hello: 880, throw: 40, exit: 25, segfault: 20, memory: 10, sleep: 15, spin: 10 };

// 429: all instances are busy with calls that never end, and the queue is full or the wait too long.
const busy = [429, 504];
const expected = {
  hello: [200, ...busy],
  throw: [500, ...busy],
  exit: [502, ...busy],
  segfault: [502, ...busy],
  // Python and .NET may see the allocation refused and raise before the kernel ends them.
  memory: [502, 500, ...busy],
  sleep: [504, 429],
  spin: [504, 429],
};
// A neighbour in the same instance crashed.
const shared = [502];
const absent = [404];

export class Traffic {
  #fleet;
  #node;
  #seed;
  #revision = 0;
  /** behaviour → status → how many */
  answers = {};
  /** What no member of the fleet should have answered. */
  surprises = [];
  deployments = 0;
  deletions = 0;

  constructor(fleet, node, seed) {
    this.#fleet = fleet;
    this.#node = node;
    this.#seed = seed;
  }

  get calls() {
    return Object.values(this.answers).flatMap(Object.values).reduce((sum, many) => sum + many, 0);
  }

  /** How much of what should simply have been answered was, from 0 to 1. */
  get answeredShare() {
    const hello = this.answers.hello;
    return (hello[200] ?? 0) / Object.values(hello).reduce((sum, many) => sum + many, 0);
  }

  /** Deploys every function, calls it and lets it fail: from then on every environment has its pool, and every function its log file. */
  async begin() {
    const client = new HttpClient(this.#node.gateway, 1);
    for (const member of this.#fleet) {
      await deploy(this.#node.api, member, this.#nextMark());
      await this.#call(client, member, 'hello');
      await this.#call(client, member, 'throw');
    }
    client.close();
  }

  /** Calls and deploys for so long; all connections are closed when it returns. */
  async run(milliseconds) {
    const end = performance.now() + milliseconds;
    const client = new HttpClient(this.#node.gateway, callers);
    try {
      await Promise.all([
        ...Array.from({ length: callers }, (_, caller) => this.#callOn(client, new SeededRandom(this.#seed + caller), end)),
        this.#redeploy(new SeededRandom(this.#seed - 1), end),
      ]);
    } finally {
      client.close();
    }
    this.#seed += callers + 1;
  }

  async #callOn(client, random, end) {
    while (performance.now() < end) {
      await this.#call(client, random.pick(this.#fleet), random.weighted(behaviours));
    }
  }

  async #call(client, member, behaviour) {
    const { status, body } = await client.send('GET', `/f/${member.name}?do=${behaviour}`);
    const answers = (this.answers[behaviour] ??= {});
    answers[status] = (answers[status] ?? 0) + 1;
    const allowed = [...expected[behaviour], ...(member.concurrency > 1 ? shared : []), ...(member.deleted ? absent : [])];
    if (!allowed.includes(status)) {
      this.surprises.push(`${member.name} ${behaviour}: ${status} ${body.toString().slice(0, mostShown)}`);
    }
  }

  async #redeploy(random, end) {
    const { api } = this.#node;
    while (performance.now() < end) {
      const member = random.pick(this.#fleet);
      if (member.deleted) {
        await api.deleteFunction(member.name);
        this.deletions++;
      }
      await deploy(api, member, this.#nextMark());
      this.deployments++;
      await delay(Math.max(0, Math.min(deployEveryMs, end - performance.now())));
    }
  }

  #nextMark() {
    return `revision ${++this.#revision} of the soak with seed ${this.#seed}`;
  }
}
