# Proves: a position is signed by k of n, and a stranger with the blocks recomputes it: holds
# with the whole book, undecided with its public form, contradicted where one figure or one
# signature is another; and everybody makes the same bytes, whatever the threads, the order of
# the records, the files and the key of the folder.
. tests/e2e/lib.sh
two_nations
store=$work/s.db
chain="--chain regtest"
secret=$work/salt
phrase=$work/phrase
printf 'forty bytes of nothing that anybody knows' >"$secret"
echo 'a passphrase' >"$phrase"

# shellcheck disable=SC2086 # two words
expect 0 "scan" sanad scan $chain --source "blocks:$two/blocks" --book "$two/book-xs.json" \
    "$two/book-xp.json" --known 2025-12-31 --store "$store"

# ---- keys ----------------------------------------------------------------------------------

for k in k1 k2 k3 other; do
    expect 0 "new key $k" sanad key new "$work/$k.json" --name "xs.example/reserve/$k" --fast \
        --passphrase-file "$phrase" --json
    cp "$work/out" "$work/$k.public"
    holds "$k is shown" "$work/out" '.vkey | startswith($n + "+")' --arg n "xs.example/reserve/$k"
    expect 0 "key show" sanad key show "$work/$k.json" --json
    same "key show says the same" "$work/$k.public" "$work/out"
    checks=$((checks + 1))
    case $(stat -c %a "$work/$k.json") in
    600) ;;
    *) bad "$k.json: readable by others" ;;
    esac
done
refused 4 'k1.json' "a key is never overwritten" \
    sanad key new "$work/k1.json" --name xs.example/reserve/k1 --fast --passphrase-file "$phrase"
refused 2 'passphrase' "no passphrase" sanad key new "$work/k9.json" --name x/k9 --fast
refused 4 'name' "a name that is none" \
    sanad key new "$work/k9.json" --name 'a+b' --fast --passphrase-file "$phrase"

# trust FILE THRESHOLD KEY...
trust() {
    file=$1
    threshold=$2
    shift 2
    for k in "$@"; do
        cat "$work/$k.public"
    done | jq -s --argjson t "$threshold" '{keys: [.[].vkey],
        roles: {"reserve-position": {threshold: $t, keys: [.[].name]}}}' >"$work/$file"
}
trust one 1 k1 k2 k3
trust two-of-three 2 k1 k2 k3
trust three-of-three 3 k1 k2 k3
trust others 1 other

# ---- made, signed, shown ------------------------------------------------------------------

# make STORE NATION OUT [ARGS...]
make_position() {
    from=$1
    nation=$2
    out=$3
    shift 3
    sanad statement make reserve-position --store "$from" --nation "$nation" --at 4000 \
        --authority xs --log xs.example/log --passphrase-file "$phrase" --out "$out" \
        --salt-file "$secret" --key "$work/k1.json" "$@"
}
mkdir -p "$work/s"
note=$work/s/position.note
expect 0 "make" make_position "$store" XS "$note" --public-book "$work/public.json"
cp "$two/book-xs.json" "$work/whole.json"
refused 2 'salt' "restricted wallets need a salt" sanad statement make reserve-position \
    --store "$store" --nation XS --authority xs --log xs.example/log
expect 0 "show" sanad statement show "$note" --json
holds "what is signed" "$work/out" '.simulated and .as_of.height == 4000 and .complete
    and (([$t[0].positions[] | select(.nation == "XS" and .height <= 4000)]
         | max_by(.height)) as $p | .total_sat == $p.total_sat
         and .public_sat == $p.public_sat and .restricted_sat == $p.restricted_sat)
    and .restricted_sat > 0 and .authority == "xs" and .prev == -1' --slurpfile t "$truth"
holds "restricted wallets are not listed" "$work/out" \
    '([.wallets[].balance_sat] | add) == .public_sat and (.wallets | all(.id != "contingency"))'
checks=$((checks + 1))
grep -q 'addr(\|pkh(' "$note" && bad "a descriptor stands in a statement"
# The public form gives away nothing but the commitment.
holds "public book" "$work/public.json" '[.wallets[] | select(.visibility != "public")]
    | length > 0 and all(.[]; has("commitment") and (has("descriptors") | not)
        and (has("since") | not) and (has("note") | not))'

# ---- verified ---------------------------------------------------------------------------------

verify() {
    sanad verify "$@" --source "blocks:$two/blocks" --json
}
expect 0 "whole book: holds" verify "$note" --trust "$work/one" --book "$work/whole.json"
holds "all checks hold" "$work/out" '.verdict == "holds" and (.checks | length > 10)
    and all(.checks[]; .verdict == "holds")'
