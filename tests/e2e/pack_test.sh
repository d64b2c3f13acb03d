# Proves: a pack is made of two statements, tables and pages; anybody makes the same bytes,
# wherever the files lie; what it names can be verified, and a file with one byte changed is
# contradicted; the next pack tells what changed; nothing half-written stays behind.
. tests/e2e/lib.sh
two_nations
store=$work/p.db
secret=$work/salt
phrase=$work/phrase
printf 'forty bytes of nothing that anybody knows' >"$secret"
echo 'a passphrase' >"$phrase"

expect 0 "scan" sanad scan --chain regtest --source "blocks:$two/blocks" --book "$two/book-xs.json" \
    "$two/book-xp.json" --known 2025-12-31 --store "$store"
for cc in xs xp; do
    expect 0 "declarations of $cc" sanad register declaration import \
        "$two/declarations/flows-$cc.csv" --store "$store" --nation "$(echo $cc | tr a-z A-Z)" \
        --by ana --approver bruno --known 2026-01-02T00:00:00Z
done
for k in k1 k2; do
    expect 0 "new key $k" sanad key new "$work/$k.json" --name "xs.example/criteria/$k" --fast \
        --passphrase-file "$phrase" --json
    cp "$work/out" "$work/$k.public"
done
jq -s '{keys: [.[].vkey], roles: {"criteria-report": {threshold: 2, keys: [.[].name]},
    "reserve-position": {threshold: 2, keys: [.[].name]}}}' \
    "$work/k1.public" "$work/k2.public" >"$work/trust"

# pack FOLDER-OF-INPUTS OUT [OPTIONS]
pack() {
    from=$1
    out=$2
    shift 2
    sanad statement make pack --store "$store" --programme "$from/programme-xs.json" \
        --liabilities "$from/liabilities-xs.csv" --prices "$from/prices.csv" --authority xs \
        --log xs.example/log --salt-file "$secret" --out "$out" --key "$work/k1.json" \
        --key "$work/k2.json" --passphrase-file "$phrase" "$@"
}
expect 0 "a pack" pack "$two" "$work/one" --at 2025-06-30
expect 0 "the next" pack "$two" "$work/two" --at 2025-09-30 --previous "$work/one"
sanad statement show "$work/two/criteria-report.note" --json >"$work/report"

# ---- what is in it --------------------------------------------------------------------------

for file in addresses balances net-position changes criteria flows accounts; do
    path=$work/two/$file.csv
    checks=$((checks + 1))
    head -n 1 "$path" | grep -q '^simulated,' || bad "$file.csv: no column simulated"
    checks=$((checks + 1))
    tail -n +2 "$path" | grep -vq '^SIMULATED,' && bad "$file.csv: a row is not marked SIMULATED"
    checks=$((checks + 1))
    LC_ALL=C awk -F, '{ for (i = 1; i <= NF; i++) if ($i ~ /^"?[=+@]/) exit 1 }' "$path" ||
        bad "$file.csv: a cell that a spreadsheet takes for a formula"
done
book=$(jq -r .book_sha256 "$work/report")
for page in en es ur; do
    path=$work/two/pack-$page.html
    for wrong in '<script' 'http://' 'https://' 'url(' '@import' '<link' '<img'; do
        checks=$((checks + 1))
        grep -qi "$wrong" "$path" && bad "pack-$page.html: has $wrong"
    done
    for right in SIMULATED "$book"; do
        checks=$((checks + 1))
        grep -q "$right" "$path" || bad "pack-$page.html: lacks $right"
    done
done
checks=$((checks + 3))
grep -q 'Bitcoin adds zero to official reserve assets' "$work/two/pack-en.html" || bad "en: no zero"
grep -q 'Bitcoin suma cero a los activos de reserva' "$work/two/pack-es.html" || bad "es: no zero"
grep -q 'dir="rtl"' "$work/two/pack-ur.html" || bad "ur: not from right to left"

