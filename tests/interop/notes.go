// Keys, the cosignature/v1 signer and verifier that x/mod leaves to its users, and notes that were
// changed at random together with what note.Open says of them.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	mathrand "math/rand"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

const cosignatureType = 4

// keyMake writes FILE.skey and FILE.vkey of a new log's or role's key.
func keyMake(args []string) error {
	skey, vkey, err := note.GenerateKey(rand.Reader, args[1])
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[0]+".skey", []byte(skey+"\n"), 0o600); err != nil {
		return err
	}
	return os.WriteFile(args[0]+".vkey", []byte(vkey+"\n"), 0o644)
}

func signerRead(path string) (note.Signer, error) {
	skey, err := text(path + ".skey")
	if err != nil {
		return nil, err
	}
	return note.NewSigner(skey)
}

// A cosigner is a note.Signer and a note.Verifier of c2sp.org/tlog-cosignature, type 0x04.
type cosigner struct {
	name    string
	hash    uint32
	public  ed25519.PublicKey
	private ed25519.PrivateKey // nil: it only verifies
}

func cosignerHash(name string, public ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n\x04"), public...))
	return binary.BigEndian.Uint32(sum[:4])
}

func cosignerMake(args []string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	material := base64.StdEncoding.EncodeToString(append([]byte{cosignatureType}, public...))
	vkey := fmt.Sprintf("%s+%08x+%s\n", args[1], cosignerHash(args[1], public), material)
	if err := os.WriteFile(args[0]+".vkey", []byte(vkey), 0o644); err != nil {
		return err
	}
	return os.WriteFile(args[0]+".seed", []byte(hex.EncodeToString(private.Seed())+"\n"), 0o600)
}

func cosignerParse(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no verifier key")
	}
	material, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(material) != 33 || material[0] != cosignatureType {
		return nil, errors.New("no cosigner's key")
	}
	c := &cosigner{name: parts[0], public: material[1:]}
	c.hash = cosignerHash(c.name, c.public)
	if fmt.Sprintf("%08x", c.hash) != parts[1] {
		return nil, errors.New("a cosigner's key with another id")
	}
	return c, nil
}

func cosignerRead(path string) (*cosigner, error) {
	vkey, err := text(path + ".vkey")
	if err != nil {
		return nil, err
	}
	c, err := cosignerParse(vkey)
	if err != nil {
		return nil, err
	}
	secret, err := text(path + ".seed")
	if err != nil {
		return nil, err
	}
	seed, err := hex.DecodeString(secret)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, errors.New("no seed")
	}
	c.private = ed25519.NewKeyFromSeed(seed)
	return c, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

func cosigned(when uint64, msg []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", when)), msg...)
}

func (c *cosigner) Sign(msg []byte) ([]byte, error) {
	var sig [8]byte
	when := uint64(time.Now().Unix())
	binary.BigEndian.PutUint64(sig[:], when)
	return append(sig[:], ed25519.Sign(c.private, cosigned(when, msg))...), nil
}

func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	when := binary.BigEndian.Uint64(sig)
	return when <= math.MaxInt64 && ed25519.Verify(c.public, cosigned(when, msg), sig[8:])
}

func verifierParse(vkey string) (note.Verifier, error) {
	if v, err := note.NewVerifier(vkey); err == nil {
		return v, nil
	}
	return cosignerParse(vkey)
}

// verifiersRead takes the vkeys of files.
func verifiersRead(paths []string) ([]note.Verifier, error) {
	var list []note.Verifier
	for _, path := range paths {
		vkey, err := text(path)
		if err != nil {
			return nil, err
		}
		v, err := verifierParse(vkey)
		if err != nil {
			return nil, fmt.Errorf("%s: %v", path, err)
		}
		list = append(list, v)
	}
	return list, nil
}

// opened is the text of a note that all of these have signed.
func opened(raw []byte, verifiers []note.Verifier) (string, error) {
	n, err := note.Open(raw, note.VerifierList(verifiers...))
	if err != nil {
		return "", err
	}
	if len(n.Sigs) != len(verifiers) {
		return "", fmt.Errorf("%d of %d have signed", len(n.Sigs), len(verifiers))
	}
	return n.Text, nil
}

