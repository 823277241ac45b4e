// node node.mjs PORT CERTS: the recipe's server, without resumption.
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [port, certs] = process.argv.slice(2);
const file = (name) => readFileSync(`${certs}/${name}`);
const server = createServer(
  {
    key: file('server.key'),
    cert: file('server.crt'),
    ca: file('ca.crt'),
    requestCert: true,
    rejectUnauthorized: true,
    secureOptions: constants.SSL_OP_NO_TICKET,
  },
  (request, response) => {
    const certificate = request.socket.getPeerCertificate(true); // on every request, as the recipe does
    if (!request.client.authorized) {
      response.writeHead(401);
      return response.end('Client certificate required or invalid');
    }
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    response.end(`Hello ${certificate.subject.CN || 'client'}\n`);
  },
);
server.keepAliveTimeout = 3600e3;
server.listen(+port, '127.0.0.1', 4096);
