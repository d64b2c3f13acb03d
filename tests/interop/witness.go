// c2sp.org/tlog-witness, both sides: a witness that remembers in memory, and a client that asks one
// for everything that it must answer, and for everything that it must refuse.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	sizeType = "text/x.tlog.size"
	bodyMax  = 1 << 17
	waitMax  = 10 * time.Second
)

// ---- the witness ----------------------------------------------------------------------------------

type witness struct {
	lock sync.Mutex
	key  *cosigner
	log  note.Verifier
	tree tlog.Tree
}

// requestParse takes the body of add-checkpoint apart.
func requestParse(body string) (int64, tlog.TreeProof, string, error) {
	halves := strings.SplitN(body, "\n\n", 2)
	if len(halves) != 2 || !strings.HasPrefix(halves[0], "old ") {
		return 0, nil, "", errors.New("no request")
	}
	lines := strings.Split(halves[0], "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	if err != nil || old < 0 {
		return 0, nil, "", errors.New("no old size")
	}
	var proof tlog.TreeProof
	for _, line := range lines[1:] {
		hash, err := hashParse(line)
		if err != nil {
			return 0, nil, "", err
		}
		proof = append(proof, hash)
	}
	return old, proof, halves[1], nil
}

// add answers with a status and a body.
func (w *witness) add(body string) (int, string) {
	old, proof, signed, err := requestParse(body)
	if err != nil {
		return http.StatusBadRequest, err.Error()
	}
	n, err := note.Open([]byte(signed), note.VerifierList(w.log))
	if err != nil {
		return http.StatusForbidden, err.Error()
	}
	origin, tree, err := treeParse(n.Text)
	if err != nil || origin != w.log.Name() || old > tree.N {
		return http.StatusBadRequest, "no checkpoint of this log"
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	if old != w.tree.N {
		return http.StatusConflict, fmt.Sprintf("%d\n", w.tree.N)
	}
	if old == 0 && len(proof) > 0 || old == tree.N && old > 0 && tree.Hash != w.tree.Hash {
		return http.StatusUnprocessableEntity, "it does not continue"
	}
	if old > 0 && tlog.CheckTree(proof, tree.N, tree.Hash, old, w.tree.Hash) != nil {
		return http.StatusUnprocessableEntity, "it does not continue"
	}
	w.tree = tree
	again, err := note.Sign(&note.Note{Text: n.Text}, w.key)
	if err != nil {
		return http.StatusInternalServerError, err.Error()
	}
	return http.StatusOK, string(again[len(n.Text)+1:])
}

func (w *witness) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, err := io.ReadAll(io.LimitReader(in.Body, bodyMax))
	if err != nil || in.Method != "POST" || in.URL.Path != "/add-checkpoint" {
		http.NotFound(out, in)
		return
	}
	status, answer := w.add(string(body))
	if status == http.StatusConflict {
		out.Header().Set("Content-Type", sizeType)
	}
	out.WriteHeader(status)
	_, _ = io.WriteString(out, answer)
	fmt.Fprintf(os.Stderr, "witness: %d\n", status)
}

func witnessServe(args []string) error {
	key, err := cosignerRead(args[0])
	if err != nil {
		return err
	}
	verifiers, err := verifiersRead(args[1:2])
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := fmt.Sprintf("%d\n", listener.Addr().(*net.TCPAddr).Port)
	if err := os.WriteFile(args[2]+".part", []byte(port), 0o644); err != nil {
		return err
	}
	if err := os.Rename(args[2]+".part", args[2]); err != nil {
		return err
	}
	return http.Serve(listener, &witness{key: key, log: verifiers[0]})
}

// ---- the client -----------------------------------------------------------------------------------

type asker struct {
	url    string
	signer note.Signer
	key    note.Verifier
	reader tlog.HashReader
	http   http.Client
	last   string // the text that was cosigned last
}

