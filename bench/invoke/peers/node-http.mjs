// Bare node:http, the floor under everything that runs on Node: a JSON greeting, and bodies counted or sent in pieces.
import { createServer } from 'node:http';

const piece = Buffer.alloc(256 * 1024, 'v');

const server = createServer(async (request, response) => {
  if (request.url === '/') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ hello: 'world' }));
  } else if (request.method === 'POST') {
    let bytes = 0;
    for await (const chunk of request) {
      bytes += chunk.length;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ bytes }));
  } else {
    const bytes = Number(new URL(request.url, 'http://localhost').searchParams.get('bytes'));
    response.setHeader('content-type', 'application/octet-stream');
    for (let left = bytes; left > 0; left -= piece.length) {
      if (!response.write(piece.subarray(0, Math.min(left, piece.length)))) {
        await new Promise((resolve) => response.once('drain', resolve));
      }
    }
    response.end();
  }
});
server.listen(Number(process.env.PORT), '127.0.0.1');
