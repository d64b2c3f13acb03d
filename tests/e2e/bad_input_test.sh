# Proves: damaged blocks, stores, books, prices and a full disk each end with the exit code of
# the contract and one line that names the object and the rule; what was right before stays
# right, and nothing is left half-written.
. tests/e2e/lib.sh
two_nations
good=$work/good
book=$two/book-xp.json
"$blocks" sort "$two/blocks" "$good" regtest 4 || { echo "sort failed"; exit 1; }
"$blocks" list "$good" regtest >"$work/list"
tip=$(jq .tip.height "$truth")

# scan FOLDER STORE [ARGS...]
scan() {
    folder=$1
    store=$2
    shift 2
    sanad scan --chain regtest --source "blocks:$folder" --book "$book" --known 2025-12-31 \
        --store "$store" "$@"
}
answers() {
    sanad position --store "$1" --json && sanad flows --store "$1" --json
}
expect 0 "the good folder" scan "$good" "$work/good.db"
answers "$work/good.db" >"$work/good.answers" || bad "no answers"

# below STORE HEIGHT WHAT: what the store says of the height, as the undisturbed one.
below() {
    expect 0 "$3: what was read before it stands" sanad position --store "$1" --at "$2" --json ||
        return
    cp "$work/out" "$work/found"
    sanad position --store "$work/good.db" --at "$2" --json >"$work/expected"
    filter='[.as_of.block_hash, .total_sat, [.wallets[] | {id, balance_sat, coin_count}]]'
    jq "$filter" "$work/found" >"$work/found.short"
    jq "$filter" "$work/expected" >"$work/expected.short"
    same "$3: what was read before it is right" "$work/expected.short" "$work/found.short"
}

# ---- one block spoiled ---------------------------------------------------------------------

at=3700
odd=$(awk '$1 > 3500 && $2 > 1 && $2 % 2 == 1 { print $1; exit }' "$work/list")

# spoiled HOW HEIGHT PATTERN: the scan is refused, and what lies below the block is kept.
spoiled() {
    rm -rf "$work/bad" "$work/bad.db"*
    "$blocks" spoil "$good" "$work/bad" regtest "$2" "$1" >"$work/out" 2>&1 ||
        { bad "spoil $1"; return; }
    refused 4 "$3" "$1 at $2" scan "$work/bad" "$work/bad.db"
    below "$work/bad.db" $(($2 - 1)) "$1 at $2" 2>/dev/null
    # A store that was complete before is not harmed.
    cp "$work/good.db" "$work/kept.db"
    sanad scan --chain regtest --source "blocks:$work/bad" --store "$work/kept.db" \
        >"$work/out" 2>"$work/err"
    answers "$work/kept.db" >"$work/kept.answers"
    same "$1 at $2: a store from before" "$work/good.answers" "$work/kept.answers"
}
spoiled value $at "block $at: .*merkle root"
spoiled duplicate-tail "$odd" "block $odd: .*(duplicate|mutat|twice|repeat)"
spoiled count-huge $at "block $at"
spoiled count-long $at "block $at"
spoiled count-more $at "block $at"
spoiled no-transactions $at "block $at"
spoiled script-huge $at "block $at"
spoiled tail-missing $at "block $at"
spoiled tail-longer $at "block $at"

# A header without its proof of work is refused before anything is read.
rm -rf "$work/bad" "$work/bad.db"*
"$blocks" spoil "$good" "$work/bad" regtest $at pow || bad "spoil pow"
refused 4 'blk0000[0-9]\.dat: offset [0-9]+: .*proof of work' "pow" scan "$work/bad" "$work/bad.db"
checks=$((checks + 1))
[ -e "$work/bad.db" ] && bad "pow: a store was made"

