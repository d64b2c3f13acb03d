// A log's folder as c2sp.org/tlog-tiles lays it out, read through tlog.TileHashReader, which checks
// every tile against the tree's root, and written from tlog.StoredHashes.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	entryMax   = 1<<16 - 1
)

// tilePath leaves out x/mod's height and calls the bundles entries.
func tilePath(t tlog.Tile) string {
	path := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}

// A folder is a tlog.TileReader.
type folder string

func (f folder) Height() int                                { return tileHeight }
func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		raw, err := os.ReadFile(filepath.Join(string(f), tilePath(t)))
		if errors.Is(err, os.ErrNotExist) && t.W < tileWidth { // the full one stands in
			full := t
			full.W = tileWidth
			raw, err = os.ReadFile(filepath.Join(string(f), tilePath(full)))
			if len(raw) > t.W*tlog.HashSize {
				raw = raw[:t.W*tlog.HashSize]
			}
		}
		if err != nil {
			return nil, err
		}
		data[i] = raw
	}
	return data, nil
}

// bundle is the entries of one bundle: each behind two bytes of length.
func (f folder) bundle(n int64, width int) ([][]byte, error) {
	t := tlog.Tile{H: tileHeight, L: -1, N: n, W: width}
	raw, err := os.ReadFile(filepath.Join(string(f), tilePath(t)))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(raw) > 0 {
		if len(raw) < 2 || len(raw)-2 < int(binary.BigEndian.Uint16(raw)) {
			return nil, fmt.Errorf("%s: cut short", tilePath(t))
		}
		end := 2 + int(binary.BigEndian.Uint16(raw))
		entries = append(entries, raw[2:end])
		raw = raw[end:]
	}
	if len(entries) != width {
		return nil, fmt.Errorf("%s: %d entries", tilePath(t), len(entries))
	}
	return entries, nil
}

func treeParse(checkpoint string) (string, tlog.Tree, error) {
	lines := strings.SplitN(checkpoint, "\n", 4)
	if len(lines) != 4 || lines[0] == "" {
		return "", tlog.Tree{}, errors.New("no checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return "", tlog.Tree{}, errors.New("a checkpoint without a size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", tlog.Tree{}, errors.New("a checkpoint without a root")
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return lines[0], tree, nil
}

func treeText(origin string, tree tlog.Tree) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, tree.N,
		base64.StdEncoding.EncodeToString(tree.Hash[:]))
}

// treeRead opens a checkpoint that all of the keys have signed.
func treeRead(path string, vkeys []string) (tlog.Tree, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	verifiers, err := verifiersRead(vkeys)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := opened(raw, verifiers)
	if err != nil {
		return tlog.Tree{}, err
	}
	_, tree, err := treeParse(signed)
	return tree, err
}

// treeAlone reads a checkpoint whose signatures somebody else looks at.
func treeAlone(path string) (tlog.Tree, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	_, tree, err := treeParse(string(raw))
	return tree, err
}

// leavesCheck reads every leaf through authenticated tiles and holds every entry against them.
func (f folder) leavesCheck(tree tlog.Tree) ([]tlog.Hash, error) {
	reader := tlog.TileHashReader(tree, f)
	indexes := make([]int64, tree.N)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, int64(i))
	}
	leaves, err := reader.ReadHashes(indexes)
	if err != nil {
		return nil, err
	}
	for first := int64(0); first < tree.N; first += tileWidth {
		width := tree.N - first
		if width > tileWidth {
			width = tileWidth
		}
		entries, err := f.bundle(first/tileWidth, int(width))
		if err != nil {
			return nil, err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != leaves[first+int64(i)] {
				return nil, fmt.Errorf("entry %d is not the one of its tile", first+int64(i))
			}
		}
	}
	return leaves, nil
}

// sample is about `count` numbers of 0 to below n, with both ends and what stands around tiles.
func sample(n int64, count int64) []int64 {
	var list []int64
	step := n/count + 1
	for i := int64(0); i < n; i++ {
		edge := i%tileWidth == 0 || i%tileWidth == tileWidth-1
		if i%step == 0 || i == n-1 || edge && i/tileWidth < 4 {
			list = append(list, i)
		}
	}
	return list
}

const auditSample = 200