const (
	mldsaType = 6
	mldsaSize = 2420
)

// unknownAdd adds a line as an ML-DSA-44 cosigner's would be: of the right length and a key's id.
func unknownAdd(args []string) error {
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	line := make([]byte, 4+8+mldsaSize)
	if _, err := rand.Read(line); err != nil {
		return err
	}
	id := sha256.Sum256(append([]byte("pq.example\n"), mldsaType))
	copy(line, id[:4])
	text := "\u2014 pq.example " + base64.StdEncoding.EncodeToString(line) + "\n"
	return os.WriteFile(args[0], append(raw, text...), 0o644)
}

// A change of a note, and what note.Open finds in it: how many of the keys have signed, -1 where it
// is refused.
type judgedNote struct {
	What  string   `json:"what"`
	Vkeys []string `json:"vkeys"`
	Note  string   `json:"note"` // base64
	Valid int      `json:"valid"`
}

const (
	notesCount = 4000
	notesSeed  = 4
)

func noteChange(random *mathrand.Rand, raw []byte) (string, []byte) {
	at := random.Intn(len(raw))
	switch random.Intn(8) {
	case 0:
		raw[at] ^= 1 << random.Intn(8)
		return "a bit", raw
	case 1:
		return "a byte less", append(raw[:at], raw[at+1:]...)
	case 2:
		return "a byte more", append(raw[:at], append([]byte{raw[random.Intn(len(raw))]}, raw[at:]...)...)
	case 3:
		return "cut off", raw[:at]
	case 4: // another byte of the alphabet in base64
		raw[at] = "ABCDabcd0123+/= \n"[random.Intn(17)]
		return "another byte", raw
	}
	lines := bytes.SplitAfter(raw, []byte("\n"))
	lines = lines[:len(lines)-1]
	from, to := random.Intn(len(lines)), random.Intn(len(lines))
	switch random.Intn(3) {
	case 0:
		lines[from], lines[to] = lines[to], lines[from]
		return "two lines swapped", bytes.Join(lines, nil)
	case 1:
		lines = append(lines[:from], lines[from+1:]...)
		return "a line less", bytes.Join(lines, nil)
	}
	twice := append([][]byte{}, lines[:to]...)
	twice = append(twice, lines[from])
	return "a line twice", bytes.Join(append(twice, lines[to:]...), nil)
}

func notesMake(args []string) error {
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	verifiers, err := verifiersRead(args[2:])
	if err != nil {
		return err
	}
	var vkeys []string
	for _, path := range args[2:] {
		vkey, err := text(path)
		if err != nil {
			return err
		}
		vkeys = append(vkeys, vkey)
	}
	var out bytes.Buffer
	random := mathrand.New(mathrand.NewSource(notesSeed))
	for i := 0; i < notesCount; i++ {
		what, changed := "nothing", append([]byte{}, raw...)
		if i > 0 {
			what, changed = noteChange(random, changed)
		}
		judged := judgedNote{What: what, Vkeys: vkeys, Valid: -1,
			Note: base64.StdEncoding.EncodeToString(changed)}
		if n, err := note.Open(changed, note.VerifierList(verifiers...)); err == nil {
			judged.Valid = len(n.Sigs)
		}
		line, err := json.Marshal(judged)
		if err != nil {
			return err
		}
		out.Write(append(line, '\n'))
	}
	return os.WriteFile(args[1], out.Bytes(), 0o644)
}

// ed25519Judge writes, for each of C2SP's edge cases, its number and whether crypto/ed25519 takes it.
func ed25519Judge(args []string) error {
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var cases []struct {
		Number        int
		Key, Sig, Msg string
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		return err
	}
	var out bytes.Buffer
	for _, c := range cases {
		key, err := hex.DecodeString(c.Key)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return fmt.Errorf("case %d: no key", c.Number)
		}
		sig, err := hex.DecodeString(c.Sig)
		if err != nil {
			return fmt.Errorf("case %d: no signature", c.Number)
		}
		fmt.Fprintf(&out, "%d %t\n", c.Number, ed25519.Verify(key, []byte(c.Msg), sig))
	}
	return os.WriteFile(args[1], out.Bytes(), 0o644)
}
