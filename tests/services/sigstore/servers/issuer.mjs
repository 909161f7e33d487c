// An OpenID Connect issuer: oauth2-mock-server (real keys, discovery, token endpoint), made as strict as a real one
// where a client could be wrong, and with a way for a test to say what is in a token.
import { AssertionError } from 'node:assert';
import crypto from 'node:crypto';
import { reply, serve, target } from './network.mjs';

const OUT_OF_BAND = 'urn:ietf:wg:oauth:2.0:oob';
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\]):\d+\//;
const SOMEBODY = 'dev@example.test';
const LIFETIME_S = 600;
// Key of a stranger, for tokens that this issuer did not sign.
const STRANGER = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });

/** Ends a request with status 400. */
const refuse = (message) => { throw new AssertionError({ message }); };

/** What a test asks to be put into a token: JSON object `claims` (null takes one out) and `lifetime` in seconds. */
export function wishes(from) {
  const read = (name) => (from instanceof URLSearchParams ? from.get(name) : from[name]) ?? undefined;
  let claims = {};
  try {
    claims = JSON.parse(read('claims') ?? '{}');
  } catch {
    refuse('claims is not JSON');
  }
  return { claims, lifetime: Number(read('lifetime') ?? LIFETIME_S), forged: read('forged') !== undefined };
}

/**
 * The issuer's endpoints: `/.well-known/openid-configuration`, `/jwks`, `/authorize`, `/token`.
 *
 * `/authorize` asks nobody and sends the browser back at once. Whoever plays the browser may add to the query:
 * `login_hint` (the user), `claims`, `lifetime`, or `error` (the user said no).
 *
 * `/token` gives out a code's token (PKCE with S256 is demanded), and besides, for tests, a token for anybody:
 * `grant_type=password&username=…`, with `claims`, `lifetime` (may be negative: expired), `audience`, and `forged`
 * (signed by a key that is not the issuer's, under its key id).
 */
export class Issuer {
  #identity;
  #issuer;
  #service;
  #logins = new Map();

  static async start({ OAuth2Issuer, OAuth2Service }, identity) {
    const self = new Issuer();
    self.#identity = identity;
    self.#issuer = new OAuth2Issuer();
    await self.#issuer.keys.generate('RS256');
    self.#service = new OAuth2Service(self.#issuer);
    self.#service.on('beforeAuthorizeRedirect', ({ url }, { query }) => {
      self.#logins.set(url.searchParams.get('code'), query);
    });
    self.#service.on('beforeTokenSigning', (token, request) => self.#fill(token, request));
    self.#service.on('beforeResponse', (response, request) => self.#finish(response, request));
    self.#issuer.url = await serve((request, response) => self.#answer(request, response));
    return self;
  }

  get url() {
    return this.#issuer.url;
  }

  /** A token, as the ambient endpoints give it out. */
  token(audience, wish, user = SOMEBODY) {
    return this.#issuer.buildToken({
      scopesOrTransform: (_header, payload) => this.#complete(payload, user, audience, wish),
    });
  }

  #complete(payload, user, audience, { claims, lifetime }) {
    const now = Math.floor(Date.now() / 1000);
    // A token that has expired was issued before that.
    const issued = Math.min(now, now + lifetime - LIFETIME_S);
    const times = lifetime > 0 ? {} : { iat: issued, nbf: issued };
    delete payload.scope;
    delete payload.amr;
    Object.assign(payload, this.#identity.claims(user), { aud: audience, exp: now + lifetime }, times, claims);
    for (const [name, value] of Object.entries(claims)) if (value === null) delete payload[name];
  }

  #answer(request, response) {
    const url = target(request);
    if (url.pathname === '/authorize') {
      const denied = this.#authorize(url);
      if (denied) return reply(response, 302, '', { location: denied });
      request.url = url.pathname + url.search;
    }
    if (url.pathname === '/code') return reply(response, 200, `${url.searchParams.get('code')}\n`);
    return this.#service.requestHandler(request, response);
  }

  /** Checks a request for a login, and gives the address for a refusal. Out of band, a page of ours shows the code. */
  #authorize({ searchParams: query }) {
    const back = query.get('redirect_uri') ?? '';
    const strict = query.get('code_challenge') && query.get('code_challenge_method') === 'S256';
    // The library answers 400 to a request that lacks its address.
    if (back !== OUT_OF_BAND && !LOOPBACK.test(back)) query.delete('redirect_uri');
    query.set('asked_redirect_uri', back);
    if (back === OUT_OF_BAND) query.set('redirect_uri', `${this.url}/code`);
    const error = query.get('error') ?? (strict ? undefined : 'invalid_request');
    if (!error || !query.has('redirect_uri')) return undefined;
    const url = new URL(query.get('redirect_uri'));
    url.searchParams.set('error', error);
    if (query.has('state')) url.searchParams.set('state', query.get('state'));
    return url.href;
  }

  #fill({ payload }, request) {
    const form = request.body;
    if (form.grant_type !== 'authorization_code') {
      return this.#complete(payload, form.username ?? SOMEBODY, form.audience ?? 'sigstore', wishes(form));
    }
    const login = this.#logins.get(form.code) ?? refuse('invalid_grant: no such code');
    const [, basic] = /^basic (.*)$/i.exec(request.headers.authorization ?? '') ?? [];
    const client = basic ? decodeURIComponent(Buffer.from(basic, 'base64').toString().split(':')[0]) : form.client_id;
    if (!form.code_verifier) refuse('invalid_grant: no code_verifier');
    if (client !== login.client_id) refuse('invalid_client: the code was given to another client');
    if (form.redirect_uri !== login.asked_redirect_uri) refuse('invalid_grant: another redirect_uri');
    return this.#complete(payload, login.login_hint ?? SOMEBODY, client, wishes(login));
  }

  #finish(response, request) {
    this.#logins.delete(request.body.code);
    if (!wishes(request.body).forged) return;
    for (const name of ['access_token', 'id_token']) {
      if (response.body[name]) response.body[name] = signedByStranger(response.body[name]);
    }
  }
}

function signedByStranger(token) {
  const signed = token.split('.').slice(0, 2).join('.');
  return `${signed}.${crypto.sign('RSA-SHA256', Buffer.from(signed), STRANGER.privateKey).toString('base64url')}`;
}