expect 3 "public book: undecided" verify "$note" --trust "$work/one" --book "$work/public.json"
holds "the public part holds" "$work/out" '.verdict == "undecided"
    and any(.checks[]; .subject == "public_sat" and .verdict == "holds")
    and any(.checks[]; .subject == "total_sat" and .verdict == "undecided")
    and all(.checks[]; .verdict != "contradicted")'
expect 3 "no book at all" verify "$note" --trust "$work/one"
holds "no book: undecided" "$work/out" '.verdict == "undecided"'
expect 3 "no book and no blocks" sanad verify "$note" --trust "$work/one" --json
holds "no book: undecided, whatever the signatures" "$work/out" '.verdict == "undecided"
    and any(.checks[]; .name == "signatures" and .verdict == "holds")
    and any(.checks[]; .name == "book" and .verdict == "undecided")'
expect 0 "a book and no blocks" sanad verify "$note" --trust "$work/one" --book "$work/whole.json"
expect 3 "another nation's book" verify "$note" --trust "$work/one" --book "$two/book-xp.json"
cp "$work/whole.json" "$work/s/book-xs.json"
expect 0 "a book beside the statement is found" verify "$note" --trust "$work/one"
rm "$work/s/book-xs.json"
cp "$work/whole.json" "$work/book-xs.json"
expect 0 "a book one folder up is found" verify "$note" --trust "$work/one"
rm "$work/book-xs.json"
expect 3 "no trust file" verify "$note" --book "$work/whole.json"

# Another nation, without restricted wallets: no salt, no public form.
expect 0 "make XP" sanad statement make reserve-position --store "$store" --nation XP \
    --authority xp --log xp.example/log --passphrase-file "$phrase" --key "$work/k1.json" \
    --out "$work/xp.note"
expect 0 "XP holds" verify "$work/xp.note" --trust "$work/one" --book "$two/book-xp.json"

# ---- k of n ----------------------------------------------------------------------------------

expect 3 "one of two" verify "$note" --trust "$work/two-of-three" --book "$work/whole.json"
cp "$note" "$work/signed.note"
expect 0 "second signature" sanad statement sign "$work/signed.note" --key "$work/k2.json" \
    --passphrase-file "$phrase"
expect 0 "two of two" verify "$work/signed.note" --trust "$work/two-of-three" \
    --book "$work/whole.json"
expect 3 "two of three" verify "$work/signed.note" --trust "$work/three-of-three" \
    --book "$work/whole.json"
refused 4 'signed this statement already' "one key signs once" sanad statement sign \
    "$work/signed.note" --key "$work/k2.json" --passphrase-file "$phrase"
checks=$((checks + 1))
[ "$(grep -c '^— ' "$work/signed.note")" = 2 ] || bad "a refused signature changed the note"
expect 3 "keys that nobody knows" verify "$work/signed.note" --trust "$work/others" \
    --book "$work/whole.json"
holds "unknown keys: undecided" "$work/out" '.verdict == "undecided"
    and any(.checks[]; .name == "signatures" and .verdict == "undecided")'
echo 'another passphrase' >"$work/wrong"
refused 1 'passphrase' "a wrong passphrase" sanad statement sign "$work/signed.note" \
    --key "$work/k3.json" --passphrase-file "$work/wrong"

# ---- tampered -----------------------------------------------------------------------------------

# Figures changed in the text: the signature fails, and so do the sums.
total=$(sed -n 2p "$note" | jq .total_sat)
sed "s/\"total_sat\":$total/\"total_sat\":$((total + 1))/" "$note" >"$work/more.note"
expect 1 "one satoshi more" verify "$work/more.note" --trust "$work/one" --book "$work/whole.json"
holds "the figure is named" "$work/out" '.verdict == "contradicted"
    and any(.checks[]; .name == "figures" and .subject == "total_sat"
        and .verdict == "contradicted")
    and any(.checks[]; .name == "signatures" and .verdict == "contradicted")'
expect 1 "one satoshi more, without blocks" sanad verify "$work/more.note" --trust "$work/one"
# A lie that is signed rightly and adds up: only the chain tells.
sed -n 1,2p "$work/more.note" >"$work/lie"
public=$(sed -n 2p "$note" | jq .public_sat)
restricted=$(sed -n 2p "$note" | jq .restricted_sat)
{
    echo 'sanad/statement/v1 reserve-position'
    sed -n 2p "$note" | sed "s/\"restricted_sat\":$restricted/\"restricted_sat\":$((restricted + 1))/
        s/\"total_sat\":$total/\"total_sat\":$((total + 1))/" |
        jq -cS '.by_class[0].balance_sat += 1'
} >"$work/lie.note"
expect 0 "the lie is signed" sanad statement sign "$work/lie.note" --key "$work/k1.json" \
    --passphrase-file "$phrase"
