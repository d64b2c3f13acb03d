#!/bin/sh
# Proves: the program of doc/guide/verify-in-c.md compiles as it stands there against the library
# alone and libsodium; it takes a statement signed by two, standing in a log that two witnesses have
# cosigned; and for whatever is spoilt, left out or put in another's place it ends with the verdict
# of `sanad verify`.
. tests/e2e/lib.sh
SANAD_PASSPHRASE=simulated
export SANAD_PASSPHRASE
running=
stop_all() {
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$running" ] || kill $running 2>/dev/null
    clean
}
trap stop_all EXIT
library=$build/libsanad-verify.a
[ -f "$library" ] || skip "$library is not built"

# ---- the guide's program ------------------------------------------------------------------------

sed -n '/^```c$/,/^```$/p' doc/guide/verify-in-c.md | sed '1d;$d' >"$work/verify.c"
lines=$(wc -l <"$work/verify.c")
checks=$((checks + 1))
if [ "$lines" -lt 30 ] || [ "$lines" -gt 70 ]; then
    bad "the guide's program has $lines lines"
fi
expect 0 "the guide's program compiles" "${CC:-cc}" -std=c17 -Wall -Wextra -Werror -Iinclude \
    -o "$work/verify" "$work/verify.c" "$library" -lsodium || finish

# ---- two keys, a log, two witnesses ----------------------------------------------------------------

key() { # key FILE NAME ARGUMENTS...
    file=$1
    name=$2
    shift 2
    sanad key new "$work/$file.key" --name "$name" --fast "$@" >"$work/$file.vkey" ||
        bad "key $file"
}
for name in log k1 k2 k3; do
    key $name xs.example/$name
done
key xp xp.example/log
key w1 one.example/witness --type cosigner
key w2 two.example/witness --type cosigner
expect 0 "the log begins" sanad log init --dir "$work/xs" --key "$work/log.key"
echo "log $(cat "$work/log.vkey")" >"$work/policy"
{
    cat "$work/policy"
    echo "quorum none"
} >"$work/known"
for name in w1 w2; do
    "$SANAD_BIN" witness --key "$work/$name.key" --policy "$work/known" \
        --state "$work/$name.state" --listen 127.0.0.1:0 </dev/null 2>"$work/$name.log" &
    running="$running $!"
    port=
    tries=0
    while [ -z "$port" ] && [ $tries -lt 200 ]; do
        port=$(sed -n 's/.*port=\([0-9]*\).*/\1/p' "$work/$name.log" | head -n 1)
        tries=$((tries + 1))
        [ -n "$port" ] || sleep 0.1
    done
    [ -n "$port" ] || { bad "$name does not listen"; finish; }
    echo "witness $name $(cat "$work/$name.vkey") http://127.0.0.1:$port" >>"$work/policy"
done
printf 'group both all w1 w2\nquorum both\n' >>"$work/policy"

cat >"$work/root.json" <<END
{"version":1,"date":"2026-01-01","expires":"2030-01-01",
 "keys":["$(cat "$work/k1.vkey")","$(cat "$work/k2.vkey")","$(cat "$work/k3.vkey")"],
 "roles":{"root":{"threshold":2,"keys":["xs.example/k1","xs.example/k2","xs.example/k3"]},
          "agreement":{"threshold":2,"keys":["xs.example/k1","xs.example/k2"]}}}
END
cat >"$work/deed.json" <<END
{"date":"2026-02-01","parties":["xs","xp"],"title":{"en":"A SIMULATED deed"},
 "document_sha256":"$(printf 'a deed' | sha256sum | cut -d' ' -f1)","authoritative":"en"}
END
make() { # make KIND FILE MEMBERS KEY...
    kind=$1
    note=$2
    members=$3
    shift 3
    expect 0 "$kind" sanad statement make "$kind" --members "$work/$members" --authority xs \
        --log xs.example/log --out "$work/$note" "$@"
}
make root root.note root.json --key "$work/k1.key" "$work/k2.key"
make agreement deed.note deed.json --key "$work/k1.key" "$work/k2.key"
make agreement one.note deed.json --key "$work/k1.key"
make agreement other.note deed.json --key "$work/k1.key" "$work/k3.key"
expect 0 "published" sanad log add "$work/root.note" "$work/deed.note" --dir "$work/xs" \
    --key "$work/log.key" --policy "$work/policy"
for note in root deed; do
    expect 0 "the place of $note" sanad log prove "$work/$note.note" --dir "$work/xs" \
        --out "$work/$note.proof"
