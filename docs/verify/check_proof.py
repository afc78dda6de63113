#!/usr/bin/env python3
"""Checks a document of `kop audit prove` with Python's standard library and openssl, and nothing of ours.

    python3 check_proof.py 4711.proof.json published.vkey
"""
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile


def sha256(data):
    return hashlib.sha256(data).digest()


def signed_by(note, vkey):
    """A C2SP signed note: a text, an empty line, and signature lines of the form `— name base64(key id, signature)`."""
    name, key_id, material = vkey.split("+", 2)
    key = base64.b64decode(material)
    assert key[0] == 1 and len(key) == 33, "not an Ed25519 key"
    assert sha256(name.encode() + b"\n" + key)[:4].hex() == key_id, "the key does not fit its id"
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        _, signer, blob = line.split(" ")
        blob = base64.b64decode(blob)
        if signer == name and blob[:4].hex() == key_id:
            return text, openssl_verifies(key[1:], text.encode(), blob[4:])
    return text, False


def openssl_verifies(public_key, data, signature):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, part) for part in ("key.der", "data", "signature")]
        # What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
        contents = (bytes.fromhex("302a300506032b6570032100") + public_key, data, signature)
        for path, content in zip(paths, contents):
            with open(path, "wb") as file:
                file.write(content)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths[0], "-rawin"]
        result = subprocess.run(command + ["-in", paths[1], "-sigfile", paths[2]], capture_output=True)
        return result.returncode == 0


def root_from(leaf, index, size, path):
    """RFC 9162, 2.1.3.2; the same tree as RFC 6962, 2.1.1."""
    node, last = index, size - 1
    for sibling in path:
        assert last > 0, "the path is too long"
        if node % 2 == 1 or node == last:
            leaf = sha256(b"\x01" + sibling + leaf)
            while node % 2 == 0 and node != 0:
                node, last = node // 2, last // 2
        else:
            leaf = sha256(b"\x01" + leaf + sibling)
        node, last = node // 2, last // 2
    assert last == 0, "the path is too short"
    return leaf


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        proof = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        vkey = file.read().strip()
    text, is_signed = signed_by(proof["checkpoint"], vkey)
    assert is_signed, "the checkpoint is not signed with this key"
    origin, size, root = text.split("\n")[:3]
    assert origin == vkey.split("+")[0], "the checkpoint is of another log"
    leaf = base64.b64decode(proof["leafHash"])
    if "text" in proof:
        assert sha256(b"\x00" + proof["text"].encode()) == leaf, "the text is not the record that was sealed"
    path = [base64.b64decode(each) for each in proof["path"]]
    assert root_from(leaf, proof["index"], int(size), path) == base64.b64decode(root), "the path leads elsewhere"
    print(f"leaf {proof['index']} is under the signed checkpoint of {size} records")


try:
    main()
except AssertionError as error:
    sys.exit(f"not proven: {error}")