func audit(args []string) error {
	f := folder(args[0])
	tree, err := treeRead(args[1], args[2:])
	if err != nil || tree.N == 0 {
		return err
	}
	leaves, err := f.leavesCheck(tree)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, f)
	if root, err := tlog.TreeHash(tree.N, reader); err != nil || root != tree.Hash {
		return fmt.Errorf("another root: %v", err)
	}
	chosen := sample(tree.N, auditSample)
	for _, i := range chosen {
		proof, err := tlog.ProveRecord(tree.N, i, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, i, leaves[i]); err != nil {
			return fmt.Errorf("entry %d: %v", i, err)
		}
	}
	fmt.Printf("%d entries, %d inclusion proofs\n", tree.N, len(chosen))
	return nil
}

// grown checks that every older checkpoint is of a beginning of the tree.
func grown(args []string) error {
	tree, err := treeRead(args[1], args[2:3])
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, folder(args[0]))
	for _, path := range args[3:] {
		older, err := treeRead(path, args[2:3])
		if err != nil {
			return fmt.Errorf("%s: %v", path, err)
		}
		if older.N == 0 { // x/mod has no proof from nothing; any log continues it
			continue
		}
		proof, err := tlog.ProveTree(tree.N, older.N, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash); err != nil {
			return fmt.Errorf("%s: %v", path, err)
		}
	}
	return nil
}

// ---- writing -------------------------------------------------------------------------------------

// A store is a tlog.HashReader of hashes in memory.
type store []tlog.Hash

func (s store) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s)) {
			return nil, errors.New("no such hash")
		}
		list[i] = s[index]
	}
	return list, nil
}

func filePut(path string, raw []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o644)
}

func (f folder) tilesPut(hashes store, size int64) error {
	for level := 0; size>>(tileHeight*level) > 0; level++ {
		count := size >> (tileHeight * level)
		for n := int64(0); n*tileWidth < count; n++ {
			t := tlog.Tile{H: tileHeight, L: level, N: n, W: tileWidth}
			if count-n*tileWidth < tileWidth {
				t.W = int(count - n*tileWidth)
			}
			data, err := tlog.ReadTileData(t, hashes)
			if err != nil {
				return err
			}
			if err := filePut(filepath.Join(string(f), tilePath(t)), data); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f folder) bundlesPut(entries [][]byte) error {
	for first := 0; first < len(entries); first += tileWidth {
		part := entries[first:]
		if len(part) > tileWidth {
			part = part[:tileWidth]
		}
		var raw []byte
		for _, entry := range part {
			if len(entry) > entryMax {
				return errors.New("an entry is too long")
			}
			raw = append(raw, byte(len(entry)>>8), byte(len(entry)))
			raw = append(raw, entry...)
		}
		t := tlog.Tile{H: tileHeight, L: -1, N: int64(first / tileWidth), W: len(part)}
		if err := filePut(filepath.Join(string(f), tilePath(t)), raw); err != nil {
			return err
		}
	}
	return nil
}

func hashesOf(entries [][]byte) (store, error) {
	var hashes store
	for i, entry := range entries {
		more, err := tlog.StoredHashes(int64(i), entry, hashes)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, more...)
	}
	return hashes, nil
}

// logWrite makes a log of the first COUNT notes of a folder, signed, and cosigned where a cosigner
// is given.
func logWrite(args []string) error {
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	signer, err := signerRead(args[3])
	if err != nil {
		return err
	}
	signers := []note.Signer{signer}
	if len(args) > 4 {
		c, err := cosignerRead(args[4])
		if err != nil {
			return err
		}
		signers = append(signers, c)
	}
	var entries [][]byte
	for i := 0; i < count; i++ {
		raw, err := os.ReadFile(filepath.Join(args[1], noteName(i)))
		if err != nil {
			return err
		}
		entries = append(entries, raw)
	}
	hashes, err := hashesOf(entries)
	if err != nil {
		return err
	}
	tree := tlog.Tree{N: int64(count)}
	if tree.Hash, err = tlog.TreeHash(tree.N, hashes); err != nil {
		return err
	}
	f := folder(args[0])
	if err := f.tilesPut(hashes, tree.N); err != nil {
		return err
	}
	if err := f.bundlesPut(entries); err != nil {
		return err
	}
	raw, err := note.Sign(&note.Note{Text: treeText(signer.Name(), tree)}, signers...)
	if err != nil {
		return err
	}
	return filePut(filepath.Join(args[0], "checkpoint"), raw)
}
