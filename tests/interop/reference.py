"""The reference tool through its Python API: no start of an interpreter for each call."""

import hashlib
import pathlib

import model_signing
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
import datetime

CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}
# Its own name for BLAKE2b.
ALGORITHMS = {"sha256": "sha256", "blake2b": "blake2", "blake3": "blake3"}


def hashing(algorithm: str, shard_size: int | None, links: bool, ignore: list[pathlib.Path], git: bool):
    config = model_signing.hashing.Config()
    name = ALGORITHMS[algorithm]
    if shard_size:
        config.use_shard_serialization(hashing_algorithm=name, shard_size=shard_size, allow_symlinks=links)
    else:
        config.use_file_serialization(hashing_algorithm=name, allow_symlinks=links)
    # Without this call hashing forgets what the serialization was told of links.
    return config.set_ignored_paths(paths=ignore, ignore_git_paths=git).set_allow_symlinks(links)


def sign(model: pathlib.Path, signature: pathlib.Path, signer: dict, config) -> None:
    signing = model_signing.signing.Config()
    if "certificate" in signer:
        signing.use_certificate_signer(
            private_key=signer["key"], signing_certificate=signer["certificate"], certificate_chain=[signer["chain"]]
        )
    else:
        signing.use_elliptic_key_signer(private_key=signer["key"])
    signing.set_hashing_config(config).sign(model, signature)


def verify(model: pathlib.Path, signature: pathlib.Path, signer: dict, config) -> str | None:
    """None, or why it refuses."""
    verifying = model_signing.verifying.Config()
    if "certificate" in signer:
        verifying.use_certificate_verifier(certificate_chain=[signer["chain"]])
    else:
        verifying.use_elliptic_key_verifier(public_key=signer["public"])
    try:
        verifying.set_hashing_config(config).verify(model, signature)
    except Exception as error:  # it has no errors of its own
        return f"{type(error).__name__}: {error}"[:200]
    return None


def digest(model: pathlib.Path, config) -> tuple[str, list[str]]:
    """The root digest in its own order, and the names in that order."""
    manifest = config.hash(model)
    root = hashlib.sha256()
    names = []
    for descriptor in manifest.resource_descriptors():
        root.update(descriptor.digest.digest_value)
        names.append(descriptor.identifier)
    return root.hexdigest(), names


def make_signers(folder: pathlib.Path) -> list[dict]:
    """One key a curve, and for each a certificate under an EC or RSA root with an intermediate."""
    signers = []
    for name, curve in CURVES.items():
        key = ec.generate_private_key(curve())
        paths = {"name": name, "key": folder / f"{name}.pem", "public": folder / f"{name}.pub.pem"}
        paths["key"].write_bytes(pem(key))
        public = serialization.PublicFormat.SubjectPublicKeyInfo
        paths["public"].write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, public))
        signers.append(paths)
        root_key = rsa.generate_private_key(65537, 2048) if name == "p384" else ec.generate_private_key(curve())
        middle_key = ec.generate_private_key(ec.SECP256R1())
        root = certificate("root", "root", root_key.public_key(), root_key, ca=True)
        middle = certificate("middle", "root", middle_key.public_key(), root_key, ca=True)
        leaf = certificate("signer", "middle", key.public_key(), middle_key, ca=False)
        files = {"certificate": [leaf], "chain": [middle, root]}
        more = {kind: folder / f"{name}.{kind}.pem" for kind in files}
        for kind, certificates in files.items():
            encoded = (each.public_bytes(serialization.Encoding.PEM) for each in certificates)
            more[kind].write_bytes(b"".join(encoded))
        signers.append({**paths, **more, "name": f"{name} certificate"})
    return signers


def pem(key) -> bytes:
    private = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())


def certificate(subject: str, issuer: str, key, signer, *, ca: bool, expired: bool = False) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.timezone.utc)
    usage = {
        field: False for field in (
            "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only",
            "decipher_only",
        )
    }
    builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
    builder = builder.not_valid_after(now + datetime.timedelta(minutes=-1 if expired else 60 * 24))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    key_usage = x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, **usage)
    return builder.add_extension(key_usage, critical=True).sign(signer, hashes.SHA256())
