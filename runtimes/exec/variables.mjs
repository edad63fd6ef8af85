// What an executable learns of its call through the environment, in the manner of CGI.

/** @returns {Record<string, string>} the variables of one call, see README.md */
export function callEnvironment(event, ctx) {
  const variables = {
    VIRGA_METHOD: event.method,
    VIRGA_PATH: event.path,
    VIRGA_QUERY: event.queryString,
    VIRGA_TRIGGER: event.trigger,
    VIRGA_CONTENT_TYPE: event.headers['content-type'] ?? '',
    VIRGA_INVOCATION_ID: ctx.invocationId ?? '',
    VIRGA_FUNCTION: ctx.function,
    VIRGA_DEADLINE: String(ctx.deadline.getTime()),
    VIRGA_ATTEMPT: String(ctx.attempt),
    TRACEPARENT: ctx.traceparent ?? '',
  };
  for (const [name, value] of Object.entries(event.params)) {
    variables[`VIRGA_PARAM_${name}`] = value;
  }
  for (const [name, value] of Object.entries(event.headers)) {
    variables[`VIRGA_HEADER_${name.toUpperCase().replaceAll('-', '_')}`] = value;
  }
  // The kernel ends a variable at a null character, and Node refuses to pass one on.
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => !value.includes('\0')));
}
