// Publishes and consumes with a stock client: node client.mjs HOST:PORT. For each subscription type it prints one line of JSON that says who got what.
import pulsar from 'pulsar-flex';

const discoveryServers = [process.argv[2]];
const logLevel = pulsar.logLevel.ERROR;
const logCreator = () => ({ log }) => console.error(JSON.stringify(log));
const patience = 20_000;
const singles = 40;
const batched = 20;

const types = { exclusive: 1, shared: 2, failover: 2, keyShared: 2 };
const numbers = pulsar.Consumer.SUB_TYPES;
const typeOf = { exclusive: numbers.EXCLUSIVE, shared: numbers.SHARED, failover: numbers.FAILOVER, keyShared: numbers.KEY_SHARED };

async function run(type, count) {
  const topic = `persistent://public/default/flex-${type}`;
  const got = Array.from({ length: count }, () => []);
  const again = [];
  let missing = singles + batched;
  let done;
  const all = new Promise(resolve => { done = resolve; });

  const consumers = [];
  for (let i = 0; i < count; i++) {
    const consumer = new pulsar.Consumer({ discoveryServers, topic, subscription: 's', subType: typeOf[type], consumerName: `consumer-${i}`, receiveQueueSize: 10, logLevel, logCreator });
    await consumer.subscribe();
    await consumer.run({
      autoAck: false,
      onMessage: async ({ message, properties, ack, redeliveryCount }) => {
        const text = message.toString();
        if (type === 'shared' && text === 'message 7' && redeliveryCount === 0) {
          await ack({ type: pulsar.Consumer.ACK_TYPES.NEGATIVE });
          return;
        }

        if (redeliveryCount > 0) {
          again.push(text);
        }

        got[i].push(properties.place === undefined ? text : `${text} at ${properties.place}`);
        await ack();
        if (--missing === 0) {
          done();
        }
      },
    });
    consumers.push(consumer);
  }

  const producer = new pulsar.Producer({ discoveryServers, topic, logLevel, logCreator });
  await producer.create();
  for (let i = 0; i < singles; i++) {
    await producer.sendMessage({ payload: `message ${i}`, properties: { place: `${i}` } });
  }

  await producer.sendBatch({ messages: Array.from({ length: batched }, (_, i) => ({ payload: `batched ${i}`, properties: { place: `${i}` } })) });
  const timer = setTimeout(() => done('late'), patience);
  const isLate = await all === 'late';
  clearTimeout(timer);
  await producer.close();
  for (const consumer of consumers) {
    await consumer.unsubscribe();
  }

  console.log(JSON.stringify({ type, isLate, got, again }));
}

await Promise.all(Object.entries(types).map(([type, count]) => run(type, count)));
process.exit(0);
