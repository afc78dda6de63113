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


def field(algorithm: str, nonce: bytes, ciphertext: bytes) -> dict:
    return {"algorithm": algorithm, "ciphertext": b64(ciphertext), "nonce": b64(nonce), "key_version": "v3"}


def cbc(key: bytes, nonce: bytes, data: bytes) -> bytes:
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(nonce)).encryptor()
    return encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()


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
