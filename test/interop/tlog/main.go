// Program tlog makes and checks the vectors of the interop test with golang.org/x/mod's sumdb/tlog and sumdb/note,
// an implementation that shares nothing with ours.
//
//	tlog generate          writes vectors as JSON: theirs, to be checked here
//	tlog check < ours.json checks ours there; exits 1 and says what is wrong
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Index int64    `json:"index"`
	Size  int64    `json:"size"`
	Path  []string `json:"path"`
}

type consistency struct {
	Old  int64    `json:"old"`
	New  int64    `json:"new"`
	Path []string `json:"path"`
}

type signed struct {
	Vkeys []string `json:"vkeys"`
	Text  string   `json:"text"`
	Note  string   `json:"note"`
}

type vectors struct {
	Records     []string      `json:"records"`
	Roots       []string      `json:"roots"` // by tree size, from 0
	Inclusion   []inclusion   `json:"inclusion"`
	Consistency []consistency `json:"consistency"`
	Notes       []signed      `json:"notes"`
}

func main() {
	if len(os.Args) != 2 {
		fail("usage: tlog generate | tlog check")
	}
	switch os.Args[1] {
	case "generate":
		generate()
	case "check":
		check()
	default:
		fail("unknown verb %q", os.Args[1])
	}
}

type tree struct{ hashes []tlog.Hash }

func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = t.hashes[x]
	}
	return out, nil
}

func generate() {
	const size = 130
	var v vectors
	t := &tree{}
	roots := make([]tlog.Hash, size+1)
	for n := int64(0); n <= size; n++ {
		root, err := tlog.TreeHash(n, t)
		must(err)
		roots[n] = root
		v.Roots = append(v.Roots, encode(root))
		if n == size {
			break
		}
		record := fmt.Sprintf("kop1%d\trecord %d\t\\N", 700+n/3, n)
		v.Records = append(v.Records, record)
		hashes, err := tlog.StoredHashes(n, []byte(record), t)
		must(err)
		t.hashes = append(t.hashes, hashes...)
	}
	for _, n := range []int64{1, 2, 3, 7, 8, 64, 65, 100, 127, 128, 130} {
		for i := int64(0); i < n; i += 1 + n/9 {
			p, err := tlog.ProveRecord(n, i, t)
			must(err)
			v.Inclusion = append(v.Inclusion, inclusion{i, n, encodeAll(p)})
		}
		for m := int64(1); m <= n; m += 1 + n/11 {
			p, err := tlog.ProveTree(n, m, t)
			must(err)
			v.Consistency = append(v.Consistency, consistency{m, n, encodeAll(p)})
		}
	}
	// The same keys each time, so that the vectors are reproducible.
	random := rand.New(rand.NewSource(6962))
	skey, vkey, err := note.GenerateKey(random, "kingston.example/audit")
	must(err)
	skey2, vkey2, err := note.GenerateKey(random, "kingston.example/audit")
	must(err)
	one, err := note.NewSigner(skey)
	must(err)
	two, err := note.NewSigner(skey2)
	must(err)
	text := fmt.Sprintf("kingston.example/audit\n%d\n%s\n", size, encode(roots[size]))
	for _, signers := range [][]note.Signer{{one}, {one, two}} {
		n, err := note.Sign(&note.Note{Text: text}, signers...)
		must(err)
		v.Notes = append(v.Notes, signed{[]string{vkey, vkey2}[:len(signers)], text, string(n)})
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	must(out.Encode(v))
}

func check() {
	var v vectors
	must(json.NewDecoder(os.Stdin).Decode(&v))
	t := &tree{}
	for n, record := range v.Records {
		hashes, err := tlog.StoredHashes(int64(n), []byte(record), t)
		must(err)
		t.hashes = append(t.hashes, hashes...)
	}
	roots := make([]tlog.Hash, len(v.Roots))
	for n := range v.Roots {
		root, err := tlog.TreeHash(int64(n), t)
		must(err)
		roots[n] = root
		if encode(root) != v.Roots[n] {
			fail("root of %d differs", n)
		}
	}
	for _, p := range v.Inclusion {
		leaf := tlog.RecordHash([]byte(v.Records[p.Index]))
		if err := tlog.CheckRecord(decodeAll(p.Path), p.Size, roots[p.Size], p.Index, leaf); err != nil {
			fail("inclusion of %d in %d: %v", p.Index, p.Size, err)
		}
	}
	for _, p := range v.Consistency {
		if err := tlog.CheckTree(decodeAll(p.Path), p.New, roots[p.New], p.Old, roots[p.Old]); err != nil {
			fail("consistency of %d with %d: %v", p.Old, p.New, err)
		}
	}
	for _, s := range v.Notes {
		var known []note.Verifier
		for _, vkey := range s.Vkeys {
			verifier, err := note.NewVerifier(vkey)
			must(err)
			known = append(known, verifier)
		}
		opened, err := note.Open([]byte(s.Note), note.VerifierList(known...))
		must(err)
		if opened.Text != s.Text || len(opened.Sigs) != len(known) {
			fail("note: %d signatures of %d verified, or another text", len(opened.Sigs), len(known))
		}
	}
	fmt.Printf("%d roots, %d inclusion proofs, %d consistency proofs, %d notes\n",
		len(v.Roots), len(v.Inclusion), len(v.Consistency), len(v.Notes))
}

func encode(h tlog.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }

func encodeAll(hashes []tlog.Hash) []string {
	out := []string{}
	for _, h := range hashes {
		out = append(out, encode(h))
	}
	return out
}

func decodeAll(texts []string) []tlog.Hash {
	var out []tlog.Hash
	for _, text := range texts {
		b, err := base64.StdEncoding.DecodeString(text)
		must(err)
		out = append(out, tlog.Hash(b))
	}
	return out
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
