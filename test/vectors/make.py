"""Ciphertexts made by cryptography and Tink. make.sh installs both into a folder of its own and runs this there.

Usage: python3 make.py plaintexts.json output-folder
"""

import base64
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

import tink
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV, AESSIV, AESCCM, AESOCB3, ChaCha20Poly1305
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from tink import aead, daead

plaintexts = json.loads(Path(sys.argv[1]).read_text("utf8"))
output = Path(sys.argv[2])
many = plaintexts + [plaintexts[2 + index % 5] for index in range(60)]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def write(name: str, made_by: str, vectors: list) -> None:
    lines = ",\n".join("    " + json.dumps(vector, ensure_ascii=False) for vector in vectors)
    (output / f"{name}.json").write_text(
        f'{{\n  "madeBy": {json.dumps(made_by)},\n  "vectors": [\n{lines}\n  ]\n}}\n', "utf8"
    )


def fernet() -> None:
    one = Fernet(Fernet.generate_key())
    several = MultiFernet([Fernet(Fernet.generate_key()), one])
    vectors = [
        {"variant": name, "plaintext": text, "text": used.encrypt(text.encode()).decode()}
        for name, used in (("Fernet", one), ("MultiFernet", several))
        for text in (many if used is one else plaintexts)
    ]
    write("fernet", f"cryptography {version('cryptography')}", vectors)


def field(algorithm: str, nonce: bytes | None, ciphertext: bytes, **more: str) -> dict:
    nonces = {} if nonce is None else {"nonce": b64(nonce)}
    return {"algorithm": algorithm, "ciphertext": b64(ciphertext), **nonces, "key_version": "v3", **more}


def unauthenticated(key: bytes, mode: modes.Mode, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), mode).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def cbc(key: bytes, nonce: bytes, data: bytes) -> bytes:
    padder = PKCS7(128).padder()
    return unauthenticated(key, modes.CBC(nonce), padder.update(data) + padder.finalize())


def rarer(key: bytes, siv: AESSIV) -> dict:
    """What differs from the usual in its nonce, its tag or its lengths."""
    gcm, ocb = AESGCM(key), AESOCB3(key)
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)

    def own_tag(data: bytes) -> dict:
        nonce = os.urandom(12)
        sealed = gcm.encrypt(nonce, data, None)
        return field("AES-256-GCM", nonce, sealed[:-16], tag=b64(sealed[-16:]))

    def with_nonce(name: str, size: int, encrypt):
        def make(data: bytes) -> dict:
            nonce = os.urandom(size)
            return field(name, nonce, encrypt(nonce, data))

        return make

    return {
        "AES-256-GCM, nonce of 16": with_nonce("AES-256-GCM", 16, lambda nonce, data: gcm.encrypt(nonce, data, None)),
        "AES-256-GCM, own tag": own_tag,
        "AES-256-SIV, no nonce": lambda data: field("AES-256-SIV", None, siv.encrypt(data or b"-", None)),
        "AES-256-OCB, nonce of 15": with_nonce("AES-256-OCB", 15, lambda nonce, data: ocb.encrypt(nonce, data, None)),
        "AES-256-CTR": with_nonce("AES-256-CTR", 16, lambda nonce, data: unauthenticated(key, modes.CTR(nonce), data)),
        # The other half is the counter, as in PyCryptodome.
        "AES-256-CTR, nonce of 8": with_nonce(
            "AES-256-CTR", 8, lambda nonce, data: unauthenticated(key, modes.CTR(nonce + bytes(8)), data)
        ),
        "AES-256-CFB": with_nonce("AES-256-CFB", 16, lambda nonce, data: unauthenticated(key, CFB(nonce), data)),
        "RSA-OAEP-256": lambda data: field("RSA-OAEP-256", None, pair.encrypt(data, oaep)) if len(data) <= 190 else None,
    }


def kingston() -> None:
    """The fields of Kingston's Portal, {algorithm, ciphertext, nonce, key_version}, around each algorithm."""
    key = os.urandom(32)
    ciphers = {
        "AES-256-GCM": (12, AESGCM(key).encrypt),
        "AES-128-GCM": (12, AESGCM(key[:16]).encrypt),
        "AES-256-GCM-SIV": (12, AESGCMSIV(key).encrypt),
        "AES-256-CCM": (12, AESCCM(key).encrypt),
        "AES-256-OCB": (12, AESOCB3(key).encrypt),
        "ChaCha20-Poly1305": (12, ChaCha20Poly1305(key).encrypt),
    }
    siv = AESSIV(os.urandom(64))
    vectors = []
    for name, (size, encrypt) in ciphers.items():
        for text in many if name == "AES-256-GCM" else plaintexts:
            nonce = os.urandom(size)
            vectors.append(
                {"variant": name, "plaintext": text, "json": field(name, nonce, encrypt(nonce, text.encode(), None))}
            )
    for text in plaintexts:
        nonce = os.urandom(16)
        vectors.append(
            {"variant": "AES-256-CBC", "plaintext": text, "json": field("AES-256-CBC", nonce, cbc(key, nonce, text.encode()))}
        )
        vectors.append(
            {"variant": "AES-256-SIV", "plaintext": text, "json": field("AES-256-SIV", nonce, siv.encrypt(text.encode() or b"-", [nonce]))}
        )
    vectors += [
        {"variant": variant, "plaintext": text, "json": made}
        for variant, make in rarer(key, siv).items()
        for text in plaintexts
        if (made := make(text.encode())) is not None
    ]
    write("kingston-jsonb", f"cryptography {version('cryptography')}", vectors)


def tink_aead() -> None:
    aead.register()
    daead.register()
    templates = {
        "AES256_GCM": aead.aead_key_templates.AES256_GCM,
        "AES128_EAX": aead.aead_key_templates.AES128_EAX,
        "AES256_CTR_HMAC_SHA256": aead.aead_key_templates.AES256_CTR_HMAC_SHA256,
        "XCHACHA20_POLY1305": aead.aead_key_templates.XCHACHA20_POLY1305,
    }
    vectors = []
    for name, template in templates.items():
        primitive = tink.new_keyset_handle(template).primitive(aead.Aead)
        for text in plaintexts:
            sealed = primitive.encrypt(text.encode(), b"product_owners.ni_number")
            vectors.append({"variant": name, "plaintext": text, "base64": b64(sealed)})
    siv = tink.new_keyset_handle(daead.deterministic_aead_key_templates.AES256_SIV).primitive(daead.DeterministicAead)
    for text in plaintexts:
        sealed = siv.encrypt_deterministically(text.encode(), b"product_owners.ni_number")
        vectors.append({"variant": "AES256_SIV", "plaintext": text, "base64": b64(sealed)})
    write("tink", f"tink {version('tink')}", vectors)


fernet()
kingston()
tink_aead()
