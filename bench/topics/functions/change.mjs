// Gives each message back with a member more: a message alone as its value, several as a list.
const changed = (value) => ({ ...value, seen: true });

export const handler = (event) => (Array.isArray(event.body) ? event.body.map(({ value }) => changed(value)) : changed(event.body));
