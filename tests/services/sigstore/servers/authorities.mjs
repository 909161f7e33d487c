// Fulcio, which gives out certificates, and the timestamp authority.
import crypto from 'node:crypto';
import { IDENTITIES, PROVIDERS } from './identities.mjs';
import { PASSPHRASE } from './keys.mjs';
import { HOST, get } from './network.mjs';

/** Starts the timestamp authority with a key and a chain of its own. */
export async function startTimestamps(programs) {
  const [port] = await programs.start('timestamp-server', {
    ports: 1,
    words: (free) => ['serve', '--host', HOST, '--port', free, '--timestamp-signer', 'memory', '--use-http-201',
      '--disable-ntp-monitoring'],
    answers: (free) => get(`http://${HOST}:${free}/ping`),
  });
  return `http://${HOST}:${port}/api/v1/timestamp`;
}

/** Starts Fulcio, which asks every issuer for its keys at once. */
export async function startFulcio(programs, out, ctlog, issuers) {
  const entries = Object.entries(issuers).map(([name, { url }]) => (
    [url, { IssuerURL: url, ClientID: 'sigstore', ...IDENTITIES[name].fulcio }]));
  out.write('fulcio.json', { OIDCIssuers: Object.fromEntries(entries), CIIssuerMetadata: PROVIDERS });
  // Fulcio talks to itself over this socket. It has no file, so the folder's name may be as long as it likes.
  const socket = `@local-fulcio-${crypto.randomBytes(8).toString('hex')}`;
  const [port] = await programs.start('fulcio', {
    ports: 3,
    words: (free, grpc, metrics) => ['serve', '--host', HOST, '--port', free, '--grpc-host', HOST, '--grpc-port', grpc,
      '--metrics-port', metrics, '--ca', 'fileca', '--fileca-cert', out.path('fulcio-chain.pem'),
      '--fileca-key', out.path('fulcio.key'), '--fileca-key-passwd', PASSPHRASE, '--fileca-watch=false',
      '--ct-log-url', ctlog, '--config-path', out.path('fulcio.json'), '--legacy-unix-domain-socket', socket],
    answers: (free) => get(`http://${HOST}:${free}/healthz`),
  });
  return `http://${HOST}:${port}`;
}