done
cat >"$work/trust.json" <<END
{"keys":["$(cat "$work/k1.vkey")","$(cat "$work/k2.vkey")"],
 "roles":{"agreement":{"threshold":2,"keys":["xs.example/k1","xs.example/k2"]}}}
END

# ---- both say the same -------------------------------------------------------------------------------

# both CODE WHAT STATEMENT TRUST PROOF POLICY: CODE "-" is whatever the program says.
both() {
    wanted=$1
    what=$2
    checks=$((checks + 1))
    sanad verify "$work/$3" --trust "$work/$4" --proof "$work/$5" --policy "$work/$6" \
        >"$work/out" 2>"$work/err"
    program=$?
    (cd "$work" && ./verify "$3" "$4" "$5" "$6") >>"$work/out" 2>>"$work/err"
    core=$?
    [ "$wanted" = - ] && wanted=$program
    [ $program = "$wanted" ] && [ $core = "$wanted" ] && return 0
    bad "$what: the program says $program, the library $core, expected $wanted"
}
both 0 "by a trust file" deed.note trust.json deed.proof policy
both 0 "by the root" deed.note root.note deed.proof policy
both 0 "the root itself" root.note root.note root.proof policy
checks=$((checks + 1))
(cd "$work" && ./verify deed.note trust.json deed.proof policy) >"$work/said"
[ "$(cat "$work/said")" = "signatures: agreement: 2 of at least 2 needed signatures verify
checkpoint: checkpoint of xs.example/log: signed by the log, the quorum is reached
place: entry 1 of 2: these bytes stand there" ] || { cp "$work/said" "$work/out"; bad "its words"; }

key w3 three.example/witness --type cosigner
sed "s|^group.*|witness w3 $(cat "$work/w3.vkey")\ngroup both all w1 w2 w3|" "$work/policy" >"$work/policy3"
{
    echo "log $(cat "$work/xp.vkey")"
    echo "quorum none"
} >"$work/policy-xp"
sed 's/"agreement"/"claim"/' "$work/trust.json" >"$work/trust-claim.json"
sed 's/"roles"/"expires":{"xs.example\/k1":"2026-02-01"},&/' "$work/trust.json" >"$work/trust-late.json"
both 1 "another entry's place" deed.note trust.json root.proof policy
both 1 "signed by one, and not what stands there" one.note trust.json deed.proof policy
both 1 "signed by another" other.note trust.json deed.proof policy
both 1 "by a key that had expired" deed.note trust-late.json deed.proof policy
both 3 "nobody has the role" deed.note trust-claim.json deed.proof policy
both 3 "a third witness is missing" deed.note trust.json deed.proof policy3
both 3 "another log" deed.note trust.json deed.proof policy-xp
both 1 "undecided by one, contradicted by the other" deed.note trust-late.json deed.proof policy3
both 4 "no statement" policy trust.json deed.proof policy
both 4 "no trust" deed.note policy deed.proof policy
both 4 "no proof" deed.note trust.json deed.note policy
both 4 "no policy" deed.note trust.json deed.proof deed.note

# ---- one bit, anywhere ----------------------------------------------------------------------------------

# flip FROM TO OFFSET: one bit of one byte.
flip() {
    cp "$work/$1" "$work/$2"
    byte=$(od -An -tu1 -j "$3" -N 1 "$work/$1" | tr -d ' ')
    # shellcheck disable=SC2059 # an octal escape is made
    printf "\\$(printf %03o $((byte ^ 1 << $3 % 7)))" |
        dd of="$work/$2" bs=1 seek="$3" conv=notrunc 2>/dev/null
}
for file in deed.note trust.json root.note deed.proof policy; do
    size=$(wc -c <"$work/$file")
    at=7
    for _ in $(seq 12); do
        at=$(((at * 31 + 17) % size))
        flip $file spoilt $at
        case $file in
        deed.note) both - "$file, byte $at" spoilt trust.json deed.proof policy ;;
        trust.json | root.note) both - "$file, byte $at" deed.note spoilt deed.proof policy ;;
        deed.proof) both - "$file, byte $at" deed.note trust.json spoilt policy ;;
        policy) both - "$file, byte $at" deed.note trust.json deed.proof spoilt ;;
        esac
    done
    for part in 2 3; do
        head -c $((size / part)) "$work/$file" >"$work/cut"
        case $file in
        deed.note) both - "$file, cut" cut trust.json deed.proof policy ;;
        trust.json | root.note) both - "$file, cut" deed.note cut deed.proof policy ;;
        deed.proof) both - "$file, cut" deed.note trust.json cut policy ;;
        policy) both - "$file, cut" deed.note trust.json deed.proof cut ;;
        esac
    done
done
finish
