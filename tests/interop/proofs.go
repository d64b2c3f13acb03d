// Proofs: as files (c2sp.org/tlog-proof), and as lines of JSON that both sides write and check.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const proofHead = "c2sp.org/tlog-proof@v1\n"

func hashParse(line string) (tlog.Hash, error) {
	var hash tlog.Hash
	raw, err := base64.StdEncoding.Strict().DecodeString(line)
	if err != nil || len(raw) != tlog.HashSize {
		return hash, errors.New("no hash")
	}
	copy(hash[:], raw)
	return hash, nil
}

func hashText(hash tlog.Hash) string { return base64.StdEncoding.EncodeToString(hash[:]) }

// proofCheck holds a file of an entry against a proof file of ours.
func proofCheck(args []string) error {
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	verifiers, err := verifiersRead(args[2:])
	if err != nil {
		return err
	}
	halves := strings.SplitN(string(raw), "\n\n", 2)
	if len(halves) != 2 || !strings.HasPrefix(halves[0], proofHead+"index ") {
		return errors.New("no proof file")
	}
	lines := strings.Split(strings.TrimPrefix(halves[0], proofHead+"index "), "\n")
	index, err := strconv.ParseInt(lines[0], 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := hashParse(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	signed, err := opened([]byte(halves[1]), verifiers)
	if err != nil {
		return err
	}
	_, tree, err := treeParse(signed)
	if err != nil {
		return err
	}
	if index < 0 || index >= tree.N {
		return errors.New("an index past the size")
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

// prove writes a proof file.
func prove(args []string) error {
	checkpoint, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	_, tree, err := treeParse(string(checkpoint))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveRecord(tree.N, index, tlog.TileHashReader(tree, folder(args[0])))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%sindex %d\n", proofHead, index)
	for _, hash := range proof {
		fmt.Fprintf(&out, "%s\n", hashText(hash))
	}
	fmt.Fprintf(&out, "\n%s", checkpoint)
	return os.WriteFile(args[3], out.Bytes(), 0o644)
}

// ---- by the hundred -------------------------------------------------------------------------------

// A judged proof: of an entry where Leaf is there, else of a growth from Size1, and whether it holds.
type judgedProof struct {
	Leaf  string   `json:"leaf,omitempty"`
	Index int64    `json:"index"`
	Size1 int64    `json:"size1"`
	Root1 string   `json:"root1,omitempty"`
	Size  int64    `json:"size"`
	Root  string   `json:"root"`
	Proof []string `json:"proof"`
	Holds bool     `json:"holds"`
}

func (p *judgedProof) judge() error {
	root, err := hashParse(p.Root)
	if err != nil {
		return err
	}
	var hashes []tlog.Hash
	for _, line := range p.Proof {
		hash, err := hashParse(line)
		if err != nil {
			return err
		}
		hashes = append(hashes, hash)
	}
	if p.Leaf != "" {
		leaf, err := hashParse(p.Leaf)
		if err != nil {
			return err
		}
		return tlog.CheckRecord(hashes, p.Size, root, p.Index, leaf)
	}
	root1, err := hashParse(p.Root1)
	if err != nil {
		return err
	}
	return tlog.CheckTree(hashes, p.Size, root, p.Size1, root1)
}

func hashLines(hashes []tlog.Hash) []string {
	lines := []string{}
	for _, hash := range hashes {
		lines = append(lines, hashText(hash))
	}
	return lines
}

// spoil changes a proof in one of the ways in which it then must not hold.
func spoil(random *mathrand.Rand, p judgedProof) judgedProof {
	p.Proof = append([]string{}, p.Proof...)
	another := hashText(tlog.RecordHash([]byte(strconv.Itoa(random.Int()))))
	at := 0
	if len(p.Proof) > 0 {
		at = random.Intn(len(p.Proof))
	}
	switch way := random.Intn(4); {
	case way == 0 && len(p.Proof) > 0:
		p.Proof[at] = another
	case way == 1 && len(p.Proof) > 0:
		p.Proof = append(p.Proof[:at], p.Proof[at+1:]...)
	case way == 2:
		p.Proof = append(p.Proof, another)
	default:
		p.Root = another
	}
	p.Holds = p.judge() == nil
	return p
}

const proofsSeed = 7

// proofsMake writes proofs that Go makes from a folder's tiles, each of them also once spoiled.
func proofsMake(args []string) error {
	f := folder(args[0])
	last, err := treeAlone(args[1])
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(last, f)
	leaves, err := f.leavesCheck(last)
	if err != nil {
		return err
	}
	random := mathrand.New(mathrand.NewSource(proofsSeed))
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	put := func(p judgedProof) error {
		p.Holds = p.judge() == nil
		if !p.Holds {
			return fmt.Errorf("Go does not take its own proof of %d in %d", p.Index, p.Size)
		}
		if err := encoder.Encode(p); err != nil {
			return err
		}
		return encoder.Encode(spoil(random, p))
	}
	for _, before := range sample(last.N, 60) {
		size := before + 1 + random.Int63n(last.N-before)
		root, err := tlog.TreeHash(size, reader)
		if err != nil {
			return err
		}
		record, err := tlog.ProveRecord(size, before, reader)
		if err != nil {
			return err
		}
		err = put(judgedProof{Leaf: hashText(leaves[before]), Index: before, Size: size,
			Root: hashText(root), Proof: hashLines(record)})
		if err != nil {
			return err
		}
		root1, err := tlog.TreeHash(before+1, reader)
		if err != nil {
			return err
		}
		tree, err := tlog.ProveTree(size, before+1, reader)
		if err != nil {
			return err
		}
		err = put(judgedProof{Size1: before + 1, Root1: hashText(root1), Size: size,
			Root: hashText(root), Proof: hashLines(tree)})
		if err != nil {
			return err
		}
	}
	return os.WriteFile(args[2], out.Bytes(), 0o644)
}

// proofsCheck holds Go's verdict of each proof against the one that stands there.
func proofsCheck(args []string) error {
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	count, good := 0, 0
	for lines.Scan() {
		var p judgedProof
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return err
		}
		err := p.judge()
		if (err == nil) != p.Holds {
			return fmt.Errorf("line %d: it says %t; Go: %v", count+1, p.Holds, err)
		}
		count++
		if p.Holds {
			good++
		}
	}
	fmt.Printf("%d proofs, %d hold\n", count, good)
	return lines.Err()
}
