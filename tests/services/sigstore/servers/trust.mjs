// What a client is given: the trusted root, and signing configurations that name one set of services or another.
import { certificates, sha256, spki } from './keys.mjs';
import { REKOR2_ORIGIN } from './logs.mjs';
import { get } from './network.mjs';

// Some time ago, so that a client whose clock is behind by minutes still trusts what was just made.
const SINCE = { start: new Date(Date.now() - 24 * 3_600_000).toISOString() };
const base64 = (bytes) => Buffer.from(bytes).toString('base64');

/** The trusted root of the running services. */
export async function trustedRoot(out, urls, keys) {
  const raw = spki(keys.rekor2).subarray(-32);
  // The id of a v2 log is that of its checkpoints' key (C2SP signed-note): name, line feed, kind of key, key.
  const rekor2Id = sha256(REKOR2_ORIGIN, '\n', Buffer.from([1]), raw);
  const timestamps = certificates(await (await get(`${urls.tsa}/certchain`)).text());
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [
      log(urls.rekor, keys.rekor, 'PKIX_ECDSA_P256_SHA_256', sha256(spki(keys.rekor))),
      log(urls.rekor2, keys.rekor2, 'PKIX_ED25519', rekor2Id),
    ],
    certificateAuthorities: [authority(urls.fulcio, certificates(out.read('fulcio-chain.pem')))],
    ctlogs: [log(urls.ctlog, keys.ctlog, 'PKIX_ECDSA_P256_SHA_256', sha256(spki(keys.ctlog)))],
    timestampAuthorities: [authority(urls.tsa, timestamps)],
  };
}

/**
 * Writes trusted_root.json, and per choice of services signing_config*.json and trust_config*.json (both in one file):
 *
 * - no suffix: Rekor v2 first, then v1; a timestamp authority
 * - `_v1`, `_v2`: one of the two Rekors
 * - `_no_tsa`: Rekor v1 and no timestamp authority, neither to ask nor to trust
 */
export function writeTrust(out, urls, root) {
  const [v1, v2, tsa] = [service(urls.rekor, 1), service(urls.rekor2, 2), service(urls.tsa, 1)];
  out.write('trusted_root.json', root);
  write(out, '', signingConfig(urls, [v2, v1], [tsa]), root);
  write(out, '_v1', signingConfig(urls, [v1], [tsa]), root);
  write(out, '_v2', signingConfig(urls, [v2], [tsa]), root);
  write(out, '_no_tsa', signingConfig(urls, [v1], []), { ...root, timestampAuthorities: [] });
}

function write(out, suffix, config, root) {
  out.write(`signing_config${suffix}.json`, config);
  out.write(`trust_config${suffix}.json`, {
    mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json', trustedRoot: root, signingConfig: config,
  });
}

function signingConfig(urls, rekorTlogUrls, tsaUrls) {
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service(urls.fulcio, 1)],
    oidcUrls: [service(urls.issuers.email, 1)],
    rekorTlogUrls,
    rekorTlogConfig: { selector: 'ANY' },
    tsaUrls,
    tsaConfig: { selector: 'ANY' },
  };
}

function service(url, majorApiVersion) {
  return { url, majorApiVersion, validFor: SINCE, operator: 'sigstore.test' };
}

function authority(uri, pems) {
  const rawBytes = (pem) => pem.replace(/-----[^-]+-----|\s/g, '');
  return {
    subject: { organization: 'sigstore.test', commonName: 'sigstore' },
    uri,
    certChain: { certificates: pems.map((pem) => ({ rawBytes: rawBytes(pem) })) },
    validFor: SINCE,
  };
}

function log(baseUrl, key, keyDetails, id) {
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: base64(spki(key)), keyDetails, validFor: SINCE },
    logId: { keyId: base64(id) },
  };
}
