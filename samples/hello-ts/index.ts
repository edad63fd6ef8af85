import type { Context, Event } from '../../runtimes/node/virga';

interface Greeting {
  hello: string;
  from: string;
}

export default function hello(event: Event, ctx: Context): Greeting {
  return { hello: event.query.name ?? 'world', from: `${ctx.function}, version ${ctx.version}` };
}
