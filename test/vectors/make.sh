#!/usr/bin/env bash
# Makes test/fixtures/encryption/vectors anew: ciphertexts by the libraries themselves, for the tests of the scanner.
#
# Needs node and npm, python3, go, gpg, git, ruby with activesupport (Debian: ruby-activesupport). Everything else is
# installed into a temporary folder; the pack depends on none of it. Values are random, so each run changes the files.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
output=$here/../fixtures/encryption/vectors
plaintexts=$here/plaintexts.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$output"
cd "$work"

npm init --yes >/dev/null
npm install --silent --no-fund ciphersweet-js@2.0.6 openpgp@6.3.2 @aws-crypto/client-node@5.0.2 jose@6.2.18
node "$here/make.mjs" "$plaintexts" "$output"

python3 -m venv python
python/bin/pip install --quiet cryptography==50.0.2 tink==1.16.1
python/bin/python "$here/make.py" "$plaintexts" "$output"

# The code of Vault's transit engine, without a server around it.
mkdir go
cp "$here/make.go" go/main.go
(cd go && go mod init vectors && go get github.com/hashicorp/vault/sdk@v0.25.1 && go mod tidy && go run . "$plaintexts" "$output")

# Active Record alone can encrypt without a database.
git clone --quiet --depth 1 https://github.com/rails/rails
ruby "$here/make.rb" rails "$plaintexts" "$output"
