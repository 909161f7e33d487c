// The logs: Trillian in memory with a CT log and Rekor v1 over it, and Rekor v2 over files.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { PASSPHRASE } from './keys.mjs';
import { HOST, accepts, get, reply, serve, target } from './network.mjs';

/** The name in Rekor v2's checkpoints. Verifiers in Go take the host of the log's URL for it, without the port. */
export const REKOR2_ORIGIN = HOST;

// What Rekor v1 answers; what needs a database of its own is left out.
const REKOR_ENDPOINTS = ['getLogInfo', 'getPublicKey', 'getLogProof', 'createLogEntry', 'getLogEntryByIndex',
  'getLogEntryByUUID', 'searchLogQuery'];

/** Starts all three; returns their URLs. */
export async function startLogs(programs, out, bin) {
  const [trillian] = await programs.start('trillian-mem', {
    ports: 1,
    words: (port) => ['-logtostderr', `-rpc_endpoint=${HOST}:${port}`],
    answers: accepts,
  });
  const tree = () => {
    const words = [`-admin_server=${HOST}:${trillian}`, '-logtostderr'];
    return execFileSync(path.join(bin, 'createtree'), words, { encoding: 'utf8', stdio: 'pipe' }).trim();
  };
  const [ctlog, rekor, rekor2] = await Promise.all([
    startCtLog(programs, out, trillian, tree()),
    startRekor(programs, out, trillian, tree()),
    startRekor2(programs, out),
  ]);
  return { ctlog, rekor, rekor2 };
}

async function startCtLog(programs, out, trillian, tree) {
  out.write('ctlog.cfg', `config {
  log_id: ${tree}
  prefix: "ctfe"
  roots_pem_file: "${out.path('fulcio-root.pem')}"
  private_key: {
    [type.googleapis.com/keyspb.PEMKeyFile] { path: "${out.path('ctlog.key')}" password: "${PASSPHRASE}" }
  }
  ext_key_usages: "CodeSigning"
  max_merge_delay_sec: 86400
  expected_merge_delay_sec: 120
}
`);
  const [port] = await programs.start('ct_server', {
    ports: 1,
    words: (free) => ['-logtostderr', `-log_config=${out.path('ctlog.cfg')}`, `-log_rpc_server=${HOST}:${trillian}`,
      `-http_endpoint=${HOST}:${free}`],
    answers: (free) => get(`http://${HOST}:${free}/ctfe/ct/v1/get-sth`),
  });
  return `http://${HOST}:${port}/ctfe`;
}

async function startRekor(programs, out, trillian, tree) {
  const [port] = await programs.start('rekor-server', {
    ports: 1,
    words: (free) => ['serve', '--port', free, '--rekor_server.address', HOST,
      '--rekor_server.hostname', 'rekor.local.test', '--rekor_server.signer', out.path('rekor.key'),
      '--trillian_log_server.address', HOST, '--trillian_log_server.port', trillian,
      '--trillian_log_server.tlog_id', tree, '--enable_retrieve_api=false', '--enabled_api_endpoints', REKOR_ENDPOINTS.join(',')],
    answers: (free) => get(`http://${HOST}:${free}/api/v1/log/publicKey`),
  });
  return `http://${HOST}:${port}`;
}

/** Rekor v2's server takes entries only. Its tiles and checkpoints are files, served by a front under the same URL. */
async function startRekor2(programs, out) {
  const storage = out.folderFor('rekor2');
  const [port] = await programs.start('rekor-tiles-posix', {
    ports: 3,
    words: (http1, grpc, metrics) => ['serve', '--http-address', HOST, '--http-port', http1, '--grpc-address', HOST,
      '--grpc-port', grpc, '--http-metrics-port', metrics, '--storage-dir', storage,
      '--signer-filepath', out.path('rekor2.key'), '--hostname', REKOR2_ORIGIN,
      '--checkpoint-interval', '200ms', '--batch-max-age', '50ms'],
    answers: (http1) => get(`http://${HOST}:${http1}/healthz`),
  });
  return serve((request, response) => {
    const [, file] = /^\/api\/v2\/(checkpoint|tile\/[\w/.]+)$/.exec(target(request).pathname) ?? [];
    return request.method === 'GET' && file && !file.includes('..')
      ? sendFile(response, path.join(storage, file)) : forward(request, response, port);
  });
}

function sendFile(response, file) {
  fs.readFile(file, (error, bytes) => {
    if (error) return reply(response, 404, 'not found\n');
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    return response.end(bytes);
  });
}

function forward(request, response, port) {
  const { method, url, headers } = request;
  const onward = http.request({ host: HOST, port, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', (error) => reply(response, 502, `${error}\n`));
  request.pipe(onward);
}

/** Serves the TUF repository in a folder, as it is at the moment of the request. */
export function serveRepository(folder) {
  return serve((request, response) => {
    const { pathname } = target(request);
    return request.method === 'GET' && /^\/(targets\/)?\w[\w.-]*$/.test(pathname)
      ? sendFile(response, path.join(folder, pathname)) : reply(response, 404, 'not found\n');
  });
}
