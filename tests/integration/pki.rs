//! Certificates made by OpenSSL: CAs and signers of every shape, good ones and spoilt ones.

use std::path::PathBuf;
use std::process::Output;

use crate::openssl::OpenSsl;
use crate::support::{Fixture, run};

/// A folder of keys and certificates: `NAME.key.pem` and `NAME.pem`.
pub(crate) struct Pki<'a> {
    pub(crate) fixture: &'a Fixture,
    pub(crate) openssl: OpenSsl,
}

/// A certificate that OpenSSL is asked for. Tests start from [`ROOT`], [`INTERMEDIATE`] or [`LEAF`] and spoil fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draft<'a> {
    /// The common name, and the name of its files.
    pub(crate) name: &'a str,
    /// The name of the issuer; its own for a self-signed certificate.
    pub(crate) issuer: &'a str,
    /// The options of `openssl genpkey` that make its key.
    pub(crate) key: &'a str,
    /// The lines of its extensions, separated by `|`.
    pub(crate) extensions: &'a str,
    /// Its first and last moment, as `openssl ca` wants them.
    pub(crate) validity: (&'a str, &'a str),
    /// Options of `openssl ca` for the signature.
    pub(crate) signing: &'a str,
}

pub(crate) const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
pub(crate) const P384: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384";
pub(crate) const P521: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-521";
pub(crate) const RSA: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";
pub(crate) const ED25519: &str = "-algorithm ed25519";

/// The extensions of a CA.
pub(crate) const CA: &str = "basicConstraints=critical,CA:TRUE|keyUsage=critical,keyCertSign,cRLSign";
/// The extensions of a signer.
pub(crate) const SIGNER: &str = "basicConstraints=critical,CA:FALSE|keyUsage=critical,digitalSignature";

/// Good whenever these tests may run.
pub(crate) const ALWAYS: (&str, &str) = ("20200101000000Z", "20480101000000Z");
pub(crate) const PAST: (&str, &str) = ("20200101000000Z", "20210101000000Z");
pub(crate) const FUTURE: (&str, &str) = ("20470101000000Z", "20480101000000Z");

pub(crate) const ROOT: Draft<'_> =
    Draft { name: "root", issuer: "root", key: P256, extensions: CA, validity: ALWAYS, signing: "-md sha256" };
pub(crate) const INTERMEDIATE: Draft<'_> = Draft { name: "intermediate", ..ROOT };
pub(crate) const LEAF: Draft<'_> = Draft { name: "leaf", issuer: "intermediate", extensions: SIGNER, ..ROOT };

impl<'a> Pki<'a> {
    /// An empty folder of certificates beside the fixture's model; `None` where there is no OpenSSL.
    pub(crate) fn new(fixture: &'a Fixture) -> Option<Self> {
        let openssl = OpenSsl::find(&fixture.path(""))?;
        openssl.write("index.txt", "");
        openssl.write("ca.cnf", CONFIGURATION);
        Some(Self { fixture, openssl })
    }

    /// Root, intermediate and leaf, all of them good.
    pub(crate) fn usual(fixture: &'a Fixture) -> Option<Self> {
        let pki = Self::new(fixture)?;
        for draft in [ROOT, INTERMEDIATE, LEAF] {
            pki.issue(&draft);
        }
        Some(pki)
    }

    /// Makes a key and its certificate; the issuer must be there already.
    pub(crate) fn issue(&self, draft: &Draft<'_>) {
        let Draft { name, key, .. } = draft;
        self.openssl.run(&format!("genpkey {key} -out {name}.key.pem"));
        self.certify(draft);
    }

    /// Makes another certificate for the key `NAME.key.pem`.
    pub(crate) fn certify(&self, draft: &Draft<'_>) {
        let Draft { name, issuer, extensions, validity: (start, end), signing, .. } = draft;
        self.openssl.write(&format!("{name}.ext"), extensions.replace('|', "\n"));
        self.openssl.run(&format!("req -new -key {name}.key.pem -subj /CN={name} -out {name}.csr"));
        let by = if issuer == name { "-selfsign".to_owned() } else { format!("-cert {issuer}.pem") };
        self.openssl.run(&format!(
            "ca -config ca.cnf -batch -notext -in {name}.csr -out {name}.pem -keyfile {issuer}.key.pem {by} \
             -extfile {name}.ext -startdate {start} -enddate {end} {signing}"
        ));
    }

    /// Signs the model with the key and certificate of this name, sending these certificates along.
    pub(crate) fn sign(&self, name: &str, chain: &[&str]) -> Output {
        let key = self.openssl.path(&format!("{name}.key.pem"));
        let mut words: Vec<PathBuf> =
            ["--format", "json", "sign", "certificate", "--private-key"].map(Into::into).into();
        words.extend([key, "--signing-certificate".into(), self.path(name)]);
        words.extend(chain.iter().flat_map(|name| ["--certificate-chain".into(), self.path(name)]));
        words.extend(["--signature".into(), self.fixture.signature(), self.fixture.model()]);
        run(words)
    }

    /// Verifies the model, trusting these certificates, with more words.
    pub(crate) fn verify(&self, trusted: &[&str], more: &[&str]) -> Output {
        let mut words: Vec<PathBuf> = ["--format", "json", "verify", "certificate"].map(Into::into).into();
        words.extend(more.iter().map(Into::into));
        words.extend(trusted.iter().flat_map(|name| ["--certificate-chain".into(), self.path(name)]));
        words.extend(["--signature".into(), self.fixture.signature(), self.fixture.model()]);
        run(words)
    }

    /// The certificate of this name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.openssl.path(&format!("{name}.pem"))
    }

    /// Its SHA-256 fingerprint as OpenSSL prints it.
    pub(crate) fn fingerprint(&self, name: &str) -> String {
        let text = self.openssl.run(&format!("x509 -in {name}.pem -noout -fingerprint -sha256"));
        text.trim().split_once('=').expect("name and value").1.to_owned()
    }
}

const CONFIGURATION: &str = "\
[ca]
default_ca = test
[test]
database = index.txt
new_certs_dir = .
rand_serial = yes
unique_subject = no
policy = any
[any]
commonName = supplied
";