func (a *asker) signed(origin string, tree tlog.Tree) (string, error) {
	raw, err := note.Sign(&note.Note{Text: treeText(origin, tree)}, a.signer)
	return string(raw), err
}

func (a *asker) checkpoint(size int64) (string, error) {
	hash, err := tlog.TreeHash(size, a.reader)
	if err != nil {
		return "", err
	}
	return a.signed(a.signer.Name(), tlog.Tree{N: size, Hash: hash})
}

func (a *asker) proof(old, size int64) (tlog.TreeProof, error) {
	if old == 0 || old >= size {
		return nil, nil
	}
	return tlog.ProveTree(size, old, a.reader)
}

func requestText(old int64, proof tlog.TreeProof, checkpoint string) string {
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", old)
	for _, hash := range proof {
		fmt.Fprintf(&body, "%s\n", hashText(hash))
	}
	return body.String() + "\n" + checkpoint
}

type answer struct {
	status     int
	body, kind string
}

func (a *asker) post(body string) (answer, error) {
	reply, err := a.http.Post(a.url+"/add-checkpoint", "text/plain", strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(reply.Body, bodyMax))
	return answer{reply.StatusCode, string(raw), reply.Header.Get("Content-Type")}, err
}

// refused wants a status of a request.
func (a *asker) refused(what string, status int, body string) error {
	reply, err := a.post(body)
	if err == nil && reply.status != status {
		err = fmt.Errorf("%s: %d %q, not %d", what, reply.status, reply.body, status)
	}
	return err
}

// add wants a cosignature, and finds out what was cosigned last where `old` is wrong.
func (a *asker) add(old, size int64) (int64, error) {
	checkpoint, err := a.checkpoint(size)
	if err != nil {
		return 0, err
	}
	for tries := 0; tries < 2; tries++ {
		proof, err := a.proof(old, size)
		if err != nil {
			return 0, err
		}
		reply, err := a.post(requestText(old, proof, checkpoint))
		if err != nil {
			return 0, err
		}
		if reply.status == http.StatusConflict {
			old, err = strconv.ParseInt(strings.TrimSuffix(reply.body, "\n"), 10, 64)
			if err != nil || reply.kind != sizeType || !strings.HasSuffix(reply.body, "\n") {
				return 0, fmt.Errorf("409 with %q of %q", reply.body, reply.kind)
			}
			continue
		}
		if reply.status != http.StatusOK {
			return 0, fmt.Errorf("from %d to %d: %d %q", old, size, reply.status, reply.body)
		}
		return old, a.cosignedBy(checkpoint, reply.body)
	}
	return 0, errors.New("409 again")
}

func (a *asker) cosignedBy(checkpoint, lines string) error {
	a.last = checkpoint[:strings.LastIndex(checkpoint, "\n\n")+1]
	if _, err := opened([]byte(a.last+"\n"+lines), []note.Verifier{a.key}); err != nil {
		return fmt.Errorf("the cosignature: %v", err)
	}
	return nil
}

// grows asks for one size after the other, sometimes with the right old size, sometimes not.
func (a *asker) grows(size int64) error {
	if old, err := a.add(0, 1); err != nil || old != 0 {
		return fmt.Errorf("the first: from %d: %v", old, err)
	}
	known := int64(1)
	for next := int64(2); next < size; next += 1 + next/3 {
		guess := known
		if next%2 == 0 {
			guess = 0
		}
		old, err := a.add(guess, next)
		if err != nil {
			return err
		}
		if old != known {
			return fmt.Errorf("%d was cosigned, the witness says %d", known, old)
		}
		known = next
	}
	if _, err := a.add(known, known); err != nil { // the same again
		return err
	}
	_, err := a.add(known, size-1)
	return err
}