# gap WHAT PATTERN LAST: exit 3, one line, and the document up to the block LAST is printed.
gap() {
    rm -f "$work/bad.db"*
    expect 3 "$1" scan "$work/bad" "$work/bad.db" --json || return
    checks=$((checks + 1))
    [ "$(wc -l <"$work/err")" = 1 ] && grep -Eq "^sanad: $2" "$work/err" ||
        bad "$1: not one line that says '$2'"
    holds "$1: the document is printed" "$work/out" \
        '.complete == false and .tip.height == $h and (.missing | length) == 1' --argjson h "$3"
    below "$work/bad.db" "$3" "$1"
}
rm -rf "$work/bad"
"$blocks" spoil "$good" "$work/bad" regtest $at left-out || bad "spoil left-out"
gap "a block that is nowhere" "height $at has no block" $((at - 1))
rm -rf "$work/bad"
cp -r "$good" "$work/bad"
rm "$work/bad/blk00002.dat"
first=$(awk '$3 == 2 { print $1; exit }' "$work/list")
gap "a missing file in the middle" "height $first has no block.*blk00002\.dat" $((first - 1))

# The same folder made whole again: the run goes on where it was.
cp "$good/blk00002.dat" "$work/bad/"
expect 0 "the file is back" scan "$work/bad" "$work/bad.db"
answers "$work/bad.db" >"$work/found"
same "the file is back: all answers" "$work/good.answers" "$work/found"

# ---- records --------------------------------------------------------------------------------

# whole WHAT: the damage is told from blocks and costs nothing.
whole() {
    rm -f "$work/bad.db"*
    expect 0 "$1" scan "$work/bad" "$work/bad.db"
    answers "$work/bad.db" >"$work/found"
    same "$1: all answers" "$work/good.answers" "$work/found"
}
rm -rf "$work/bad"
"$blocks" spoil "$good" "$work/bad" regtest $at garbage || bad "spoil garbage"
whole "garbage between records"
rm -rf "$work/bad"
cp -r "$good" "$work/bad"
head -c 100000 /dev/zero >>"$work/bad/blk00001.dat"
head -c 100000 /dev/zero >>"$work/bad/blk00003.dat"
whole "zeros at the end of files"

# The last record of the last file torn: a node is writing it.
size=$(stat -c %s "$good/blk00003.dat")
for cut in 1 7 81 100 "$(awk -v h="$tip" '$1 == h { print $5 + 4 }' "$work/list")"; do
    rm -rf "$work/bad" "$work/bad.db"*
    cp -r "$good" "$work/bad"
    truncate -s $((size - cut)) "$work/bad/blk00003.dat"
    expect 0 "torn by $cut bytes" scan "$work/bad" "$work/bad.db" --json
    holds "torn by $cut bytes: the block before" "$work/out" '.tip.height == $h' \
        --argjson h $((tip - 1))
    below "$work/bad.db" $((tip - 1)) "torn by $cut bytes"
    cp "$good/blk00003.dat" "$work/bad/"
    expect 0 "torn by $cut bytes, then whole" scan "$work/bad" "$work/bad.db"
    answers "$work/bad.db" >"$work/found"
    same "torn by $cut bytes, then whole: all answers" "$work/good.answers" "$work/found"
done
# Torn in the middle of the chain: nobody writes there any more.
rm -rf "$work/bad"
cp -r "$good" "$work/bad"
last=$(awk '$3 == 1 { h = $1 } END { print h }' "$work/list")
truncate -s -5 "$work/bad/blk00001.dat"
gap "torn in an older file" "height $last has no block" $((last - 1))

