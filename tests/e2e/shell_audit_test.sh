#!/bin/sh
# Proves: a log of ours is checked whole with nothing of ours: coreutils and openssl read the
# checkpoint, verify the signatures of the log and of its witness, split the bundles, hash every
# entry and every node, and reach the signed root; and an entry that was changed leads elsewhere.
# The formats are those of c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles.
. tests/e2e/lib.sh
for tool in openssl od dd base64 sha256sum; do
    command -v $tool >/dev/null 2>&1 || skip "$tool is not installed"
done
SANAD_PASSPHRASE=simulated
export SANAD_PASSPHRASE
DOCUMENTS=9

# ---- a log of ten entries and a cosigned checkpoint ---------------------------------------------

for name in log root doc; do
    sanad key new "$work/$name.key" --name "xs.example/$name" --fast >"$work/$name.vkey" ||
        bad "key $name"
done
sanad key new "$work/w.key" --name w.example --type cosigner --fast >"$work/w.vkey" || bad "key w"
cat >"$work/root.json" <<END
{"version":1,"date":"2025-01-01","expires":"2030-01-01",
 "keys":["$(cat "$work/root.vkey")","$(cat "$work/doc.vkey")"],
 "roles":{"root":{"threshold":1,"keys":["xs.example/root"]},
          "document":{"threshold":1,"keys":["xs.example/doc"]}}}
END
expect 0 "root" sanad statement make root --members "$work/root.json" --authority xs \
    --log xs.example/log --key "$work/root.key" --out "$work/0.note"
set -- "$work/0.note"
i=0
prev=
while [ $i -lt $DOCUMENTS ]; do
    echo "memorandum $i" >"$work/memo"
    # shellcheck disable=SC2086 # two words or none
    expect 0 "document $i" sanad statement make document --authority xs --log xs.example/log \
        --date 2025-03-01 --file "$work/memo" --media-type text/plain --language en \
        --title "en=Memorandum" --seq $i $prev --key "$work/doc.key" --out "$work/d$i.note"
    set -- "$@" "$work/d$i.note"
    i=$((i + 1))
    prev="--prev $i"
done
expect 0 "init" sanad log init --dir "$work/l" --key "$work/log.key"
printf 'log %s\nquorum none\n' "$(cat "$work/log.vkey")" >"$work/known"
"$SANAD_BIN" witness --key "$work/w.key" --policy "$work/known" --state "$work/state" \
    --listen 127.0.0.1:0 2>"$work/w.log" &
witness=$!
port=
tries=0
while [ -z "$port" ] && [ $tries -lt 200 ]; do
    port=$(sed -n 's/.*port=\([0-9]*\).*/\1/p' "$work/w.log" | head -n 1)
    tries=$((tries + 1))
    [ -n "$port" ] || sleep 0.1
done
printf 'log %s\nwitness w %s http://127.0.0.1:%s\nquorum w\n' "$(cat "$work/log.vkey")" \
    "$(cat "$work/w.vkey")" "$port" >"$work/policy"
expect 0 "add" sanad log add "$@" --dir "$work/l" --key "$work/log.key" --policy "$work/policy"
kill $witness
expect 0 "we say that it holds" sanad log audit "$work/l" --policy "$work/policy"

# ---- from here on nothing of ours ---------------------------------------------------------------

hex() { od -An -v -tx1 "$@" | tr -d ' \n'; }
unhex() { # unhex HEX FILE
    : >"$2"
    rest=$1
    while [ -n "$rest" ]; do
        two=${rest%"${rest#??}"}
        rest=${rest#??}
        # shellcheck disable=SC2059 # an octal escape
        printf "\\$(printf '%03o' $((0x$two)))" >>"$2"
    done
}
node() { # node LEFT RIGHT: SHA-256(0x01 || left || right)
    unhex "01$1$2" "$work/node"
    sha256sum <"$work/node" | cut -d ' ' -f 1
}

# The note: its text ends before the last blank line; the signature lines stand behind it.
checkpoint=$work/l/checkpoint
size=$(sed -n 2p "$checkpoint")
root=$(sed -n 3p "$checkpoint" | base64 -d | hex)
head -n 3 "$checkpoint" >"$work/text"
line() { grep "^— $1 " "$checkpoint" | cut -d ' ' -f 3 | base64 -d; }
spki=302a300506032b6570032100 # Ed25519, RFC 8410
public() { # public VKEY-FILE DER-FILE: behind two '+' a byte of type and 32 of key
    raw=$(cut -d + -f 3- "$1" | base64 -d | hex)
    unhex "$spki${raw#??}" "$2"
}
signed() { # signed WHAT DER MESSAGE SIGNATURE
    checks=$((checks + 1))
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$2" -rawin -in "$3" -sigfile "$4" \
        >"$work/out" 2>"$work/err" || bad "$1"
}
public "$work/log.vkey" "$work/log.der"
line xs.example/log | tail -c 64 >"$work/log.sig"
signed "openssl: the log's signature" "$work/log.der" "$work/text" "$work/log.sig"
public "$work/w.vkey" "$work/w.der"
line w.example | tail -c 64 >"$work/w.sig"
time=$((0x$(line w.example | head -c 12 | tail -c 8 | hex)))
{
    printf 'cosignature/v1\ntime %d\n' $time
    cat "$work/text"
} >"$work/cosigned"
signed "openssl: the witness's cosignature" "$work/w.der" "$work/cosigned" "$work/w.sig"

# leaves BUNDLE: the leaf hash of each entry, one a line.
leaves() {
    at=0
    total=$(wc -c <"$1")
    while [ $at -lt "$total" ]; do
        length=$((0x$(dd if="$1" bs=1 skip=$at count=2 2>/dev/null | hex)))
        {
            printf '\000'
            dd if="$1" bs=1 skip=$((at + 2)) count=$length 2>/dev/null
        } | sha256sum | cut -d ' ' -f 1
        at=$((at + 2 + length))
    done
}
# tree FIRST COUNT: the root of so many leaves of $work/leaves.
tree() {
    if [ "$2" = 1 ]; then
        sed -n "$(($1 + 1))p" "$work/leaves"
        return
    fi
    split=1
    while [ $((split * 2)) -lt "$2" ]; do
        split=$((split * 2))
    done
    (
        left=$(tree "$1" $split)
        right=$(tree $(($1 + split)) $(($2 - split)))
        node "$left" "$right"
    )
}
bundle=$work/l/tile/entries/000.p/$size
checks=$((checks + 3))
[ "$size" = $((DOCUMENTS + 1)) ] || bad "the checkpoint has $size entries"
leaves "$bundle" >"$work/leaves"
[ "$(wc -l <"$work/leaves")" = "$size" ] || bad "the bundle has another number of entries"
[ "$(tree 0 "$size")" = "$root" ] || bad "sha256sum: the entries do not give the signed root"
# The hash tile holds the same leaf hashes.
checks=$((checks + 1))
[ "$(hex "$work/l/tile/0/000.p/$size")" = "$(tr -d '\n' <"$work/leaves")" ] ||
    bad "the tile holds other hashes than the entries have"
# And a changed entry leads elsewhere.
checks=$((checks + 1))
sed 's/Memorandum/Memorandim/' "$bundle" >"$work/changed"
leaves "$work/changed" >"$work/leaves"
[ "$(tree 0 "$size")" != "$root" ] || bad "a changed entry gives the same root"
finish
