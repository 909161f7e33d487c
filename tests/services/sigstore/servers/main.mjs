// Starts every service in the order in which they need each other, and writes for clients, below --out:
//
//   trusted_root.json   signing_config*.json   trust_config*.json   (see trust.mjs)
//   tuf-root.json   what a TUF client starts from; tuf/ is what is served, tuf-private/ its keys (see ../tuf_repo.py)
//   urls.json       the line that is printed when all is ready
//   env             the same as shell variables
//   logs/           what each program said
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { startMetadata, startRunner } from './ambient.mjs';
import { startFulcio, startTimestamps } from './authorities.mjs';
import { Folder } from './folder.mjs';
import { IDENTITIES } from './identities.mjs';
import { Issuer } from './issuer.mjs';
import { makeKeys } from './keys.mjs';
import { serveRepository, startLogs } from './logs.mjs';
import { Programs } from './programs.mjs';
import { trustedRoot, writeTrust } from './trust.mjs';

const PARENT_POLL_MS = 200;
const LIBRARY = 'npm/node_modules/oauth2-mock-server/dist/index.mjs';
const SERVERS = [
  'fulcio', 'rekor-server', 'rekor-tiles-posix', 'timestamp-server', 'ct_server', 'trillian-mem', 'createtree',
];

const { values: options } = parseArgs({
  options: {
    cache: { type: 'string' }, out: { type: 'string' }, python: { type: 'string' }, parent: { type: 'string' },
  },
});
let programs;

async function end(code, message) {
  if (message) console.error(`sigstore/start: ${message}`);
  await programs?.stop();
  process.exit(code);
}

process.on('SIGINT', () => end(0));
process.on('SIGTERM', () => end(0));
process.on('uncaughtException', (error) => end(1, error.stack));
// Who started us may be killed without a chance to say so.
setInterval(() => { if (process.ppid !== Number(options.parent)) end(0); }, PARENT_POLL_MS).unref();

async function main() {
  if (!options.out) throw new Error('--out is missing');
  const cache = path.resolve(options.cache);
  const bin = path.join(cache, 'bin');
  const python = options.python ?? path.join(cache, 'python/bin/python');
  const missing = SERVERS.filter((name) => !fs.existsSync(path.join(bin, name)));
  if (missing.length) {
    throw new Error(`${missing.join(', ')}: not in ${bin}: run tests/services/sigstore/build ${cache}`);
  }
  const library = await import(pathToFileURL(path.join(cache, LIBRARY)).href);
  const out = Folder.make(options.out);
  programs = new Programs(bin, out.folder, (message) => end(1, message));

  const keys = makeKeys(out);
  const [issuers, logs, tsa] = await Promise.all([
    startIssuers(library), startLogs(programs, out, bin), startTimestamps(programs),
  ]);
  const [fulcio, runner, metadata] = await Promise.all([
    startFulcio(programs, out, logs.ctlog, issuers), startRunner(issuers.github), startMetadata(issuers.google),
  ]);
  const urls = { fulcio, ...logs, tsa, issuers: mapped(issuers, ({ url }) => url), runner, metadata, out: out.folder };
  writeTrust(out, urls, await trustedRoot(out, urls, keys));
  urls.tuf = await startRepository(out, python);
  out.write('urls.json', urls);
  out.write('env', environment(out, urls));
  console.log(JSON.stringify(urls));
}

async function startIssuers(library) {
  const start = async ([name, identity]) => [name, await Issuer.start(library, identity)];
  return Object.fromEntries(await Promise.all(Object.entries(IDENTITIES).map(start)));
}

async function startRepository(out, python) {
  const script = fileURLToPath(new URL('../tuf_repo.py', import.meta.url));
  await promisify(execFile)(python, [script, out.folder, 'create', out.path('trusted_root.json'),
    `${out.path('signing_config.json')}=signing_config.v0.2.json`]);
  fs.copyFileSync(out.path('tuf/1.root.json'), out.path('tuf-root.json'));
  return serveRepository(out.path('tuf'));
}

function environment(out, urls) {
  const variables = {
    ACTIONS_ID_TOKEN_REQUEST_URL: urls.runner.url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: urls.runner.token,
    GCE_METADATA_HOST: urls.metadata,
    SIGSTORE_TRUST_CONFIG: out.path('trust_config.json'),
    SIGSTORE_TRUSTED_ROOT: out.path('trusted_root.json'),
    SIGSTORE_SIGNING_CONFIG: out.path('signing_config.json'),
    SIGSTORE_OIDC_ISSUER: urls.issuers.email,
    SIGSTORE_GITHUB_ISSUER: urls.issuers.github,
    SIGSTORE_TUF_URL: urls.tuf,
  };
  return Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`).join('');
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}

// What we say ourselves is enough; anything else is a mistake here.
main().catch((error) => end(1, error.name === 'Error' ? error.message : error.stack));