# The size of a record lies.
read -r _ _ file offset length <<EOF
$(awk -v h=$at '$1 == h' "$work/list")
EOF
for lie in ffffffff 00000000 50000000 ffffff7f "$(printf '%02x%02x0000' \
    $(((length + 1) % 256)) $(((length + 1) / 256)))"; do
    rm -rf "$work/bad" "$work/bad.db"*
    cp -r "$good" "$work/bad"
    "$blocks" put "$work/bad" "blk0000$file.dat" $((offset - 4)) "$lie" || bad "put"
    sanad scan --chain regtest --source "blocks:$work/bad" --book "$book" \
        --store "$work/bad.db" --json >"$work/out" 2>"$work/err"
    code=$?
    checks=$((checks + 1))
    case $code in
    3 | 4) [ "$(wc -l <"$work/err")" = 1 ] || bad "size $lie: not one line" ;;
    *) bad "size $lie: exit $code, expected 3 or 4" ;;
    esac
    below "$work/bad.db" $((at - 1)) "size $lie"
done

# ---- the folder ------------------------------------------------------------------------------

# no_folder CODE PATTERN WHAT: refused before a store is made.
no_folder() {
    rm -f "$work/bad.db"*
    refused "$1" "$2" "$3" scan "$work/bad" "$work/bad.db"
    checks=$((checks + 1))
    [ -e "$work/bad.db" ] && bad "$3: a store was made"
    return 0
}
obfuscated() {
    rm -rf "$work/bad"
    cp -r "$two/blocks" "$work/bad"
}
obfuscated
printf '\1\2\3\4\5\6\7\10' >"$work/bad/xor.dat"
no_folder 4 'xor\.dat' "a wrong key"
rm "$work/bad/xor.dat"
no_folder 4 'xor\.dat' "no key"
printf '\1\2\3' >"$work/bad/xor.dat"
no_folder 4 'xor\.dat: 3 bytes' "a key of three bytes"
printf '123456789' >"$work/bad/xor.dat"
no_folder 4 'xor\.dat: over 8 bytes' "a key of nine bytes"
rm -rf "$work/bad"
cp -r "$good" "$work/bad"
printf '\1\2\3\4\5\6\7\10' >"$work/bad/xor.dat"
no_folder 4 'xor\.dat' "a key left over"
rm -rf "$work/bad"
mkdir "$work/bad"
no_folder 4 'no blk' "an empty folder"
: >"$work/bad/blk00000.dat"
no_folder 3 'no block' "an empty file"
rm -rf "$work/bad"
no_folder 4 'bad' "no folder"
: >"$work/bad"
no_folder 4 'bad' "a file for a folder"
rm -f "$work/bad"
refused 4 'holds blocks of regtest, not of main' "another network" \
    sanad scan --source "blocks:$good" --book books/sv-public.json --store "$work/bad.db"
refused 2 'blocks:DIR' "no source of ours" \
    sanad scan --chain regtest --source floppy:A --book "$book" --store "$work/bad.db"
refused 3 'anchor' "an anchor that is no block of it" scan "$good" "$work/bad.db" \
    --anchor "100:$(printf %064d 7)"
refused 3 '' "a height above the tip" scan "$good" "$work/bad.db" --to 99999
checks=$((checks + 1))
# Above the tip is found out only when the store is open; it holds no facts then.
[ -e "$work/bad.db" ] && sanad position --store "$work/bad.db" >/dev/null 2>&1 &&
    bad "a refused scan left facts"
rm -f "$work/bad.db"*

# ---- the store -------------------------------------------------------------------------------

cp "$work/good.db" "$work/bad.db"
mkfifo "$work/hold"
"$build/e2e_lock" "$work/bad.db" <"$work/hold" >"$work/locked" 2>&1 &
pid=$!
exec 8>"$work/hold"
i=0
while [ ! -s "$work/locked" ] && [ $i -lt 100 ]; do
    sleep 0.1
    i=$((i + 1))
done
refused 4 'bad\.db: another process is writing it' "a locked store" scan "$good" "$work/bad.db"
expect 0 "a locked store can be read" sanad position --store "$work/bad.db" --json
exec 8>&-
wait $pid
answers "$work/bad.db" >"$work/found"
same "a locked store is not harmed" "$work/good.answers" "$work/found"

