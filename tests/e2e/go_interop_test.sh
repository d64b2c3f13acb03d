#!/bin/sh
# Proves: another implementation, Go's golang.org/x/mod (Debian's golang-golang-x-mod-dev, package
# sumdb), and we take each other's notes, checkpoints, cosignatures, tiles, bundles, proofs and
# answers of witnesses, refuse each other's damaged ones, and judge changed notes, changed proofs and
# the edges of Ed25519 alike where it matters: what we take, Go takes. Its half: tests/interop.
. tests/e2e/lib.sh
helper=$build/e2e_interop
[ -x "$helper" ] || skip "$helper is not built"
command -v go >/dev/null 2>&1 || skip "go is not installed"
gopath=${SANAD_GOPATH:-/usr/share/gocode}
[ -d "$gopath/src/golang.org/x/mod/sumdb/tlog" ] || skip "golang-golang-x-mod-dev is not installed"
SANAD_PASSPHRASE=simulated
export SANAD_PASSPHRASE
running=
stop_all() {
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$running" ] || kill $running 2>/dev/null
    clean
}
trap stop_all EXIT

# Nothing is fetched: modules are off, and all that it imports is of Debian.
interop=$build/interop-go
expect 0 "Go's half builds" env GO111MODULE=off GOPATH="$gopath" GOCACHE="$interop.cache" GOFLAGS= \
    GOPROXY=off HOME="$work" go build -o "$interop" tests/interop/*.go || finish
expect 0 "Go's half is formatted" sh -c 'test -z "$(gofmt -l tests/interop)"'
interop() {
    "$interop" "$@"
}

# wait_for FILE PATTERN: sets $port from the first line that matches.
wait_for() {
    port=
    tries=0
    while [ -z "$port" ] && [ $tries -lt 200 ]; do
        port=$(sed -n "$2" "$1" 2>/dev/null | head -n 1)
        tries=$((tries + 1))
        [ -n "$port" ] || sleep 0.05
    done
    [ -n "$port" ] || { bad "$1 names no port"; finish; }
}

# says PATTERN WHAT: the last command's output matches.
says() {
    checks=$((checks + 1))
    grep -Eq -e "$1" "$work/out" || bad "$2: it does not say '$1'"
}

# ---- keys of both sides -------------------------------------------------------------------------

for name in ours/log ours/root; do
    mkdir -p "$work/ours"
    sanad key new "$work/$name.key" --name "xs.example/${name#*/}" --fast >"$work/$name.vkey" ||
        bad "key $name"
done
sanad key new "$work/ours/w.key" --name w.example --type cosigner --fast >"$work/ours/w.vkey" ||
    bad "key w"
mkdir "$work/go"
expect 0 "Go's log key" interop key "$work/go/log" go.example/log
expect 0 "Go's role key" interop key "$work/go/doc" xs.example/doc
expect 0 "Go's cosigner" interop cosigner "$work/go/w" gow.example

# ---- ours, read by Go: statements that Go signed, a log that we wrote, cosigned by both ----------------

DOCUMENTS=299
cat >"$work/root.json" <<END
{"version":1,"date":"2025-01-01","expires":"2030-01-01",
 "keys":["$(cat "$work/ours/root.vkey")","$(cat "$work/go/doc.vkey")"],
 "roles":{"root":{"threshold":1,"keys":["xs.example/root"]},
          "document":{"threshold":1,"keys":["xs.example/doc"]}}}
END
expect 0 "root" sanad statement make root --members "$work/root.json" --authority xq \
    --log xs.example/log --key "$work/ours/root.key" --out "$work/0000.note"
expect 0 "Go signs documents" interop statements "$work/notes" $DOCUMENTS xs.example/log "$work/go/doc"
expect 0 "init" sanad log init --dir "$work/l" --key "$work/ours/log.key"
printf 'log %s\nlog %s\nquorum none\n' "$(cat "$work/ours/log.vkey")" "$(cat "$work/go/log.vkey")" \
    >"$work/known"
"$SANAD_BIN" witness --key "$work/ours/w.key" --policy "$work/known" --state "$work/state" \
    --listen 127.0.0.1:0 2>"$work/w.log" &
