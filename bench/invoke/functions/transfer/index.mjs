// POST: counts the bytes of the body. GET ?bytes=N: sends N bytes in pieces.
const piece = Buffer.alloc(256 * 1024, 'v');

export default async function transfer(event) {
  if (event.method === 'POST') {
    let bytes = 0;
    for await (const chunk of event.stream) {
      bytes += chunk.length;
    }
    return { bytes };
  }
  return pieces(Number(event.query.bytes));
}

async function* pieces(bytes) {
  for (let left = bytes; left > 0; left -= piece.length) {
    yield piece.subarray(0, Math.min(left, piece.length));
  }
}