# bad_store PATTERN WHAT: refused by all that write and all that read; not a byte is changed.
bad_store() {
    cp "$work/bad.db" "$work/before"
    refused 4 "$1" "$2: scan" scan "$good" "$work/bad.db"
    refused 4 "$1" "$2: position" sanad position --store "$work/bad.db"
    refused 4 "$1" "$2: flows" sanad flows --store "$work/bad.db"
    refused 4 "$1" "$2: register" sanad register book list --store "$work/bad.db"
    checks=$((checks + 1))
    cmp -s "$work/before" "$work/bad.db" || bad "$2: the file was changed"
}
rm -f "$work/bad.db"*
echo 'a letter to the bank' >"$work/bad.db"
bad_store 'bad\.db: is no store of this program' "a foreign file"
cp "$work/good.db" "$work/bad.db"
printf '\0\0\0\143' | dd of="$work/bad.db" bs=1 seek=60 conv=notrunc 2>/dev/null
bad_store 'bad\.db: store format 99 is newer' "a newer store"
cp "$work/good.db" "$work/bad.db"
printf 'XXXX' | dd of="$work/bad.db" bs=1 seek=68 conv=notrunc 2>/dev/null
bad_store 'bad\.db: is no store of this program' "another program's database"
rm -f "$work/bad.db"*
refused 4 'is no file' "a folder for a store" scan "$good" "$work"
refused 4 'cannot be opened' "a store in no folder" scan "$good" "$work/none/s.db"
refused 4 'no such store' "no store" sanad position --store "$work/none.db"
refused 2 'holds regtest, not main' "a store of another chain" \
    sanad position --store "$work/good.db" --chain main
checks=$((checks + 1))
[ -e "$work/none.db" ] && bad "asking made a store"

# Without a book a scan goes on with those of the store; they are simulated ones.
expect 0 "no book, but a store" sanad scan --chain regtest --source "blocks:$good" \
    --store "$work/good.db"
checks=$((checks + 1))
grep -vq '^SIMULATED ' "$work/out" && bad "no book, but a store: a line without its mark"

# Pages overwritten: refused or answered, never a crash.
size=$(stat -c %s "$work/good.db")
for i in 1 2 3 4 5 6 7 8; do
    cp "$work/good.db" "$work/bad.db"
    head -c 3000 /dev/urandom |
        dd of="$work/bad.db" bs=4096 seek=$((i * (size / 4096) / 9)) conv=notrunc 2>/dev/null
    for verb in position flows; do
        sanad $verb --store "$work/bad.db" --json >"$work/out" 2>"$work/err"
        code=$?
        checks=$((checks + 1))
        case $code in
        0) ;;
        3 | 4) [ "$(wc -l <"$work/err")" = 1 ] || bad "damaged store, $verb: not one line" ;;
        *) bad "damaged store, $verb: exit $code" ;;
        esac
    done
done
rm -f "$work/bad.db"*

# ---- a full disk ------------------------------------------------------------------------------

# A file may not grow over so many blocks of 512 bytes: writing fails as on a full disk.
for limit in 8 64 300 600; do
    rm -f "$work/bad.db"*
    checks=$((checks + 1))
    (
        trap '' XFSZ
        ulimit -f $limit
        scan "$good" "$work/bad.db" --checkpoint 5
    ) >"$work/out" 2>"$work/err"
    code=$?
    [ $code = 4 ] && [ "$(wc -l <"$work/err")" = 1 ] && grep -q '^sanad: ' "$work/err" ||
        bad "a full disk at $limit blocks: exit $code"
    expect 0 "room again after $limit blocks" scan "$good" "$work/bad.db"
    answers "$work/bad.db" >"$work/found"
    same "room again after $limit blocks: all answers" "$work/good.answers" "$work/found"
done
if mkdir "$work/small" && mount -t tmpfs -o size=300k none "$work/small" 2>/dev/null; then
    refused 4 'the disk is full' "a small disk" scan "$good" "$work/small/s.db"
    umount "$work/small"
