import type { Context, Event } from "./virga";

interface Greeting {
  message: string;
  invocation: string;
}

export default function handler(event: Event, ctx: Context): Greeting {
  const name = event.query.name ?? "world";
  console.log(`greeting ${name}`);
  return { message: `Hello, ${name}!`, invocation: ctx.invocationId };
}