expect 1 "the chain contradicts it" verify "$work/lie.note" --trust "$work/one" \
    --book "$work/whole.json"
holds "three figures are named, no other" "$work/out" '
    [.checks[] | select(.verdict == "contradicted").subject] | sort
    == ["by_class", "restricted_sat", "total_sat"]'
expect 3 "a public verifier cannot tell" verify "$work/lie.note" --trust "$work/one" \
    --book "$work/public.json"
sed "s/\"public_sat\":$public/\"public_sat\":$((public - 1))/
    s/\"restricted_sat\":$restricted/\"restricted_sat\":$((restricted + 1))/" "$note" |
    sed -n 1,2p >"$work/lie2.note"
expect 0 "another lie is signed" sanad statement sign "$work/lie2.note" --key "$work/k1.json" \
    --passphrase-file "$phrase"
expect 1 "of the public part a public verifier can tell" verify "$work/lie2.note" \
    --trust "$work/one" --book "$work/public.json"
# Another block of the same height, a losing one.
hash=$(jq -r '[.stale_blocks[] | select(.height > 2000)][0].hash' "$truth")
height=$(jq -r '[.stale_blocks[] | select(.height > 2000)][0].height' "$truth")
sed -n 1,2p "$note" | sed "s/\"block_hash\":\"[0-9a-f]*\"/\"block_hash\":\"$hash\"/
    s/\"height\":4000/\"height\":$height/" >"$work/stale.note"
expect 0 "sign" sanad statement sign "$work/stale.note" --key "$work/k1.json" \
    --passphrase-file "$phrase"
expect 1 "a block that lost" verify "$work/stale.note" --trust "$work/one" \
    --book "$work/whole.json"
holds "the block is named" "$work/out" \
    'any(.checks[]; .subject == "as_of block_hash" and .verdict == "contradicted")'
# A source that ends before the block of the statement.
sed -n 1,2p "$note" | sed 's/"height":4000/"height":4999/' >"$work/later.note"
expect 0 "sign" sanad statement sign "$work/later.note" --key "$work/k1.json" \
    --passphrase-file "$phrase"
expect 3 "a block that the source does not hold" verify "$work/later.note" --trust "$work/one" \
    --book "$work/whole.json"
# One character of a signature.
sed '$ s/.\{6\}$/AAAA==/' "$note" >"$work/bent.note"
expect 1 "a failing signature" verify "$work/bent.note" --trust "$work/one" \
    --book "$work/whole.json"
expect 1 "a failing signature, without blocks" sanad verify "$work/bent.note" \
    --trust "$work/one" --json
holds "it is named" "$work/out" \
    'any(.checks[]; .name == "signatures" and .verdict == "contradicted")'

# ---- no notes at all ---------------------------------------------------------------------------

unparsable() {
    refused 4 "$work/u.note" "$1" sanad verify "$work/u.note" --trust "$work/one"
}
: >"$work/u.note"
unparsable "an empty file"
head -c 300 "$note" >"$work/u.note"
unparsable "a torn note"
sed -n 1,2p "$note" >"$work/u.note"
unparsable "no signature"
sed 's/"total_sat":/"total_sat": /' "$note" >"$work/u.note"
unparsable "not canonical"
sed "s/\"total_sat\":$total/\"total_sat\":1.5/" "$note" >"$work/u.note"
unparsable "a real number"
sed "s/\"total_sat\":$total/\"total_sat\":1,\"total_sat\":$total/" "$note" >"$work/u.note"
unparsable "a member twice"
sed '1 s/reserve-position/reserve-positions/' "$note" >"$work/u.note"
unparsable "an unknown kind"
sed '1 s|v1|v2|' "$note" >"$work/u.note"
unparsable "another version"
sed 's/$/\r/' "$note" >"$work/u.note"
unparsable "carriage returns"
head -c 2000000 /dev/zero >"$work/u.note"
unparsable "zeros, over a mebibyte"
sed '$ s| [^ ]*$| !!!!|' "$note" >"$work/u.note"
unparsable "a signature that is no base64"
rm "$work/u.note"
unparsable "no file"
echo '{"keys":["x"]}' >"$work/broken-trust"
refused 4 'broken-trust' "a trust file that is none" sanad verify "$note" \
    --trust "$work/broken-trust"

# ---- the same bytes from everybody ----------------------------------------------------------------