else
    echo "skipped: a small disk: no file system can be mounted here"
fi
checks=$((checks + 1))
sanad position --store "$work/good.db" --json >/dev/full 2>"$work/err"
code=$?
: >"$work/out"
[ $code = 4 ] && [ "$(wc -l <"$work/err")" = 1 ] || bad "standard output is full: exit $code"
sanad flows --store "$work/good.db" --csv >/dev/full 2>"$work/err"
code=$?
[ $code = 4 ] && [ "$(wc -l <"$work/err")" = 1 ] || bad "standard output is full, CSV: exit $code"
sanad flows --store "$work/good.db" >/dev/full 2>"$work/err"
code=$?
[ $code = 4 ] && [ "$(wc -l <"$work/err")" = 1 ] || bad "standard output is full, table: exit $code"

# ---- a folder that may only be read ------------------------------------------------------------

mkdir "$work/closed"
cp "$work/good.db" "$work/closed/s.db"
chmod 755 "$work"
chmod -R a+rX "$work/closed" "$good"
chmod 555 "$work/closed"
as_nobody=
[ "$(id -u)" = 0 ] && as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
# shellcheck disable=SC2086 # nothing or four words
if $as_nobody "$SANAD_BIN" --version >/dev/null 2>&1 &&
    ! $as_nobody test -w "$work/closed"; then
    expect 0 "a closed folder can be read" $as_nobody "$SANAD_BIN" position \
        --store "$work/closed/s.db" --json
    refused 4 '' "a closed folder takes no scan" $as_nobody "$SANAD_BIN" scan --chain regtest \
        --source "blocks:$good" --store "$work/closed/s.db"
    refused 4 '' "a closed folder takes no new store" $as_nobody "$SANAD_BIN" scan \
        --chain regtest --source "blocks:$good" --book "$book" --store "$work/closed/new.db"
else
    echo "skipped: a folder that may only be read: nobody else can run the program here"
fi
chmod 755 "$work/closed"

# ---- books ---------------------------------------------------------------------------------------

# bad_book PATTERN WHAT JQ-FILTER: the book with one fault, through check and through scan.
bad_book() {
    jq "$3" "$book" >"$work/bad.json" || bad "$2: jq"
    refused 4 "bad\.json: .*$1" "$2" sanad book check --chain regtest "$work/bad.json"
    rm -f "$work/bad.db"*
    refused 4 "bad\.json: .*$1" "$2: scan" sanad scan --chain regtest --source "blocks:$good" \
        --book "$book" "$work/bad.json" --store "$work/bad.db"
    checks=$((checks + 1))
    [ -e "$work/bad.db" ] && bad "$2: a store was made"
    return 0
}
wallet='wallet "?national-reserve"?'
bad_book "$wallet.*(wallet|same time)" "a script in two wallets" \
    '.wallets += [.wallets[0] + {id: "again"}]'
bad_book "$wallet.*unknown|unknown.*colour" "an unknown key" '.wallets[0].colour = "red"'
bad_book 'unknown' "an unknown key of the book" '.colour = "red"'
bad_book 'checksum' "a bad checksum" \
    '.wallets[0].descriptors[0] |= (split("#")[0] + "#qqqqqqqq")'
bad_book 'another network' "an address of another network" \
    '.wallets[0].descriptors[0] = "addr(32ixEdVJWo3kmvJGMTZq5jAQVZZeuwnqzo)"'
bad_book 'private key' "a private key" \
    '.wallets[0].descriptors[0] = "pkh(cVpF924EspNh8KjYsfhgY96mmxvT6DgdWiTYMtMjuM74hJaU5psW)"'
checks=$((checks + 1))
grep -q cVpF924 "$work/err" && bad "a refusal shows the private key"
bad_book 'since' "since after until" \
    '.wallets[0].since = "2025-07-01" | .wallets[0].until = "2025-06-30"'
