// Where a job finds its identity token: the Actions runner's endpoint, and Google's metadata server.
import crypto from 'node:crypto';
import { reply, serve, target, text } from './network.mjs';
import { wishes } from './issuer.mjs';

// The audience of a token that is asked for without one.
const OWNER = 'https://github.com/example-org';
const IDENTITY = '/computeMetadata/v1/instance/service-accounts/default/identity';
const FLAVOUR = { 'metadata-flavor': 'Google' };

/**
 * `GET <url>&audience=…` with the request token as bearer, as the runner has it; 401 for any other token.
 *
 * A test may add `claims` and `lifetime` to the URL that it hands to the job.
 */
export async function startRunner(issuer) {
  const token = crypto.randomBytes(24).toString('hex');
  const url = await serve(async (request, response) => {
    const { pathname, searchParams } = target(request);
    if (request.method !== 'GET' || pathname !== '/idtoken') return reply(response, 404, { message: 'not found' });
    const [, given] = /^bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (given !== token) return reply(response, 401, { message: 'the request token is not that of this job' });
    let wish;
    try {
      wish = wishes(searchParams);
    } catch (error) {
      return reply(response, 400, { message: error.message });
    }
    const value = await issuer.token(searchParams.get('audience') ?? OWNER, wish);
    return reply(response, 200, { count: value.length, value });
  });
  return { url: `${url}/idtoken?api-version=2.0`, token };
}

/**
 * Gives a token of the machine's service account, as Google's metadata server does. GCE_METADATA_HOST names the host.
 *
 * Refused as there: a request without `Metadata-Flavor: Google` or one that was passed on (403), and one without an
 * audience (400). Without `format=full` the token has no e-mail address.
 *
 * The client builds the whole URL, so a test says beforehand what is in the tokens: `PUT /wishes` with a JSON object
 * that has `claims` (an object) and `lifetime`. An empty object takes it back.
 */
export async function startMetadata(issuer) {
  let wish = wishes({});
  const url = await serve(async (request, response) => {
    const { pathname, searchParams } = target(request);
    if (request.method === 'PUT' && pathname === '/wishes') {
      const { claims = {}, ...rest } = JSON.parse(await text(request));
      wish = wishes({ ...rest, claims: JSON.stringify(claims) });
      return reply(response, 204, '');
    }
    if (request.headers['metadata-flavor'] !== 'Google' || request.headers['x-forwarded-for']) {
      return reply(response, 403, 'Forbidden: this header is needed: Metadata-Flavor: Google\n', FLAVOUR);
    }
    if (request.method !== 'GET' || (pathname !== '/' && pathname !== IDENTITY)) {
      return reply(response, 404, 'not found\n', FLAVOUR);
    }
    if (pathname === '/') return reply(response, 200, 'computeMetadata/\n', FLAVOUR);
    const audience = searchParams.get('audience');
    if (!audience) return reply(response, 400, 'non-empty audience parameter required\n', FLAVOUR);
    const short = searchParams.get('format') === 'full' ? {} : { email: null, email_verified: null, google: null };
    const value = await issuer.token(audience, { ...wish, claims: { ...wish.claims, ...short } });
    return reply(response, 200, value, { ...FLAVOUR, 'content-type': 'text/html' });
  });
  return url.slice('http://'.length);
}
