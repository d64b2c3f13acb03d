// Statements after doc/formats/statement.md, made from that text alone: canonical JSON by
// encoding/json, which sorts the keys of a map, and signatures by note.Sign.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

type members map[string]interface{}

func noteName(i int) string { return fmt.Sprintf("%04d.note", i) }

func statement(kind string, m members, signers ...note.Signer) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line) // ends with a newline
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m); err != nil {
		return nil, err
	}
	signed := fmt.Sprintf("sanad/statement/v1 %s\n%s", kind, line.String())
	return note.Sign(&note.Note{Text: signed}, signers...)
}

func rootMembers(log, name, vkey string) members {
	role := members{"threshold": 1, "keys": []string{name}}
	return members{
		"authority": "xq", "log": log, "seq": 0, "prev": -1, "version": 1,
		"date": "2025-01-01", "expires": "2030-01-01", "keys": []string{vkey},
		"roles": members{"root": role, "document": role},
	}
}

func documentMembers(log string, i int) members {
	file := []byte("memorandum " + strconv.Itoa(i))
	sum := sha256.Sum256(file)
	prev := i // the root is entry 0
	if i == 0 {
		prev = -1
	}
	return members{
		"authority": "xq", "log": log, "seq": i, "prev": prev, "date": "2025-03-01",
		"sha256": hex.EncodeToString(sum[:]), "media_type": "text/plain", "size": len(file),
		"language": "en", "authoritative": "en",
		"title": members{"en": fmt.Sprintf("Memorandum %d <&> \"quoted\" \\ é", i),
			"es": strings.Repeat("ñ", i%5+1), "ur": "یادداشت"},
	}
}

// statementsMake writes COUNT documents for a log, 0001.note on, signed by one key; with "with-root"
// also the root that names it, 0000.note.
func statementsMake(args []string) error {
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	signer, err := signerRead(args[3])
	if err != nil {
		return err
	}
	if len(args) > 4 {
		vkey, err := text(args[3] + ".vkey")
		if err != nil {
			return err
		}
		raw, err := statement("root", rootMembers(args[2], signer.Name(), vkey), signer)
		if err != nil {
			return err
		}
		if err := filePut(filepath.Join(args[0], noteName(0)), raw); err != nil {
			return err
		}
	}
	for i := 0; i < count; i++ {
		raw, err := statement("document", documentMembers(args[2], i), signer)
		if err != nil {
			return err
		}
		if err := filePut(filepath.Join(args[0], noteName(i+1)), raw); err != nil {
			return err
		}
	}
	_, err = os.Stat(args[0])
	return err
}
