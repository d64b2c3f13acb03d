# Proves: what a partner's log shows is recorded in ours with one command, its place and its
# members read from both logs; only where it is signed by a key that our root names and continues
# what was recorded before; an audit holds all that is recorded against the partner's log; two
# stories leave a proof that convinces anyone, damage and old copies leave none.
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

key() { # key FILE NAME
    sanad key new "$work/$1.key" --name "$2" --fast >"$work/$1.vkey" || bad "key $1"
}
# document CC NUMBER DIR: a document enters a log.
document() {
    echo "memorandum $2" >"$work/memo"
    sanad statement make document --dir "$3" --date 2025-03-01 --file "$work/memo" \
        --media-type text/plain --language en --title en=Memorandum --key "$work/$1-doc.key" \
        --out "$work/doc.note" &&
        sanad log add "$work/doc.note" --dir "$3" --key "$work/$1-log.key"
}
# begin CC DIR: a log with its root.
begin() {
    sanad log init --dir "$2" --key "$work/$1-log.key" &&
        sanad statement make root --dir "$2" --authority "$1" --members "$work/$1-root.json" \
            --key "$work/$1-root.key" --out "$work/$1-root.note" &&
        sanad log add "$work/$1-root.note" --dir "$2" --key "$work/$1-log.key"
}
# record WHERE [OPTIONS]: the partner's newest checkpoint as a statement of ours.
record() {
    where=$1
    shift
    rm -f "$work/partner.note"
    sanad statement make partner-checkpoint --from "$where" --dir "$work/xs" --date 2025-06-01 \
        --fraud "$work/fraud" --key "$work/xs-doc.key" --out "$work/partner.note" "$@"
}
nothing_made() {
    checks=$((checks + 1))
    [ ! -e "$work/partner.note" ] || bad "$1: a statement was made"
    checks=$((checks + 1))
    [ -z "$(ls "$work/fraud")" ] || bad "$1: a proof of fraud was written"
}
audit() {
    sanad log audit "$work/xs" --policy "$work/policy" --fraud "$work/fraud" --json "$@"
}
fraud_found() { # fraud_found WHAT: one proof, which convinces a stranger; it is taken away.
    checks=$((checks + 1))
    [ "$(find "$work/fraud" -name 'fraud-*.txt' | wc -l)" = 1 ] || bad "$1: not one proof"
    expect 0 "$1: the proof" sanad verify "$work"/fraud/fraud-*.txt --policy "$work/policy"
    rm -f "$work"/fraud/fraud-*.txt
}

mkdir "$work/fraud"
for cc in xs xp xq; do
    key $cc-log $cc.example/log
    key $cc-root $cc.example/root
    key $cc-doc $cc.example/doc
    jq -n --arg cc $cc --arg root "$(cat "$work/$cc-root.vkey")" \
        --arg doc "$(cat "$work/$cc-doc.vkey")" '
        {version: 1, date: "2025-01-01", expires: "2030-01-01", keys: [$root, $doc], roles:
         {root: {threshold: 1, keys: [$cc + ".example/root"]},
          document: {threshold: 1, keys: [$cc + ".example/doc"]},
          "partner-checkpoint": {threshold: 1, keys: [$cc + ".example/doc"]}}}' \
        >"$work/$cc-root.json"
done
jq --arg key "$(cat "$work/xp-log.vkey")" \
    '.partners = [{authority: "xp", log: "xp.example/log", keys: [$key]}]' \
    "$work/xs-root.json" >"$work/named.json" && mv "$work/named.json" "$work/xs-root.json"
for cc in xs xp; do
    echo "log $(cat "$work/$cc-log.vkey")"
done >"$work/policy"
echo "quorum none" >>"$work/policy"
for cc in xs xp xq; do
    expect 0 "the log of $cc" begin $cc "$work/$cc"
done

# ---- recorded --------------------------------------------------------------------------------

expect 0 "recorded" record "$work/xp"
expect 0 "recorded" sanad statement show "$work/partner.note" --json
holds "what is recorded" "$work/out" '.partner == "xp" and .origin == "xp.example/log" and .size == 1
    and .seq == 0 and .prev == -1 and .log == "xs.example/log"
    and .checkpoint == ($c | split("\n")[:-1])' --rawfile c "$work/xp/checkpoint"
