// A user's value as it is stored and sent: one byte that says what it is, then its content.

export const Tag = Object.freeze({ bytes: 0, json: 1, text: 2 });

/** Greatest value, in bytes. */
export const maxValue = 16 * 1024 * 1024;

/** @param {ByteWriter} out @param value any value: text and bytes as they are, everything else as its JSON */
export function writeValue(out, value) {
  if (typeof value === 'string') {
    writeText(out, Tag.text, value);
  } else if (value instanceof Uint8Array) {
    out.varint(value.byteLength + 1);
    out.byte(Tag.bytes);
    out.raw(value);
  } else if (value instanceof ArrayBuffer) {
    writeValue(out, new Uint8Array(value));
  } else {
    const json = JSON.stringify(value);
    if (json === undefined) {
      throw new TypeError(`a value of type ${typeof value} has no JSON form and cannot be stored or sent`);
    }
    writeText(out, Tag.json, json);
  }
}

function writeText(out, tag, text) {
  const size = Buffer.byteLength(text);
  out.varint(size + 1);
  out.byte(tag);
  out.rawText(text, size);
}

/** The value of a tag and a content. `shared` hands out bytes in the memory that they came in. */
export function decodeValue(encoded, shared) {
  switch (encoded[0]) {
    case Tag.json:
      return JSON.parse(encoded.utf8Slice(1, encoded.length));
    case Tag.text:
      return encoded.utf8Slice(1, encoded.length);
    default:
      return shared ? encoded.subarray(1) : Buffer.from(encoded.subarray(1));
  }
}

/** Whether decoding gives memory that a user could change. */
export function isMutable(encoded) {
  return encoded[0] !== Tag.text;
}
