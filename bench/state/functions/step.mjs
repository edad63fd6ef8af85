// One step of a composition: takes a number, gives the next.
export const handler = (event) => ({ x: (event.body?.x ?? 20) + 1 });
