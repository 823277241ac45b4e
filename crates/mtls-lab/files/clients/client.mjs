// Asks a server that requires client certificates, with Node alone: once with PEM files, once with a .p12 bundle.
//
// Run, in lab/:    node clients/client.mjs [URL]              (default https://localhost:8443/)
// Other files:     MTLS_CA, MTLS_CERT and MTLS_KEY, MTLS_P12 and MTLS_P12_PASSWORD in the environment
// Ends with 1 and one line on stderr if the server refuses, or its certificate does not lead to MTLS_CA.

import { readFileSync } from 'node:fs';
import { get } from 'node:https';

const url = process.argv[2] ?? 'https://localhost:8443/';
const file = (name, otherwise) => readFileSync(process.env[name] ?? otherwise);

function ask(identity) {
  const options = {
    ca: file('MTLS_CA', 'same-ca/ca.crt'), // replaces the public roots
    ...identity,
    agent: false, // a connection of its own, so that each identity is really presented
    autoSelectFamily: true, // Node 18 would try ::1 alone for localhost
    timeout: 10_000,
  };
  return new Promise((resolve, reject) => {
    const request = get(url, options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => { body += chunk; });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`HTTP status ${response.statusCode}`));
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
    // In TLS 1.3 a refusal can arrive after the handshake is done: it is an error of the request all the same.
    request.on('error', reject);
  });
}

try {
  process.stdout.write(await ask({
    cert: file('MTLS_CERT', 'same-ca/client.crt'),
    key: file('MTLS_KEY', 'same-ca/client.key'),
  }));
  process.stdout.write(await ask({
    pfx: file('MTLS_P12', 'same-ca/client.p12'),
    passphrase: process.env.MTLS_P12_PASSWORD ?? 'MyP12Passw0rd', // the lab's
  }));
} catch (error) {
  console.error(`refused: ${error.message.trim().replace(/\s+/g, ' ')}`);
  process.exitCode = 1;
}
