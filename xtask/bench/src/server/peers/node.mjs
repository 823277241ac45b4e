// node node.mjs PORT CERTS WORKERS TICKETS HTTP2: the recipe's server; the last two are true or false.
import cluster from 'node:cluster';
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';

const [port, certs, workers, tickets, http2] = process.argv.slice(2);

if (+workers > 1 && cluster.isPrimary) {
  for (let i = 0; i < +workers; i += 1) cluster.fork();
} else {
  serve();
}

function serve() {
  const file = (name) => readFileSync(`${certs}/${name}`);
  const create = http2 === 'true' ? createSecureServer : createServer;
  const server = create(
    {
      key: file('server.key'),
      cert: file('server.crt'),
      ca: file('ca.crt'),
      requestCert: true,
      rejectUnauthorized: true,
      secureOptions: tickets === 'true' ? 0 : constants.SSL_OP_NO_TICKET,
    },
    (request, response) => {
      const certificate = request.socket.getPeerCertificate(true); // on every request, as the recipe does
      if (!request.socket.authorized) {
        response.writeHead(401);
        return response.end('Client certificate required or invalid');
      }
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.end(`Hello ${certificate.subject.CN || 'client'}\n`);
    },
  );
  server.keepAliveTimeout = 3600e3;
  server.listen(+port, '127.0.0.1', 4096);
}
