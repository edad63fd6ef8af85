// An S3 server in a folder: node server.mjs FOLDER PORT BUCKET. Says "ready" when it takes requests.
import S3rver from 's3rver';

const [folder, port, bucket] = process.argv.slice(2);
const server = new S3rver({ address: '127.0.0.1', port: Number(port), silent: true, directory: folder, configureBuckets: [{ name: bucket }] });
await server.run();
console.log('ready');
