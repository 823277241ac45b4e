// Node HTTPS server that accepts only clients with a certificate of same-ca/ca.crt. No packages needed.
//
// Run, in lab/:   node servers/server.mjs
// Try, in lab/:   curl --cacert same-ca/ca.crt --cert same-ca/client.crt --key same-ca/client.key https://localhost:8443/
// Other port:     PORT=9443 node servers/server.mjs
//
// Good to know: Node accepts a client certificate that names no extended key usage at all.

import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const port = Number(process.env.PORT ?? 8443);

const server = createServer({
  // What this server presents.
  cert: readFileSync('same-ca/server.crt'),
  key: readFileSync('same-ca/server.key'),
  // Whom it accepts. With a CA of its own for clients: different-ca/client-ca.crt and client-ca.crl.
  ca: readFileSync('same-ca/ca.crt'),
  crl: readFileSync('same-ca/ca.crl'),
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
  // A resumed session skips verification: a client revoked since would still get in.
  secureOptions: constants.SSL_OP_NO_TICKET,
}, (req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  res.end(`Hello ${clients.get(req.socket)}\n`);
});

// The certificate is looked at once for each connection. Asking for it again at each request, above all for the
// whole chain with getPeerCertificate(true), costs two thirds of the throughput.
const clients = new WeakMap();
server.on('secureConnection', (socket) => {
  clients.set(socket, socket.getPeerCertificate().subject.CN);
});

server.listen(port, '127.0.0.1', () => console.log(`listening on https://127.0.0.1:${port}`));