running="$running $!"
wait_for "$work/w.log" 's/.*port=\([0-9]*\).*/\1/p'
ours_url=http://127.0.0.1:$port
"$interop" witness "$work/go/w" "$work/ours/log.vkey" "$work/go-port" 2>"$work/go-w.log" &
running="$running $!"
wait_for "$work/go-port" 's/^\([0-9][0-9]*\)$/\1/p'
{
    printf 'log %s\nlog %s\n' "$(cat "$work/ours/log.vkey")" "$(cat "$work/go/log.vkey")"
    printf 'witness ours %s %s\n' "$(cat "$work/ours/w.vkey")" "$ours_url"
    printf 'witness go %s http://127.0.0.1:%s\n' "$(cat "$work/go/w.vkey")" "$port"
    printf 'group both all ours go\nquorum both\n'
} >"$work/policy"
# In steps, so that each witness checks proofs of consistency of ours.
add() {
    expect 0 "we add, and both witnesses cosign" sanad log add "$@" --dir "$work/l" \
        --key "$work/ours/log.key" --policy "$work/policy" --json
    holds "both have cosigned" "$work/out" \
        '(.witnesses | length) == 2 and all(.witnesses[]; .cosigned)'
    cp "$work/l/checkpoint" "$work/l.$(sed -n 2p "$work/l/checkpoint")"
}
cp "$work/l/checkpoint" "$work/l.0"
add "$work/0000.note" "$work/notes/0001.note" "$work/notes/0002.note"
add "$work"/notes/000[3-9].note "$work"/notes/00[1-9]?.note
add "$work"/notes/01??.note
add "$work"/notes/02??.note
expect 0 "we say that it holds" sanad log audit "$work/l" --policy "$work/policy"
audit_ours() { # audit_ours DIR: Go's verdict of a copy of our log
    interop audit "$1" "$1/checkpoint" "$work/ours/log.vkey" "$work/ours/w.vkey" "$work/go/w.vkey"
}
expect 0 "Go: our log, cosigned by both" audit_ours "$work/l"
says '^300 entries, [0-9]+ inclusion proofs' "Go has seen all"
expect 0 "Go: it only grew" interop grown "$work/l" "$work/l/checkpoint" "$work/ours/log.vkey" \
    "$work"/l.[0-9]*
for index in 0 1 255 256 299; do
    note=$work/0000.note
    [ $index = 0 ] || note=$(printf '%s/notes/%04d.note' "$work" $index)
    expect 0 "our proof of $index" sanad log prove $index --dir "$work/l" --out "$work/ours.proof"
    expect 0 "Go: our proof of $index" interop proof "$work/ours.proof" "$note" \
        "$work/ours/log.vkey" "$work/go/w.vkey"
    expect 1 "Go: our proof of another" interop proof "$work/ours.proof" "$work/notes/0099.note" \
        "$work/ours/log.vkey"
done

# A larger one of bytes of any kind, up to the third level of tiles.
expect 0 "a large log of ours" "$helper" write "$work/large" 1 255 256 257 40000 65536 66000
audit_large() {
    interop audit "$1" "$1/checkpoint" "$work/large.vkey"
}
expect 0 "Go: our large log" audit_large "$work/large"
expect 0 "Go: it only grew" interop grown "$work/large" "$work/large/checkpoint" \
    "$work/large.vkey" "$work"/large.[0-9]*
expect 0 "our proofs" "$helper" proofs-make "$work/large" 66000 "$work/ours.jsonl"
expect 0 "Go: our proofs" interop proofs-check "$work/ours.jsonl"
says '^600 proofs, 600 hold' "Go takes all of our proofs"
expect 0 "Go's proofs" interop proofs-make "$work/large" "$work/large/checkpoint" "$work/go.jsonl"
expect 0 "Go's proofs and spoiled ones, judged by us" "$helper" proofs-check "$work/go.jsonl"
cat "$work/out"

# ---- Go's, read by us ------------------------------------------------------------------------------

expect 0 "Go's root and documents" interop statements "$work/go-notes" 600 go.example/log \
    "$work/go/doc" with-root
