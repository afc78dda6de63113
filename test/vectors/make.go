// Ciphertexts made by the transit engine's own code, Vault's SDK. make.sh runs this in a module of its own.
//
// Usage: go run . plaintexts.json output-folder
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/hashicorp/vault/sdk/helper/keysutil"
)

type vector struct {
	Variant   string `json:"variant"`
	Plaintext string `json:"plaintext"`
	Text      string `json:"text"`
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	var plaintexts []string
	if err := json.Unmarshal(must(os.ReadFile(os.Args[1])), &plaintexts); err != nil {
		panic(err)
	}
	many := append([]string{}, plaintexts...)
	for index := range 60 {
		many = append(many, plaintexts[2+index%5])
	}
	vectors := []vector{}
	keys := []struct {
		variant string
		config  keysutil.PolicyConfig
		values  []string
	}{
		{"aes256-gcm96", keysutil.PolicyConfig{Type: keysutil.KeyType_AES256_GCM96}, many},
		{"aes128-gcm96", keysutil.PolicyConfig{Type: keysutil.KeyType_AES128_GCM96}, plaintexts},
		{"chacha20-poly1305", keysutil.PolicyConfig{Type: keysutil.KeyType_ChaCha20_Poly1305}, plaintexts},
		{"rsa-2048", keysutil.PolicyConfig{Type: keysutil.KeyType_RSA2048}, plaintexts[:7]},
	}
	for _, key := range keys {
		key.config.Name = "canary"
		policy := keysutil.NewPolicy(key.config)
		for version := 1; version <= 3; version++ {
			if err := policy.RotateInMemory(rand.Reader); err != nil {
				panic(err)
			}
			if version == 2 {
				continue
			}
			for _, plaintext := range key.values {
				encoded := base64.StdEncoding.EncodeToString([]byte(plaintext))
				vectors = append(vectors, vector{key.variant, plaintext, must(policy.Encrypt(0, nil, nil, encoded))})
				if version > 1 && len(vectors) > 100 {
					break
				}
			}
		}
	}
	version := "unknown"
	if info, found := debug.ReadBuildInfo(); found {
		for _, dependency := range info.Deps {
			if dependency.Path == "github.com/hashicorp/vault/sdk" {
				version = dependency.Version
			}
		}
	}
	var text bytes.Buffer
	text.WriteString("{\n  \"madeBy\": \"github.com/hashicorp/vault/sdk " + version + "\",\n  \"vectors\": [\n")
	for index, each := range vectors {
		line := &bytes.Buffer{}
		encoder := json.NewEncoder(line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(each); err != nil {
			panic(err)
		}
		text.WriteString("    " + string(bytes.TrimSpace(line.Bytes())))
		if index < len(vectors)-1 {
			text.WriteString(",")
		}
		text.WriteString("\n")
	}
	text.WriteString("  ]\n}\n")
	if err := os.WriteFile(filepath.Join(os.Args[2], "transit.json"), text.Bytes(), 0o644); err != nil {
		panic(err)
	}
}
