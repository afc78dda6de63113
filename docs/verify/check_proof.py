#!/usr/bin/env python3
"""Checks a document of `kop audit prove` or `kop evidence prove` with Python's standard library and openssl.

    python3 check_proof.py 4711.proof.json published.vkey

Ends with 0 when the record or the evaluation is proven, with 1 when the document is wrong, and with 2 when this cannot be told here:
a file is missing or is no proof at all, the document has no text of the record, the key is none, or openssl cannot
check Ed25519 signatures. What it prints is what is proven; names of columns and the table are the document's word.
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

# What a document may be about: a record of an audit trail, or an evaluation of a compliance control.
RECORD, EVALUATION = "audit-proof-1", "evidence-proof-1"

# What each text of a record begins with. Then the values, order and id first, as COPY writes them, with a tab between two.
PREFIX = "kop1"

# RFC 8032, 7.1, test 2: a key, a message and its signature, to see that openssl can tell right from wrong.
KNOWN = [
    bytes.fromhex(each)
    for each in (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    )
]


# No white space, no +, no control characters, as in a signed note; and no byte-order mark, which some take for a space.
NAME = r"[^\s+\x00-\x1f\x7f-\x9f\ufeff]+"

# A proof has three levels. Beyond this many, readers of JSON differ in whether they read on.
MOST_LEVELS = 100


class Wrong(Exception):
    """The document does not prove what it says."""


class CannotTell(Exception):
    """Neither right nor wrong has been shown."""


def require(condition, reason, outcome=Wrong):
    if not condition:
        raise outcome(reason)


def sha256(data):
    return hashlib.sha256(data).digest()


def decoded(text, what, length=None, outcome=Wrong):
    try:
        data = base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        raise outcome(f"{what} is not Base64") from None
    # One value has one spelling: bits that nobody reads must be 0.
    require(base64.b64encode(data).decode() == text, f"{what} is not Base64", outcome)
    require(length is None or len(data) == length, f"{what} has not {length} bytes", outcome)
    return data


def field(document, name, kind):
    require(isinstance(document, dict) and type(document.get(name)) is kind, f"{name} is missing or is no {kind.__name__}")
    return document[name]


def openssl_accepts(public_key, data, signature):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, part) for part in ("key.der", "data", "signature")]
        # What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
        contents = (bytes.fromhex("302a300506032b6570032100") + public_key, data, signature)
        for path, content in zip(paths, contents):
            with open(path, "wb") as file:
                file.write(content)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths[0], "-rawin"]
        try:
            result = subprocess.run(command + ["-in", paths[1], "-sigfile", paths[2]], capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotTell(f"openssl cannot be run: {error}") from None
        return result.returncode == 0


def openssl_must_work():
    key, message, signature = KNOWN
    works = openssl_accepts(key, message, signature) and not openssl_accepts(key, message + b"!", signature)
    require(works, "this openssl cannot check Ed25519 signatures; OpenSSL 1.1.1 or newer can", CannotTell)


def read_key(path):
    with open(path, encoding="utf-8-sig") as file:
        parts = file.read().strip().split("+", 2)
    require(len(parts) == 3, "the key is no line of the form name+id+Base64", CannotTell)
    name, key_id, material = parts
    require(re.fullmatch(NAME, name), "the key has no name that a key may have", CannotTell)
    key = decoded(material, "the key", 33, CannotTell)
    require(key[0] == 1, "the key is not of Ed25519", CannotTell)
    require(sha256(name.encode() + b"\n" + key)[:4].hex() == key_id, "the key does not fit its id", CannotTell)
    return name, key_id, key[1:]


def signed_text(note, name, key_id, key):
    """A C2SP signed note: a text, an empty line, and signature lines of the form `— name base64(key id, signature)`."""
    text, divider, signatures = note.rpartition("\n\n")
    is_note = divider and note.endswith("\n") and not re.search(r"[\x00-\x09\x0b-\x1f]", text)
    require(is_note, "the checkpoint is no signed note")
    ours = []
    for line in signatures[:-1].split("\n"):
        found = re.fullmatch(rf"\u2014 ({NAME}) (\S+)", line)
        require(found, "a line of signatures is not of the form name, Base64")
        blob = decoded(found[2], "a signature")
        require(len(blob) > 4, "a signature is too short")
        if found[1] == name and blob[:4].hex() == key_id:
            ours.append(blob[4:])
    is_signed = ours and openssl_accepts(key, (text + "\n").encode(), ours[0])
    require(is_signed, "the checkpoint is not signed with this key")
    return text


def root_from(leaf, index, size, path):
    """RFC 9162, 2.1.3.2; the same tree as RFC 6962, 2.1.1."""
    node, last = index, size - 1
    for sibling in path:
        require(last > 0, "the path is too long")
        if node % 2 == 1 or node == last:
            leaf = sha256(b"\x01" + sibling + leaf)
            while node % 2 == 0 and node != 0:
                node, last = node // 2, last // 2
        else:
            leaf = sha256(b"\x01" + leaf + sibling)
        node, last = node // 2, last // 2
    require(last == 0, "the path is too short")
    return leaf


def unescaped(value):
    """A value as COPY writes it; these are escaped. In one pass: a backslash is escaped itself."""
    characters = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
    return re.sub(r"\\(.)", lambda found: characters.get(found[1], found[1]), value)


def shown(text):
    """What a terminal cannot be misled by. COPY doubles each backslash, so that a single one is from here."""
    return "".join(each if each.isprintable() or each == "\t" else f"\\u{{{ord(each):x}}}" for each in text)


def check_text(proof, leaf):
    """The record itself. Where its values stand is of the format (docs/audit-trail.md), never of the document's choice."""
    if proof["kop"] == EVALUATION:
        return check_evaluation(field(proof, "text", str), leaf)
    record = field(proof, "record", dict)
    place = [field(record, "order", str), field(record, "id", str)]
    require(field(proof, "prefix", str) == PREFIX, f"the prefix is not {PREFIX}")
    columns = field(record, "columns", list)
    if "text" not in proof:
        return None
    text = field(proof, "text", str)
    require(sha256(b"\x00" + text.encode()) == leaf, "the text is not the record that was sealed")
    require(text.startswith(PREFIX), f"the text does not begin with {PREFIX}")
    values = text[len(PREFIX) :].split("\t")
    require(len(values) == len(columns), "the text has not as many values as record has columns")
    require([unescaped(each) for each in values[:2]] == place, "the text is of another record than the document says")
    return f"id {shown(values[1])}\norder {shown(values[0])}\ntext {shown(text)}"


