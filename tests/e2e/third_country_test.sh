#!/bin/sh
# Proves: a third country joins two others with nothing but files (doc/guide/two-countries.md, 6):
# it makes keys, a root and a log, takes the others' published folders, verifies and mirrors them,
# records their roots and their checkpoints, cosigns them and is cosigned; the first two change their
# policies and nothing else, and record it once their next root names it. A stranger with the three
# folders and the one policy is then satisfied, with less he is not; and what does not belong is
# refused on the way. XS, XP and XQ are SIMULATED. No network is needed: it is taken away where the
# machine allows.
. tests/e2e/lib.sh
export SANAD_PASSPHRASE=simulated
cd "$work" || exit 2
offline=
unshare -rn true 2>/dev/null && offline="unshare -rn"
sanad() {
    # shellcheck disable=SC2086 # two words or none
    $offline "$SANAD_BIN" "$@"
}

# What each country has for itself lies in its folder; what it publishes, in its pub, and from there
# it goes to others by plain copies. pub/log is its log, pub/keys its vkeys, pub/root.note its root.
# key CC NAME ARGUMENTS...: one key, its vkey published.
key() {
    cc=$1
    name=$2
    shift 2
    sanad key new "$cc/$name.key" --name "$cc.example/$name" --fast "$@" >"$cc/pub/keys/$name" ||
        bad "key $name of $cc"
}
vkey() { # vkey CC NAME
    cat "$1/pub/keys/$2"
}
root() { # root CC VERSION PARTNERS-JSON: its members
    jq -n --arg cc "$1" --argjson version "$2" --argjson partners "$3" \
        --arg root "$(vkey "$1" root)" --arg office "$(vkey "$1" office)" '
        ($cc + ".example/office") as $name | {threshold: 1, keys: [$name]} as $role |
        {version: $version, date: ("2026-0" + ($version | tostring) + "-01"), expires: "2030-01-01",
         keys: [$root, $office], partners: $partners, roles:
         {root: {threshold: 1, keys: [$cc + ".example/root"]}, liabilities: $role, document: $role,
          "partner-checkpoint": $role}}' >"$1/root$2.json"
}
partner() { # partner CC [ROOT-SHA256]: as one of somebody's root
    jq -n --arg cc "$1" --arg key "$(vkey "$1" log)" --arg hash "${2:-}" \
        '{authority: $cc, log: ($cc + ".example/log"), keys: [$key]}
         + if $hash == "" then {} else {root_sha256: $hash} end'
}
add() { # add CC NOTE...: into its own log
    cc=$1
    shift
    sanad log add "$@" --dir "$cc/pub/log" --key "$cc/log.key"
}
begin() { # begin CC: a log with its root, which stands in root1.json
    sanad log init --dir "$1/pub/log" --key "$1/log.key" --private "$1/private" &&
        sanad statement make root --members "$1/root1.json" --authority "$1" --dir "$1/pub/log" \
            --key "$1/root.key" --out "$1/pub/root.note" &&
        sanad log add "$1/pub/root.note" --dir "$1/pub/log" --key "$1/log.key" \
            --private "$1/private"
}
liabilities() { # liabilities CC DAY: SIMULATED ones
    printf 'line,sat\n1,%d\n' "$2" >"$1/owed.csv"
    jq -n --arg cc "$1" --arg day "2026-03-0$2" --arg hash "$(sha256sum <"$1/owed.csv" | cut -c 1-64)" \
        --argjson sat "$2" '{nation: $cc, simulated: true, date: $day, liabilities_sha256: $hash,
        line_count: 1, total_sat: $sat}' >"$1/owed.json"
    sanad statement make liabilities --members "$1/owed.json" --dir "$1/pub/log" \
        --key "$1/office.key" --out "$1/owed.note" && add "$1" "$1/owed.note" --private "$1/private"
}
record() { # record CC PARTNER: its newest checkpoint, from the copy that we have
    rm -f "$1/partner.note"
    sanad statement make partner-checkpoint --from "$1/mirror-$2" --dir "$1/pub/log" \
        --policy "$1/known" --date 2026-03-15 --fraud "$1" --key "$1/office.key" \
        --out "$1/partner.note" && add "$1" "$1/partner.note" --private "$1/private"
}
# carry FROM TO: one file over to the partner's machine, the lines back.
carry() {
    since=0
    [ ! -f "$2/mirror-$1/checkpoint" ] || since=$(sed -n 2p "$2/mirror-$1/checkpoint")
    sanad bundle export "$1/pub/log" --since "$since" --out "$1/bundle" &&
        cp "$1/bundle" "$2/in-bundle" &&
        sanad bundle import "$2/in-bundle" --policy "$2/known" --mirror "$2/mirror-$1" \
            --key "$2/witness.key" --mirror-key "$2/mirror.key" --state "$2/witness.state" \
            --out "$2/lines" &&
        cp "$2/lines" "$1/in-lines" &&
        sanad bundle answer "$1/in-lines" --log "$1/pub/log" --private "$1/private" \
            --policy "$1/policy"
}
policies() { # policies CC...: what they agree on, for each of them: `known` and `policy`
    for cc in "$@"; do
        echo "log $(vkey "$cc" log)"
    done >logs
    { cat logs; echo "quorum none"; } >known
    {
        cat logs
        for cc in "$@"; do
            echo "witness $cc $(vkey "$cc" witness)"
            echo "witness $cc-mirror $(vkey "$cc" mirror)" # taken where it comes, never needed
        done
        # Nobody's witness cosigns its own log: so many others must.
        echo "group others $(($# - 1)) $*"
        echo "quorum others"
    } >policy
    for cc in "$@"; do
        cp known policy "$cc/"
    done
}
first_root() { # first_root CC FOLDER: the hash of the root that its log begins with
    sanad log audit "$2" --policy "$1/known" --json >"$1/audit" 2>"$work/err" || true
    jq -r '[.checks[] | select(.name == "root")][0].subject' "$1/audit"
}

