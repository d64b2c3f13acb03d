// Another implementation's half of tests/e2e/go_interop_test.sh: Go's golang.org/x/mod (sumdb/note,
// sumdb/tlog) reads, checks, signs and writes what c2sp.org/signed-note, tlog-checkpoint,
// tlog-tiles, tlog-proof, tlog-cosignature and tlog-witness define. Nothing of ours is called here:
// a verb reads files, says what Go finds, and ends with 0 where Go takes it and with 1 where not.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

type verb struct {
	name, arguments string
	count           int // at least so many
	run             func(args []string) error
}

var verbs = []verb{
	{"key", "FILE NAME", 2, keyMake},
	{"cosigner", "FILE NAME", 2, cosignerMake},
	{"statements", "FOLDER COUNT LOG KEY [with-root]", 4, statementsMake},
	{"audit", "DIR CHECKPOINT VKEY...", 3, audit},
	{"grown", "DIR CHECKPOINT VKEY OLDER...", 4, grown},
	{"proof", "FILE.tlog-proof ENTRY VKEY...", 3, proofCheck},
	{"write", "DIR FOLDER COUNT KEY [COSIGNER]", 4, logWrite},
	{"prove", "DIR CHECKPOINT INDEX OUT", 4, prove},
	{"proofs-make", "DIR CHECKPOINT OUT", 3, proofsMake},
	{"proofs-check", "FILE", 1, proofsCheck},
	{"notes", "CHECKPOINT OUT VKEY...", 3, notesMake},
	{"ed25519", "FILE OUT", 2, ed25519Judge},
	{"fraud", "FILE VKEY", 2, fraudCheck},
	{"unknown", "CHECKPOINT", 1, unknownAdd},
	{"flip", "FILE BIT", 2, flip},
	{"witness", "COSIGNER LOGVKEY PORTFILE", 3, witnessServe},
	{"ask", "URL DIR KEY WITNESSVKEY", 4, witnessAsk},
}

func main() {
	if len(os.Args) > 1 {
		for _, v := range verbs {
			if v.name != os.Args[1] || len(os.Args)-2 < v.count {
				continue
			}
			if err := v.run(os.Args[2:]); err != nil {
				fmt.Fprintf(os.Stderr, "go: %s: %v\n", v.name, err)
				os.Exit(1)
			}
			return
		}
	}
	for _, v := range verbs {
		fmt.Fprintf(os.Stderr, "interop %s %s\n", v.name, v.arguments)
	}
	os.Exit(2)
}

// text reads a file of one line.
func text(path string) (string, error) {
	raw, err := os.ReadFile(path)
	return strings.TrimSuffix(string(raw), "\n"), err
}

// flip changes one bit of a file, counted from its beginning, or with a minus from its end.
func flip(args []string) error {
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	bit, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	if bit < 0 {
		bit += 8 * len(raw)
	}
	if bit < 0 || bit >= 8*len(raw) {
		return fmt.Errorf("%s has no bit %s", args[0], args[1])
	}
	raw[bit/8] ^= 1 << (bit % 8)
	return os.WriteFile(args[0], raw, 0o644)
}