"$blocks" shuffle "$two/blocks" "$work/shuffled" regtest 3 7 || bad "shuffle"
"$blocks" shuffle "$two/blocks" "$work/one-file" regtest 4 1 || bad "shuffle"
rm -f "$work"/one-file/rev*.dat
for run in "1 $two/blocks" "2 $two/blocks" "3 $two/blocks" "2 $work/shuffled" "3 $work/one-file"; do
    threads=${run%% *}
    folder=${run#* }
    what="$threads threads, $(basename "$folder")"
    rm -f "$work/r.db"*
    # shellcheck disable=SC2086 # two words
    expect 0 "scan with $what" sanad scan $chain --source "blocks:$folder" --threads "$threads" \
        --book "$two/book-xp.json" "$two/book-xs.json" --store "$work/r.db"
    expect 0 "make with $what" make_position "$work/r.db" XS "$work/r.note"
    same "the statement with $what" "$note" "$work/r.note"
    expect 0 "verify with $what" sanad verify "$note" --trust "$work/one" --threads "$threads" \
        --book "$work/whole.json" --source "blocks:$folder"
done

# ---- many wallets ------------------------------------------------------------------------------

# many COUNT ID-SIZE: a book of so many public wallets, a statement of it, verified.
many() {
    jq --argjson n "$1" --argjson s "$2" '.wallets[0] as $w | .wallets = [range($n) | . as $i
        | ("0123456789abcdef" | explode | map([.] | implode)) as $x | $w | del(.range, .gap)
        | .id = ("w\($i)-" + "x" * $s) | .visibility = "public"
        | .descriptors = ["raw(51\($x[$i / 16 | floor])\($x[$i % 16]))"]]' \
        "$two/book-xp.json" >"$work/many.json"
    rm -f "$work/many.db"*
    # shellcheck disable=SC2086 # two words
    expect 0 "scan of $1 wallets" sanad scan $chain --source "blocks:$two/blocks" \
        --book "$work/many.json" --store "$work/many.db"
    expect 0 "make of $1 wallets" sanad statement make reserve-position --store "$work/many.db" \
        --authority xp --log xp.example/log --key "$work/k1.json" --passphrase-file "$phrase" \
        --out "$work/many.note"
    expect 0 "show of $1 wallets" sanad statement show "$work/many.note" --json
    holds "$1 wallets of $2" "$work/out" "$3"
    expect 0 "verify of $1 wallets" verify "$work/many.note" --trust "$work/one" \
        --book "$work/many.json"
}
many 64 10 '.wallets | length == 64'
many 64 110 '(has("wallets") | not) and .wallet_count == 64 and (.wallets_sha256 | length) == 64'
many 65 10 '(has("wallets") | not) and .wallet_count == 65'

# ---- the other kinds ---------------------------------------------------------------------------

expect 0 "address-book" sanad statement make address-book --book "$two/book-xs.json" $chain \
    --authority xs --log xs.example/log --salt-file "$secret" --passphrase-file "$phrase" \
    --key "$work/k1.json" --out "$work/book.note"
expect 0 "show address-book" sanad statement show "$work/book.note" --json
holds "address-book" "$work/out" '.book_sha256 == $w and (.public_book_sha256 | length) == 64' \
    --arg w "$(sanad book hash $chain "$two/book-xs.json")"
txid=$(jq -r '[.flows[] | select(.nation == "XS" and .class == "external-out"
    and .meaning == null)][0].txid' "$truth")
mkdir "$work/declared"
expect 0 "flow-declaration" sanad statement make flow-declaration --nation XS --txid "$txid" \
    --meaning sale --document-sha256 "$txid" --simulated --authority xs --log xs.example/log \
    --key "$work/k1.json" --passphrase-file "$phrase" --out "$work/declared/sale.note"
expect 0 "flows with a statement" sanad flows --store "$store" --nation XS \
    --statements "$work/declared" --json
holds "the flow is declared by the statement" "$work/out" '
    [.flows[] | select(.declared != null)] == [.flows[] | select(.txid == $x)]
    and (.flows[] | select(.txid == $x).declared.kind) == "sale"' --arg x "$txid"
expect 3 "a statement that the trust file does not carry" sanad flows --store "$store" \
    --nation XS --statements "$work/declared" --trust "$work/one" --json
expect 0 "claim" sanad statement make claim --claims claims/2024-2025.csv \
    --id "$(awk -F, 'NR == 2 { print $1 }' claims/2024-2025.csv)" --authority xs \
    --log xs.example/log --key "$work/k1.json" --passphrase-file "$phrase" --out "$work/claim.note"
expect 0 "show claim" sanad statement show "$work/claim.note" --json
refused 2 'no such kind' "an unknown kind" sanad statement make gossip --authority xs --log x
finish