bad_book 'since' "since that is until" \
    '.wallets[0].since = "2025-07-01" | .wallets[0].until = "2025-07-01"'
bad_book 'unknown entity' "an unknown entity" '.wallets[0].entity = "nobody"'
bad_book 'twice' "an id twice" '.wallets[1].id = .wallets[0].id'
bad_book 'class' "a class that is none" '.wallets[0].class = "treasure"'
bad_book 'visibility' "a visibility that is none" '.wallets[0].visibility = "hidden"'
bad_book 'range' "a range that is none" '.wallets[0].range = 0'
bad_book 'range' "a range over the limit" '.wallets[0].range = 1000001'
bad_book 'gap' "a gap over the limit" '.wallets[0].gap = 10001'
bad_book 'nation' "a nation that is none" '.nation = "xs"'
bad_book 'since' "a day that is none" '.wallets[0].since = "2025-02-30"'
bad_book '' "a text that turns the direction of writing" '.wallets[0].note = "a\u202eb"'
bad_book 'descriptors' "a wallet without scripts" '.wallets[0].descriptors = []'
head -c 2000 "$book" >"$work/torn.json"
refused 4 'torn\.json' "a torn book" sanad book check --chain regtest "$work/torn.json"
sed 's/"nation": "XP"/"nation": "XP", "nation": "XS"/' "$book" >"$work/torn.json"
refused 4 'torn\.json' "a member twice" sanad book check --chain regtest "$work/torn.json"
rm -f "$work/bad.db"*
refused 4 'none\.json' "no book" scan "$good" "$work/bad.db" --book "$work/none.json"
refused 2 'book' "neither book nor store" \
    sanad scan --chain regtest --source "blocks:$good" --store "$work/bad.db"
checks=$((checks + 1))
[ -e "$work/bad.db" ] && bad "a refused scan made a store"

# ---- prices --------------------------------------------------------------------------------------

refused 4 '1:1' "a price of 1:1" sanad position --store "$work/good.db" \
    --prices "$two/declarations/prices-one-to-one.csv"
expect 4 "a price of 1:1 for the register" sanad register price import \
    "$two/declarations/prices-one-to-one.csv" --store "$work/good.db" --by ana
checks=$((checks + 1))
[ "$(wc -l <"$work/err")" = 1 ] && grep -q '^sanad: .*a price of 1' "$work/err" ||
    bad "a price of 1:1 for the register: not one line that says so"
expect 0 "no price was kept" sanad register price list --store "$work/good.db" --json
holds "no price was kept" "$work/out" '.records == []'
printf 'time,source,currency,price_minor_per_btc\n2025-12-26,a,USD,9000000\n' >"$work/p.csv"
expect 0 "a source five days old" sanad position --store "$work/good.db" --at 2025-12-31 \
    --prices "$work/p.csv" --json
holds "a source five days old is no price" "$work/out" '.value == null'
printf '2025-12-31,b,USD,9000000\n2025-12-31,c,USD,90000000\n2025-12-31,d,USD,9100000\n' \
    >>"$work/p.csv"
expect 0 "two agree, one does not" sanad position --store "$work/good.db" --at 2025-12-31 \
    --prices "$work/p.csv" --json
holds "two of three win" "$work/out" \
    '.value.price_minor_per_btc == 9050000 and .value.sources == ["b", "d"]'
for row in '2025-12-31,a,USD,-5' '2025-12-31,a,USD,1e6' '2025-12-31,a,USD,9000000.5' \
    '2025-13-31,a,USD,9000000' '2025-12-31,,USD,9000000' '2025-12-31,a,USD' \
    '2025-12-31,a,USD,99999999999999999999999'; do
    printf 'time,source,currency,price_minor_per_btc\n%s\n' "$row" >"$work/p.csv"
    refused 4 'p\.csv: .*line 2|p\.csv: line 2' "price: $row" \
        sanad position --store "$work/good.db" --prices "$work/p.csv"
done
finish