expect 0 "Go writes a log" interop write "$work/g" "$work/go-notes" 601 "$work/go/log" "$work/go/w"
{
    printf 'log %s\n' "$(cat "$work/go/log.vkey")"
    printf 'witness go %s\nquorum go\n' "$(cat "$work/go/w.vkey")"
} >"$work/go-policy"
audit_go() { # audit_go DIR: our verdict
    sanad log audit "$1" --policy "$work/go-policy" --json
}
expect 0 "we: Go's log" audit_go "$work/g"
holds "we: Go's log" "$work/out" '.verdict == "holds"
    and any(.checks[]; .name == "tiles" and (.detail | test("^601 entries")))
    and any(.checks[]; .name == "cosignature" and .subject == "go" and .verdict == "holds")
    and any(.checks[]; .name == "entries" and (.detail | test("root 1, document 600")))'
expect 0 "we verify it as a stranger does" sanad verify "$work/g" --policy "$work/go-policy"
expect 0 "we mirror it" sanad mirror --log "$work/g" --policy "$work/go-policy" --out "$work/copy"
checks=$((checks + 1))
diff -r "$work/g" "$work/copy" -x '.lock' >"$work/out" 2>&1 || bad "our copy of it has other bytes"
printf '{"keys":["%s"],"roles":{"document":{"threshold":1,"keys":["xs.example/doc"]}}}' \
    "$(cat "$work/go/doc.vkey")" >"$work/trust.json"
for index in 1 255 256 600; do
    note=$(printf '%s/go-notes/%04d.note' "$work" $index)
    expect 0 "Go's proof of $index" interop prove "$work/g" "$work/g/checkpoint" $index "$work/go.proof"
    printf 'memorandum %d' $((index - 1)) >"$work/memo"
    expect 0 "we: Go's proof of $index" sanad verify "$note" --proof "$work/go.proof" \
        --policy "$work/go-policy" --trust "$work/trust.json" --file "$work/memo" --json
    expect 1 "we: Go's proof of another" sanad verify "$work/go-notes/0099.note" \
        --proof "$work/go.proof" --policy "$work/go-policy" --trust "$work/trust.json" --file "$work/memo"
    expect 0 "our proof from Go's tiles" sanad log prove $index --dir "$work/g" --out "$work/ours.proof"
    same "both write one proof file" "$work/go.proof" "$work/ours.proof"
done

# Our witness, asked by Go for all that the protocol has: 200, 400, 403, 404, 409, 422.
expect 0 "our witness, asked by Go" interop ask "$ours_url" "$work/g" "$work/go/log" "$work/ours/w.vkey"

# ---- damage: both refuse -----------------------------------------------------------------------------

# damaged FILE BIT: in a copy of either log, one bit of a file; both must see it.
damaged() {
    for log in l g; do
        file=$1
        [ -f "$work/$log/$file" ] || file=$(cd "$work/$log" && find "$1".p -type f 2>/dev/null | head -n 1)
        [ -f "$work/$log/$file" ] || { bad "$log has no $1"; continue; }
        cp "$work/$log/$file" "$work/kept"
        expect 0 "flip $log/$file $2" interop flip "$work/$log/$file" "$2"
        checks=$((checks + 2))
        case $log in
        l)
            audit_ours "$work/l" >"$work/out" 2>"$work/err" && bad "Go takes $log/$file with bit $2"
            sanad log audit "$work/l" --policy "$work/policy" >"$work/out" 2>"$work/err" &&
                bad "we take $log/$file with bit $2"
            ;;
        g)
            interop audit "$work/g" "$work/g/checkpoint" "$work/go/log.vkey" "$work/go/w.vkey" \
                >"$work/out" 2>"$work/err" && bad "Go takes $log/$file with bit $2"
            audit_go "$work/g" >"$work/out" 2>"$work/err" && bad "we take $log/$file with bit $2"
            ;;
        esac
        cp "$work/kept" "$work/$log/$file"
    done
}
damaged tile/0/000 0
damaged tile/0/000 -1
damaged tile/1/000 9
damaged tile/entries/000 3000
damaged tile/entries/000 5  # a length
damaged tile/0/001 77
damaged checkpoint 1        # the origin
damaged checkpoint 300      # the root
damaged checkpoint -100     # a signature
damaged checkpoint -2000    # another one
expect 0 "Go: whole again" audit_ours "$work/l"
expect 0 "we: whole again" audit_go "$work/g"

