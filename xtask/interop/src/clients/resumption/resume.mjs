// Asks our server once, offers the session of an earlier run, and keeps the one it gets:
// PORT NAME VERSION CERT KEY SESSION, where CERT may be empty and SESSION be missing.
//
// Nothing is checked of the server, as by a client that means harm.
import fs from 'node:fs';
import tls from 'node:tls';

const [port, name, version, cert, key, session] = process.argv.slice(2);
const options = {
  port,
  host: '127.0.0.1',
  servername: name,
  rejectUnauthorized: false,
  minVersion: `TLSv${version}`,
  maxVersion: `TLSv${version}`,
};
if (cert) Object.assign(options, { cert: fs.readFileSync(cert), key: fs.readFileSync(key) });
if (fs.existsSync(session)) options.session = fs.readFileSync(session);

const socket = tls.connect(options);
socket.on('session', (ticket) => fs.writeFileSync(session, ticket));
socket.on('secureConnect', () => {
  console.log(`${socket.isSessionReused() ? 'Reused' : 'New'}, TLSv${version}`);
  socket.write(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
});
socket.on('data', (bytes) => process.stdout.write(bytes));
socket.on('error', (error) => {
  console.log('refused:', error.message);
  process.exitCode = 1;
});
