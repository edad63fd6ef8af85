export default function hello(event) {
  return { hello: event.query.name ?? 'world' };
}