# ---- two countries, as they are ----------------------------------------------------------------

for cc in xs xp xq; do
    mkdir -p "$cc/pub/keys"
    for name in log root office; do
        key $cc $name
    done
    key $cc witness --type cosigner
    key $cc mirror --type cosigner
done
root xs 1 "[$(partner xp)]"
root xp 1 "[$(partner xs)]"
policies xs xp
cp policy policy-of-two
for cc in xs xp; do
    expect 0 "the log of $cc" begin $cc
    expect 0 "what $cc owes" liabilities $cc 1
done
for pair in "xs xp" "xp xs"; do
    # shellcheck disable=SC2086 # two words
    expect 0 "cosigned by the other: $pair" carry $pair
    # shellcheck disable=SC2086
    expect 0 "recorded by the other: $pair" record ${pair#* } ${pair% *}
done
for pair in "xs xp" "xp xs"; do
    # shellcheck disable=SC2086
    expect 0 "cosigned with what was recorded: $pair" carry $pair
done
for cc in xs xp; do
    expect 0 "a stranger: $cc" sanad verify $cc/pub/log --policy policy-of-two
done

# ---- the third takes what they publish -----------------------------------------------------------

mkdir xq/in
cp -r xs/pub xq/in/xs
cp -r xp/pub xq/in/xp
{
    echo "log $(cat xq/in/xs/keys/log)"
    echo "log $(cat xq/in/xp/keys/log)"
    echo "quorum none"
} >xq/known
for cc in xs xp; do
    expect 0 "it verifies $cc" sanad verify xq/in/$cc/log --policy xq/known --json
    holds "it verifies $cc" out '.verdict == "holds" and any(.checks[]; .name == "tiles")'
    expect 0 "with the policy of the two" sanad verify xq/in/$cc/log --policy policy-of-two
    expect 0 "it mirrors $cc" sanad mirror --log xq/in/$cc/log --policy xq/known \
        --out xq/mirror-$cc --key xq/mirror.key
    checks=$((checks + 1))
    [ "$(first_root xq xq/mirror-$cc)" = "$(sed -n '1,/^$/{/^$/!p}' xq/in/$cc/root.note |
        sha256sum | cut -c 1-64)" ] || bad "the root of $cc is not the one that stands in its log"
done
expect 0 "they name each other" sanad log audit xq/mirror-xs --policy xq/known --partner xq/mirror-xp
# A bit that went on the way is seen before anything of it is kept.
cp -r xq/in/xs bad-copy
printf '\377' | dd of="bad-copy/log/tile/entries/000.p/3" bs=1 seek=99 conv=notrunc 2>/dev/null
expect 1 "a damaged copy" sanad mirror --log bad-copy/log --policy xq/known --out xq/bad-copy
checks=$((checks + 1))
[ ! -f xq/bad-copy/checkpoint ] || bad "a damaged copy was kept"

# ---- it makes a log, and names them -----------------------------------------------------------------

pins="[$(partner xs "$(first_root xq xq/mirror-xs)"),$(partner xp "$(first_root xq xq/mirror-xp)")]"
root xq 1 "$pins"
expect 0 "its log" begin xq
# Somebody who calls himself XS, with keys of his own under its names.
cp -r xs impostor
for name in root office; do
    rm impostor/$name.key
    sanad key new impostor/$name.key --name xs.example/$name --fast >impostor/pub/keys/$name
done
jq --arg root "$(vkey impostor root)" --arg office "$(vkey impostor office)" \
    '.keys = [$root, $office]' xs/root1.json >impostor/root1.json
expect 0 "a root of somebody else" sanad statement make root --members impostor/root1.json \
    --authority xs --log xs.example/log --key impostor/root.key --out xq/in/impostor.note
refused 4 'root of xs: not the one that our root names' "a root that is not the pinned one" add xq xq/in/impostor.note --private xq/private
expect 0 "their roots stand in it" add xq xq/in/xs/root.note xq/in/xp/root.note --private xq/private
refused 4 'stands in the log already' "once is enough" add xq xq/in/xs/root.note --private xq/private
for cc in xs xp; do
    expect 0 "it records $cc" record xq $cc
done
expect 0 "what it owes" liabilities xq 1
expect 0 "its own log holds" sanad log audit xq/pub/log --policy /dev/stdin \
    --partner xq/mirror-xs xq/mirror-xp <<END
log $(vkey xq log)
quorum none
END

# ---- the others take it up: policies, no more --------------------------------------------------------

expect 3 "before: nobody says whose log that is" sanad verify xq/pub/log --policy policy-of-two
expect 0 "a bundle" sanad bundle export xq/pub/log --since 0 --out xq/bundle
refused 4 'xq.example/log: not a log of the policy' "before: no bundle of it is taken" sanad bundle import xq/bundle \
    --policy xs/known --mirror xs/mirror-xq --key xs/witness.key --state xs/witness.state
policies xs xp xq
for cc in xs xp xq; do
    expect 3 "not yet cosigned by all others: $cc" sanad verify $cc/pub/log --policy policy
done
cp -r xs/pub/log xs-before
for pair in "xs xp" "xs xq" "xp xs" "xp xq" "xq xs" "xq xp"; do
    # shellcheck disable=SC2086
    expect 0 "over and back: $pair" carry $pair
done
checks=$((checks + 1))
diff -rq xs-before/tile xs/pub/log/tile >out 2>&1 || bad "more than signature lines has changed"

# ---- a stranger: three folders and one policy ----------------------------------------------------------

mkdir stranger
for cc in xs xp xq; do
    cp -r $cc/pub/log stranger/$cc
done
cp policy stranger/policy
satisfied() { # satisfied WHAT
    for cc in xs xp xq; do
        expect 0 "$1: $cc" sanad verify stranger/$cc --policy stranger/policy --json
        holds "$1: $cc" out '.verdict == "holds" and ([.checks[]
            | select(.name == "cosignature" and .detail == "it has cosigned" and
                (.subject | length) == 2) | .subject] | sort) == ["xp", "xq", "xs"] - [$cc]' --arg cc $cc
    done
}
satisfied "a stranger"
# One who trusts no country with its own log: a policy a log, of the two others alone.
for cc in xs xp xq; do
    {
        echo "log $(vkey $cc log)"
        grep '^witness' stranger/policy | grep -v "^witness [a-z]*-mirror\|^witness $cc "
        echo "group others all $(echo xs xp xq | sed "s/$cc//")"
        echo "quorum others"
    } >stranger/policy-$cc
    expect 0 "a careful stranger: $cc" sanad verify stranger/$cc --policy stranger/policy-$cc