# Restricted wallets are told as one total: no id, no address, no transaction of theirs.
jq -r '.wallets[] | select(.visibility != "public") | .id' "$two/book-xs.json" >"$work/restricted"
checks=$((checks + 1))
[ -s "$work/restricted" ] || bad "the nation has no restricted wallet"
while read -r id; do
    checks=$((checks + 1))
    grep -rlw -- "$id" "$work/two" >"$work/out" 2>/dev/null && bad "restricted wallet $id is told"
done <"$work/restricted"

# ---- stock and flow, recomputed by a calculator that knows no program ------------------------

# Sums one column of a side but the closing stock; and the closing stock.
column() {
    tail -n +2 "$work/two/accounts.csv" | tr -d '\r' | sed 's/"[^"]*"/text/' |
        awk -F, -v side="$1" -v c="$2" -v closing="$3" '
            $2 == side && (($3 == "closing") == closing) { gsub(/\./, "", $c); sum += $c }
            END { printf "%.0f\n", sum }'
}
for side in assets liabilities; do
    for c in 6 7; do
        checks=$((checks + 1))
        [ "$(column $side $c 0)" = "$(column $side $c 1)" ] ||
            bad "accounts.csv: $side, column $c does not sum to the closing stock"
    done
done
# The closing stock of one pack is the opening stock of the next.
edge() { tr -d '\r' <"$work/$1/accounts.csv" | awk -F, -v p="$2" '$3 == p' | sed "s/,$2,/,/"; }
edge one closing >"$work/closing"
edge two opening >"$work/opening"
same "the stock between two packs" "$work/closing" "$work/opening"

# What is owed is what the criteria take off, and what is held is what they begin with.
for side in liabilities assets; do
    case $side in
    liabilities) term='client liabilities of public' ;;
    assets) term='balances of public' ;;
    esac
    tr -d '\r' <"$work/one/net-position.csv" | awk -F, -v t="$term" '$6 == t { print $8; exit }' \
        >"$work/term"
    tr -d '\r' <"$work/one/accounts.csv" | awk -F, -v s=$side '$2 == s && $3 == "closing" { print $6 }' \
        >"$work/stock"
    same "$side in the accounts and in the criteria" "$work/term" "$work/stock"
done

# ---- verified -------------------------------------------------------------------------------

verify() { sanad verify "$work/two/criteria-report.note" --trust "$work/trust" "$@" --json; }
expect 0 "the report" verify
holds "every file is looked at" "$work/out" \
    '[.checks[] | select(.name == "files" and .verdict == "holds")] | length == 10'
expect 0 "the position" sanad verify "$work/two/position.note" --trust "$work/trust" \
    --book "$two/book-xs.json" --source "blocks:$two/blocks"
expect 3 "without the files" sanad verify "$work/two/criteria-report.note" \
    --trust "$work/trust" --pack "$work" --json
holds "it follows the other" "$work/report" '.seq == 1 and (.previous_sha256 | length) == 64'
holds "no path in it" "$work/report" '[.. | strings | select(contains("/") and
    . != "xs.example/log")] | length == 0'
cp -r "$work/two" "$work/wrong"
cp -r "$work/two" "$work/changed"
printf 'wallet,x,,,,1\r\n' >>"$work/changed/balances.csv"
printf ' ' >>"$work/wrong/criteria.csv"
expect 1 "a file changed by one byte" sanad verify "$work/two/criteria-report.note" \
    --trust "$work/trust" --pack "$work/wrong" --json
holds "which one" "$work/out" \
    '[.checks[] | select(.verdict == "contradicted") | .subject] == ["criteria.csv"]'

# ---- the same bytes from everyone -----------------------------------------------------------

mkdir -p "$work/else where/deep"
cp "$two/programme-xs.json" "$two/liabilities-xs.csv" "$two/prices.csv" "$work/else where/deep"
TZ=Asia/Karachi
expect 0 "from other files" pack "$work/else where/deep" "$work/again" --at 2025-09-30 \
    --previous "$work/one/criteria-report.note"
