// node server.mjs SETTINGS CERT KEY: https on a port for each setting, without resumption.
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';

const [settings, cert, key] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'));
const PEM = /-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g;

function server({ roots, crls }) {
  const options = {
    key,
    cert,
    ca: readFileSync(roots, 'utf8'),
    crl: crls ? readFileSync(crls, 'utf8').match(PEM) : undefined, // of one string, the first list alone is read
    requestCert: true,
    rejectUnauthorized: true,
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  try {
    return createServer(options, (request, response) => {
      if (!request.client.authorized) {
        response.writeHead(401);
        return response.end();
      }
      response.end('Hello\n');
    });
  } catch {
    return createTcpServer((socket) => socket.destroy()); // it does not start with this setting: nobody gets in
  }
}

for (const setting of JSON.parse(settings)) {
  server(setting).listen(setting.port, '127.0.0.1');
}
