// The server that `functions-framework` starts, but on the loopback address only; its CLI listens on every address.
const functions = require('@google-cloud/functions-framework');
const { getTestServer } = require('@google-cloud/functions-framework/testing');

functions.http('hello', (request, response) => response.json({ hello: 'world' }));
getTestServer('hello').listen(Number(process.env.PORT), '127.0.0.1').setTimeout(0);