TZ=UTC
checks=$((checks + 1))
diff -r "$work/two" "$work/again" >"$work/diff" || bad "another folder makes other bytes"

# ---- in a log -------------------------------------------------------------------------------

for k in log root; do
    expect 0 "key $k" sanad key new "$work/$k.json" --name "xs.example/$k" --fast \
        --passphrase-file "$phrase"
done
jq -s --arg root "$(sanad key show "$work/root.json")" '{version: 1, date: "2025-01-01",
    expires: "2030-01-01", keys: ([$root] + [.[].vkey]),
    roles: {root: {threshold: 1, keys: ["xs.example/root"]},
            "criteria-report": {threshold: 2, keys: [.[].name]},
            "reserve-position": {threshold: 2, keys: [.[].name]}}}' \
    "$work/k1.public" "$work/k2.public" >"$work/members"
log="--dir $work/log --key $work/log.json --passphrase-file $phrase"
# shellcheck disable=SC2086 # words
expect 0 "a log" sanad log init $log
expect 0 "its root" sanad statement make root --members "$work/members" --dir "$work/log" \
    --authority xs --key "$work/root.json" --passphrase-file "$phrase" --out "$work/root.note"
# shellcheck disable=SC2086 # words
expect 0 "the first pack enters it" sanad log add "$work/root.note" \
    "$work/one/criteria-report.note" "$work/one/position.note" $log
expect 0 "the second stands behind it" pack "$two" "$work/behind" --at 2025-09-30 \
    --previous "$work/one" --dir "$work/log"
for note in criteria-report position; do
    sanad statement show "$work/behind/$note.note" --json >"$work/out"
    holds "$note: its place" "$work/out" '.seq == 1 and .prev == $prev' \
        --argjson prev "$([ $note = position ] && echo 2 || echo 1)"
done
# shellcheck disable=SC2086 # words
expect 0 "and enters it" sanad log add "$work/behind/criteria-report.note" \
    "$work/behind/position.note" $log
refused 4 'previous: its report is number 0 of its kind, and the log has 2' \
    "a last pack that is not the log's newest" pack "$two" "$work/no" --at 2025-12-31 \
    --previous "$work/one" --dir "$work/log"
refused 2 'seq: --dir says it' "a number of its own" pack "$two" "$work/no" --at 2025-12-31 \
    --dir "$work/log" --seq 2

# ---- refused --------------------------------------------------------------------------------

refused 4 'never written over' "a folder that is there" pack "$two" "$work/one" --at 2025-06-30
refused 4 'after block' "a last pack that is later" pack "$two" "$work/no" --at 2025-03-31 \
    --previous "$work/two"
refused 4 'not the file that its criteria-report names' "a last pack that was changed" \
    pack "$two" "$work/no" --at 2025-12-31 --previous "$work/changed"
refused 2 'out is needed|--out' "no folder" sanad statement make pack --store "$store" \
    --programme "$two/programme-xs.json" --authority xs --log l
refused 2 'authority' "nobody speaks" sanad statement make pack --store "$store" \
    --programme "$two/programme-xs.json" --out "$work/no" --log l
refused 2 'salt-file' "no secret for the restricted wallets" sanad statement make pack \
    --store "$store" --programme "$two/programme-xs.json" --out "$work/no" --authority xs --log l
printf '{"accounts":"x"}' >"$work/accounts.json"
refused 4 'accounts.json' "a file of accounts that is none" pack "$two" "$work/no" \
    --accounts "$work/accounts.json"
refused 4 'is missing' "a report without its members" sanad statement make criteria-report \
    --authority xs --log l
checks=$((checks + 1))
[ ! -e "$work/no" ] || bad "a refused pack left a folder"
checks=$((checks + 1))
ls -d "$work"/*.part-* >/dev/null 2>&1 && bad "a part of a pack stayed behind"

finish
