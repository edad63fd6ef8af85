// Arguments by reference: `{"$ref": "KEY"}` stands for what a key holds.

let collecting = null;

/** What `ctx.ref(key)` gives. */
export class Reference {
  constructor(key) {
    if (typeof key !== 'string' || key === '') {
      throw new TypeError('ctx.ref takes a key, which is text');
    }
    this.key = key;
  }

  toJSON() {
    collecting?.add(this.key);
    return { $ref: this.key };
  }
}

/** JSON of a value, and the keys of the references in it. */
export function toJsonWithReferences(value) {
  const keys = new Set();
  collecting = keys;
  try {
    return { json: JSON.stringify(value), keys };
  } finally {
    collecting = null;
  }
}

/** Puts values in the places of references to keys that are in `values`. */
export function replaceReferences(body, values) {
  if (body === null || typeof body !== 'object') {
    return body;
  }
  if (typeof body.$ref === 'string' && values.has(body.$ref) && Object.keys(body).length === 1) {
    return values.get(body.$ref);
  }
  for (const name of Object.keys(body)) {
    body[name] = replaceReferences(body[name], values);
  }
  return body;
}
