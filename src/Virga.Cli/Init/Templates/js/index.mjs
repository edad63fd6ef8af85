export default function handler(event, ctx) {
  const name = event.query.name ?? "world";
  console.log(`greeting ${name}`);
  return { message: `Hello, ${name}!`, invocation: ctx.invocationId };
}