// refusals are held against the state at size-1.
func (a *asker) refusals(size int64) error {
	old := size - 1
	good, err := a.checkpoint(size)
	if err != nil {
		return err
	}
	same, err := a.checkpoint(old)
	if err != nil {
		return err
	}
	proof, err := a.proof(old, size)
	if err != nil {
		return err
	}
	another := tlog.RecordHash([]byte("another"))
	fork, err := a.signed(a.signer.Name(), tlog.Tree{N: old, Hash: another})
	if err != nil {
		return err
	}
	longFork, err := a.signed(a.signer.Name(), tlog.Tree{N: size, Hash: another})
	if err != nil {
		return err
	}
	stranger, err := a.signed("unknown.example/log", tlog.Tree{N: size, Hash: another})
	if err != nil {
		return err
	}
	wrong := append(tlog.TreeProof{}, proof...)
	wrong[len(wrong)/2] = another
	forged := []byte(good)
	forged[len(forged)-20] = 'A' // in the base64 of the signature
	if string(forged) == good {
		forged[len(forged)-20] = 'B'
	}
	unsigned := good[:strings.LastIndex(good, "\n\n")+2]
	for _, row := range []struct {
		what   string
		status int
		body   string
	}{
		{"an older size", 409, requestText(old-1, proof, good)},
		{"a rollback", 409, requestText(1, nil, same)},
		{"an old size over the checkpoint's", 400, requestText(size+1, nil, good)},
		{"no proof", 422, requestText(old, nil, good)},
		{"a wrong proof", 422, requestText(old, wrong, good)},
		{"a longer proof", 422, requestText(old, append(wrong[:0:0], append(proof, another)...), good)},
		{"a second story of one size", 422, requestText(old, nil, fork)},
		{"a second story that is longer", 422, requestText(old, proof, longFork)},
		{"an unknown log", 404, requestText(0, nil, stranger)},
		{"a forged signature", 403, requestText(old, proof, string(forged))},
		{"no signature", 403, requestText(old, proof, unsigned+"\u2014 other.example AAAAAAAA\n")},
		{"no signature line at all", 403, requestText(old, proof, unsigned)},
		{"nothing", 400, ""},
		{"no old size", 400, "old\n\n" + good},
		{"a negative size", 400, "old -1\n\n" + good},
		{"a hash of 31 bytes", 400, "old 1\n" + strings.Repeat("A", 44) + "\n\n" + good},
	} {
		if err := a.refused(row.what, row.status, row.body); err != nil {
			return err
		}
	}
	return nil
}

// monitored wants the newest checkpoint with both signatures.
func (a *asker) monitored(log note.Verifier) error {
	reply, err := a.http.Get(fmt.Sprintf("%s/%x/checkpoint", a.url,
		sha256.Sum256([]byte(a.signer.Name()))))
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(reply.Body, bodyMax))
	if err != nil || reply.StatusCode != http.StatusOK {
		return fmt.Errorf("the newest checkpoint: %d, %v", reply.StatusCode, err)
	}
	signed, err := opened(raw, []note.Verifier{log, a.key})
	if err == nil && signed != a.last {
		err = errors.New("the newest checkpoint is another one")
	}
	return err
}

func witnessAsk(args []string) error {
	signer, err := signerRead(args[2])
	if err != nil {
		return err
	}
	verifiers, err := verifiersRead([]string{args[2] + ".vkey", args[3]})
	if err != nil {
		return err
	}
	tree, err := treeRead(args[1]+"/checkpoint", []string{args[2] + ".vkey"})
	if err != nil {
		return err
	}
	a := &asker{url: args[0], signer: signer, key: verifiers[1],
		reader: tlog.TileHashReader(tree, folder(args[1])), http: http.Client{Timeout: waitMax}}
	if err := a.grows(tree.N); err != nil {
		return err
	}
	if err := a.refusals(tree.N); err != nil {
		return err
	}
	if err := a.monitored(verifiers[0]); err != nil {
		return err
	}
	_, err = a.add(0, tree.N) // nothing of all that has changed what it holds
	return err
}
