// The keys of the logs, and Fulcio's certificate authority: a root and an intermediate on P-384, as the public one has.
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';

// Fulcio and the CT log want their keys encrypted. The passphrase guards nothing: the keys live as long as a test.
export const PASSPHRASE = 'for a test only';

const CA = `[req]
distinguished_name=dn
prompt=no
[dn]
O=sigstore.test
[root]
basicConstraints=critical,CA:true,pathlen:1
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[intermediate]
basicConstraints=critical,CA:true,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
extendedKeyUsage=codeSigning
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
`;
const DAYS = '30';

export const sha256 = (...parts) => (
  parts.reduce((hash, part) => hash.update(part), crypto.createHash('sha256')).digest());
export const spki = (key) => key.export({ type: 'spki', format: 'der' });
/** The PEM certificates in a text. */
export const certificates = (pem) => pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

/** Writes ctlog.key, rekor.key, rekor2.key and Fulcio's files below `out`; returns the public halves. */
export function makeKeys(out) {
  const ctlog = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const rekor = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const rekor2 = crypto.generateKeyPairSync('ed25519');
  const encrypted = { type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE };
  out.write('ctlog.key', ctlog.privateKey.export(encrypted));
  out.write('rekor.key', rekor.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  out.write('rekor2.key', rekor2.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  makeAuthority(out);
  return { ctlog: ctlog.publicKey, rekor: rekor.publicKey, rekor2: rekor2.publicKey };
}

/** Writes fulcio-root.pem, fulcio-chain.pem (intermediate first) and fulcio.key (the intermediate's, encrypted). */
function makeAuthority(out) {
  const openssl = (line) => execFileSync('openssl', line.split(' '), { cwd: out.folder, stdio: 'pipe' });
  out.write('ca.cnf', CA);
  for (const name of ['root', 'intermediate']) openssl(`ecparam -name secp384r1 -genkey -noout -out ${name}.key`);
  openssl(`req -x509 -new -key root.key -sha384 -days ${DAYS} -subj /O=sigstore.test/CN=sigstore`
    + ' -config ca.cnf -extensions root -out fulcio-root.pem');
  openssl('req -new -key intermediate.key -sha384 -subj /O=sigstore.test/CN=sigstore-intermediate'
    + ' -config ca.cnf -out intermediate.csr');
  openssl(`x509 -req -in intermediate.csr -CA fulcio-root.pem -CAkey root.key -CAcreateserial -sha384 -days ${DAYS}`
    + ' -extfile ca.cnf -extensions intermediate -out intermediate.pem');
  const key = crypto.createPrivateKey(out.read('intermediate.key'));
  out.write('fulcio.key', key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE }));
  out.write('fulcio-chain.pem', out.read('intermediate.pem') + out.read('fulcio-root.pem'));
}