def check_evaluation(text, leaf):
    """The RFC 8785 form of an evaluation (docs/compliance.md); it holds no number, so that every reader reads the same."""
    require(sha256(b"\x00" + text.encode()) == leaf, "the text is not the evaluation that was sealed")
    return f"text {shown(text)}"


def read_proof(path):
    is_twice = []

    def once(pairs):
        is_twice.extend(pairs[len({key for key, _ in pairs}) :])
        return dict(pairs)

    def number(digits):
        # No index has as many digits, and Python refuses to read thousands of them.
        return int(digits) if len(digits) < 20 else None

    def no_json(constant):
        raise ValueError(f"{constant} is no JSON")

    with open(path, encoding="utf-8") as file:
        try:
            text = file.read()
            require(levels(text) <= MOST_LEVELS, f"{path} is nested too deeply to be a proof", CannotTell)
            proof = json.loads(text, object_pairs_hook=once, parse_int=number, parse_constant=no_json)
        except (ValueError, RecursionError):
            raise CannotTell(f"{path} is no JSON") from None
    is_proof = isinstance(proof, dict) and proof.get("kop") in (RECORD, EVALUATION)
    require(is_proof, f"{path} is no {RECORD} and no {EVALUATION}", CannotTell)
    require(not is_twice, "the document has a key twice")
    try:
        json.dumps(proof, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Wrong("the document holds half of a character") from None
    return proof


def levels(text):
    most = now = 0
    for mark in re.findall(r"[\[\]{}]", re.sub(r'"(?:[^"\\]|\\.)*"', "", text)):
        now += 1 if mark in "[{" else -1
        most = max(most, now)
    return most


def check(proof_path, key_path):
    name, key_id, key = read_key(key_path)
    proof = read_proof(proof_path)
    openssl_must_work()
    lines = signed_text(field(proof, "checkpoint", str), name, key_id, key).split("\n")
    require(len(lines) >= 3 and re.fullmatch("0|[1-9][0-9]{0,15}", lines[1]), "the checkpoint is not of the form origin, size, root")
    require(lines[0] == name == field(proof, "origin", str), "the checkpoint is of another log")
    size, root = int(lines[1]), decoded(lines[2], "the root", 32)
    index, leaf = field(proof, "index", int), decoded(field(proof, "leafHash", str), "leafHash", 32)
    require(0 <= index < size, "the index is outside of the checkpoint")
    record = check_text(proof, leaf)
    path = [decoded(each, "the path", 32) for each in field(proof, "path", list)]
    require(root_from(leaf, index, size, path) == root, "the path leads elsewhere")
    leaf_is_there = f"leaf {index} is under the signed checkpoint of {size} records"
    require(record is not None, f"{leaf_is_there}; of which record it is, a document without text does not show", CannotTell)
    return f"{leaf_is_there}\n{record}"


def main(arguments):
    try:
        require(len(arguments) == 2, "usage: check_proof.py PROOF KEY", CannotTell)
        print(check(*arguments))
        return 0
    except Wrong as error:
        print(f"not proven: {error}", file=sys.stderr)
        return 1
    except CannotTell as error:
        print(f"cannot tell: {error}", file=sys.stderr)
        return 2
    except Exception as error:  # A fault of ours, or of this machine, accuses nobody.
        print(f"cannot tell: {type(error).__name__}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