done
expect 0 "a stranger: what XQ has recorded" sanad log audit stranger/xq --policy stranger/policy \
    --partner stranger/xs stranger/xp

# ---- their next roots name it, and they record it ----------------------------------------------------------

for cc in xs xp; do
    refused 4 'names no partner with the log xq.example/log' "not named yet: $cc" record $cc xq
    other=xp
    [ $cc = xs ] || other=xs
    root $cc 2 "[$(partner $other),$(partner xq "$(first_root $cc $cc/mirror-xq)")]"
    expect 0 "the next root of $cc" sanad statement make root --members $cc/root2.json \
        --dir $cc/pub/log --key $cc/root.key --out $cc/pub/root2.note
    expect 0 "it enters: $cc" add $cc $cc/pub/root2.note --private $cc/private
    expect 0 "the root of XQ enters: $cc" add $cc xq/pub/root.note --private $cc/private
    expect 0 "the checkpoint of XQ enters: $cc" record $cc xq
done
for pair in "xs xp" "xs xq" "xp xs" "xp xq"; do
    # shellcheck disable=SC2086
    expect 0 "again: $pair" carry $pair
done
expect 0 "XQ records the next root of XS" add xq xs/pub/root2.note --private xq/private
expect 0 "and its checkpoint" record xq xs
for pair in "xq xs" "xq xp"; do
    # shellcheck disable=SC2086
    expect 0 "again: $pair" carry $pair