expect 0 "it enters" sanad log add "$work/partner.note" --dir "$work/xs" --key "$work/xs-log.key"
cp -r "$work/xp" "$work/old"
expect 0 "the partner goes on" document xp 1 "$work/xp"
expect 0 "and on" document xp 2 "$work/xp"
"$SANAD_BIN" log serve --dir "$work/xp" --listen 127.0.0.1:0 2>"$work/serve" &
running=$!
port=
tries=0
while [ -z "$port" ] && [ $tries -lt 200 ]; do
    port=$(sed -n 's/.*port=\([0-9]*\).*/\1/p' "$work/serve" | head -n 1)
    tries=$((tries + 1))
    [ -n "$port" ] || sleep 0.1
done
expect 0 "recorded from its server" record "http://127.0.0.1:$port" --policy "$work/policy"
expect 0 "the second" sanad statement show "$work/partner.note" --json
holds "the second" "$work/out" '.size == 3 and .seq == 1 and .prev == 1'
expect 0 "it enters" sanad log add "$work/partner.note" --dir "$work/xs" --key "$work/xs-log.key"
expect 0 "an audit with the partner's folder" audit --partner "$work/xp"
holds "both are continued" "$work/out" '.verdict == "holds" and any(.checks[]; .name == "partner"
    and .subject == "xp.example/log" and (.detail | test("3 entries continues all 2")))'
expect 0 "with its server, by verify" sanad verify "$work/xs" --policy "$work/policy" \
    --partner "http://127.0.0.1:$port"
expect 0 "what has not changed may be said again" record "$work/xp"

# ---- not recorded ------------------------------------------------------------------------------

refused 3 'shows 1 entries, and entry 2 has recorded 3' "an older copy" record "$work/old"
nothing_made "an older copy"
expect 3 "an audit with an older copy" audit --partner "$work/old"
refused 4 'names no partner with the log xq.example/log' "a log that no root names" \
    record "$work/xq"
nothing_made "a log that no root names"
expect 3 "an audit with a log that no root names" audit --partner "$work/xq"
expect 3 "an audit with no log" audit --partner "$work/nowhere"
{
    cat "$work/policy" | grep -v quorum
    echo "witness w $(sanad key new "$work/w.key" --name w.example --type cosigner --fast)"
    echo "quorum w"
} >"$work/strict"
refused 3 'quorum' "nobody has cosigned it" record "$work/xp" --policy "$work/strict"
nothing_made "nobody has cosigned it"
refused 4 'is that of xp' "another name" record "$work/xp" --partner xq
refused 2 'from says it' "two checkpoints" record "$work/xp" --checkpoint "$work/xp/checkpoint"
refused 2 'from needs --dir' "no log of ours" sanad statement make partner-checkpoint \
    --from "$work/xp" --authority xs --log xs.example/log --date 2025-06-01
key xp2 xp.example/log
cp -r "$work/xp" "$work/forged"
sanad log init --dir "$work/forged2" --key "$work/xp2.key" >/dev/null
cp "$work/forged2/checkpoint" "$work/forged/checkpoint"
refused 1 'no signature of a key that our root names' "another key" record "$work/forged"
nothing_made "another key"
expect 1 "an audit with another key" audit --partner "$work/forged"
expect 0 "more" document xp 3 "$work/xp"
cp -r "$work/xp" "$work/damaged"
printf '\377' | dd of="$work/damaged/tile/0/000.p/4" bs=1 seek=5 conv=notrunc 2>/dev/null
refused 1 'do not give the root' "damaged tiles" record "$work/damaged"
nothing_made "damaged tiles"
expect 1 "an audit with damaged tiles" audit --partner "$work/damaged"
nothing_made "an audit with damaged tiles"

# ---- two stories -------------------------------------------------------------------------------

expect 0 "another story" begin xp "$work/story"
expect 0 "another story" document xp other "$work/story"
expect 0 "of the same size" document xp other2 "$work/story"
expect 1 "one size, two roots" record "$work/story"
checks=$((checks + 1))
grep -q '^sanad: .*two stories: its checkpoint of 3 entries.*that of 3, which stands in entry 2' \
    "$work/err" || bad "one size, two roots: other words"
fraud_found "one size, two roots"
expect 0 "longer" document xp other3 "$work/story"
expect 1 "a longer story" record "$work/story"
fraud_found "a longer story"
nothing_made "a longer story"
expect 1 "an audit with the other story" audit --partner "$work/story"
holds "the audit says so" "$work/out" '[.checks[] | select(.verdict == "contradicted") | .name]
    == ["partner"]'
fraud_found "an audit with the other story"
expect 1 "an audit with both" audit --partner "$work/xp" "$work/story"
expect 0 "the log itself still holds" audit
finish
