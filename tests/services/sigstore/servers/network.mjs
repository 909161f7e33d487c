// Sockets on the loopback: free ports for the programs, small HTTP servers for what is served here.
import http from 'node:http';
import net from 'node:net';

export const HOST = '127.0.0.1';

// Below the range that systems give to outgoing connections, so that none of those takes a port in between.
const LOWEST = 15_000;
const HIGHEST = 32_000;

/** Ports on which nothing listens. All are held until the last is found, so that no two are the same. */
export async function freePorts(count) {
  const held = [];
  while (held.length < count) {
    const server = net.createServer();
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await new Promise((answer) => {
      server.once('error', () => answer(false));
      server.listen(port, HOST, () => answer(true));
    })) held.push([server, port]);
  }
  await Promise.all(held.map(([server]) => new Promise((closed) => { server.close(closed); })));
  return held.map(([, port]) => port);
}

/** Whether something accepts connections. */
export function accepts(port) {
  return new Promise((answer) => {
    const socket = net.connect(port, HOST, () => { socket.end(); answer(true); });
    socket.on('error', () => answer(false));
  });
}

/** The answer to a GET, or an error where it is not a success. */
export async function get(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer;
}

/** Serves a handler on a port that the system chooses; the URL has no slash at its end. */
export async function serve(handler) {
  const server = http.createServer((request, response) => {
    Promise.resolve(handler(request, response)).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise((listening, failed) => { server.once('error', failed).listen(0, HOST, listening); });
  return `http://${HOST}:${server.address().port}`;
}

/** The path and the query of a request. */
export const target = (request) => new URL(request.url, `http://${HOST}`);

export function reply(response, status, body, headers = {}) {
  const json = typeof body !== 'string';
  response.writeHead(status, { 'content-type': json ? 'application/json' : 'text/plain', ...headers });
  response.end(json ? JSON.stringify(body) : body);
}

/** The whole body of a request, which comes from a test and is short. */
export async function text(request) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return body;
}