# A line of a type that neither knows, ML-DSA-44, is ignored by both.
expect 0 "a line of ML-DSA" interop unknown "$work/l/checkpoint"
expect 0 "a line of ML-DSA" interop unknown "$work/g/checkpoint"
expect 0 "Go: with a line of ML-DSA" audit_ours "$work/l"
expect 0 "we: with a line of ML-DSA" audit_go "$work/g"

# ---- two stories: our proof, checked by Go after the document alone ------------------------------------

expect 0 "Go's other documents" interop statements "$work/other-notes" 700 go.example/log \
    "$work/go/doc" with-root
sed -i 's/Memorandum/Memorandim/' "$work/other-notes/0500.note" # Go's log takes what it is given
fraud_of() { # fraud_of SIZE WHAT: that many of the other notes, and the proof
    rm -rf "$work/story"
    interop write "$work/story" "$work/other-notes" "$1" "$work/go/log"
    expect 1 "$2: our mirror refuses" sanad mirror --log "$work/story" --policy "$work/known" \
        --out "$work/copy"
    mv "$work"/copy/fraud-*.txt "$work/fraud" || bad "$2: no proof"
    expect 0 "$2: we are convinced" sanad verify "$work/fraud" --policy "$work/known"
    expect 0 "$2: Go is convinced" interop fraud "$work/fraud" "$work/go/log.vkey"
    expect 1 "$2: not of another log" interop fraud "$work/fraud" "$work/ours/log.vkey"
    refusing=0
    for bit in 3 200 300 700 1500 2500 -60 -100 -700 -1200 -2000 -3000; do
        cp "$work/fraud" "$work/fraud-bad"
        expect 0 "$2: flip $bit" interop flip "$work/fraud-bad" $bit
        # In the line of a cosigner, whom neither asks about, a bit changes nothing.
        theirs=0
        interop fraud "$work/fraud-bad" "$work/go/log.vkey" 2>"$work/err" || theirs=1
        ours=0
        sanad verify "$work/fraud-bad" --policy "$work/known" >"$work/out" 2>&1 || ours=1
        refusing=$((refusing + ours))
        checks=$((checks + 1))
        [ $theirs = $ours ] || bad "$2: with bit $bit Go says $theirs, we say $ours"
    done
    checks=$((checks + 1))
    [ $refusing -ge 8 ] || bad "$2: of 12 damaged proofs we refuse $refusing"
}
fraud_of 700 "a longer story"
fraud_of 601 "one size, two roots"
fraud_of 550 "a shorter story"

# ---- thousands of changed notes, and the edges of Ed25519 ----------------------------------------------

expect 0 "Go judges changed notes" interop notes "$work/l/checkpoint" "$work/notes.jsonl" \
    "$work/ours/log.vkey" "$work/ours/w.vkey" "$work/go/w.vkey"
expect 0 "we take none that Go refuses" "$helper" notes "$work/notes.jsonl"
tail -n 1 "$work/out"
sort "$work/out" | sed -n 's/: line .*//p' | uniq -c
vectors=${SANAD_DATA:-}/tlog/ed25519/ed25519vectors.json
if [ -f "$vectors" ]; then
    expect 0 "Go judges the edges of Ed25519" interop ed25519 "$vectors" "$work/ed-go"
    expect 0 "we judge them" "$helper" ed25519 "$vectors"
    mv "$work/out" "$work/ed-ours"
    checks=$((checks + 2))
    [ "$(grep -c true "$work/ed-go")" = 208 ] || bad "Go takes another number of the edges"
    [ "$(diff "$work/ed-go" "$work/ed-ours" | grep -c '^> .* false')" = 165 ] &&
        [ "$(diff "$work/ed-go" "$work/ed-ours" | grep -c '^> .* true')" = 0 ] ||
        bad "we differ from Go in others than 165 that it takes and we refuse"
else
    echo "the edges of Ed25519: needs SANAD_DATA"
fi
finish