done
for cc in xs xp xq; do
    cp -r $cc/pub/log/. stranger/$cc
done
satisfied "again"
expect 0 "each in the others' logs: XS" sanad log audit stranger/xs --policy stranger/policy \
    --partner stranger/xp stranger/xq --json
holds "each in the others' logs: XS" out \
    '[.checks[] | select(.name == "partner" and .verdict == "holds")] | length == 2'
expect 0 "each in the others' logs: XQ" sanad log audit stranger/xq --policy stranger/policy \
    --partner stranger/xs stranger/xp

# ---- a country that tells the third another story ------------------------------------------------------------

mkdir -p xs2
cp -r xs/pub xs/log.key xs/root.key xs/office.key xs/root1.json xs2
rm -r xs2/pub/log
sed -i 's/2030/2029/' xs2/root1.json
mv xs xs.kept && mv xs2 xs
expect 0 "another story of XS" begin xs
for day in 1 2 3 4 5 6 7 8; do
    expect 0 "another story of XS goes on" liabilities xs $day
done
expect 1 "it reaches XQ" sanad mirror --log xs/pub/log --policy xq/known --out xq/mirror-xs
rm -rf xs && mv xs.kept xs
checks=$((checks + 1))
proof=$(find xq/mirror-xs -name 'fraud-*.txt')
[ -n "$proof" ] || bad "no proof was left"
cp "$proof" stranger/proof
expect 0 "the proof convinces a stranger" sanad verify stranger/proof --policy stranger/policy
expect 0 "the copy of the true story is as it was" sanad log audit xq/mirror-xs --policy xq/known
finish
