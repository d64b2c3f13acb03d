// Fraud proofs, checked by nothing but what doc/formats/tlog.md says of them and RFC 9162.
package main

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	fraudHead = "sanad/tlog-fraud/v1\n"
	pathMax   = 63
)

// lineCut takes the first line off.
func lineCut(rest string) (string, string, error) {
	end := strings.IndexByte(rest, '\n')
	if end < 0 {
		return "", "", errors.New("cut short")
	}
	return rest[:end], rest[end+1:], nil
}

func numberCut(rest, before string, max int) (int, string, error) {
	line, rest, err := lineCut(rest)
	if err != nil || !strings.HasPrefix(line, before) {
		return 0, "", errors.New("no " + before)
	}
	number, err := strconv.Atoi(line[len(before):])
	if err != nil || number < 0 || number > max {
		return 0, "", errors.New("no number")
	}
	return number, rest, nil
}

// roots are what a path from m to n, whose first hash always stands there, gives for both
// (RFC 9162, 2.1.4.2, without what is given there and compared).
func roots(m, n int64, path []tlog.Hash) (tlog.Hash, tlog.Hash, error) {
	if len(path) == 0 {
		return tlog.Hash{}, tlog.Hash{}, errors.New("an empty path")
	}
	fn, sn := m-1, n-1
	for fn&1 == 1 {
		fn, sn = fn>>1, sn>>1
	}
	first, second := path[0], path[0]
	for _, hash := range path[1:] {
		if sn == 0 {
			return first, second, errors.New("a path that is too long")
		}
		if fn&1 == 1 || fn == sn {
			first, second = tlog.NodeHash(hash, first), tlog.NodeHash(hash, second)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			second = tlog.NodeHash(second, hash)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return first, second, errors.New("a path that is too short")
	}
	return first, second, nil
}

func contradict(first, second tlog.Tree, path []tlog.Hash) error {
	if first.N == 0 || first.N > second.N {
		return errors.New("the smaller comes first, and any log begins empty")
	}
	if first.N == second.N {
		if len(path) > 0 || first.Hash == second.Hash {
			return errors.New("one size, and one root or a path")
		}
		return nil
	}
	before, after, err := roots(first.N, second.N, path)
	if err == nil && after != second.Hash {
		err = errors.New("it does not lead to the larger tree")
	}
	if err == nil && before == first.Hash {
		err = errors.New("the log has only grown")
	}
	return err
}

// fraudCheck takes a fraud proof and the vkey of the log.
func fraudCheck(args []string) error {
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	log, err := verifiersRead(args[1:2])
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(raw), fraudHead) {
		return errors.New("no fraud proof")
	}
	count, rest, err := numberCut(string(raw[len(fraudHead):]), "path ", pathMax)
	if err != nil {
		return err
	}
	var path []tlog.Hash
	for ; count > 0; count-- {
		var line string
		if line, rest, err = lineCut(rest); err != nil {
			return err
		}
		hash, err := hashParse(line)
		if err != nil {
			return err
		}
		path = append(path, hash)
	}
	if !strings.HasPrefix(rest, "\n") {
		return errors.New("no blank line")
	}
	size, rest, err := numberCut(rest[1:], "", len(raw))
	if err != nil || size > len(rest) {
		return errors.New("no size of the first checkpoint")
	}
	return fraudNotes(rest[:size], rest[size:], path, log[0])
}

func fraudNotes(one, two string, path []tlog.Hash, log note.Verifier) error {
	var trees [2]tlog.Tree
	var origins [2]string
	for i, raw := range []string{one, two} {
		signed, err := opened([]byte(raw), []note.Verifier{log})
		if err != nil {
			return err
		}
		if origins[i], trees[i], err = treeParse(signed); err != nil {
			return err
		}
	}
	if origins[0] != origins[1] {
		return errors.New("two origins")
	}
	return contradict(trees[0], trees[1], path)
}
