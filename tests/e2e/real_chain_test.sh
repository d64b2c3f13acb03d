# Proves, on blocks of Bitcoin itself: the coins of the key of block 9 are followed through
# block 170 and every later spend, as an independent walk of the file sees them; and a run
# without ancestors scans from an anchor with a book of labelled addresses, says that it is
# not complete, and finds what the walk finds. Needs SANAD_DATA.
. tests/e2e/lib.sh
data=${SANAD_DATA:-}
early=$data/blocks/blk-0000000-0004312.dat
labelled=$data/addresses/exchange-and-custodian-addresses-defillama.csv
[ -n "$data" ] && [ -f "$early" ] || skip "needs SANAD_DATA/blocks/blk-0000000-0004312.dat"
walk=$build/e2e_walk
row='"\(.txid) \(.height) \(.class) \(.own_in_sat) \(.own_out_sat) \(.foreign_in_sat) \(.foreign_out_sat) \(.fee_sat) \(.net_sat)"'

# ---- blocks 0 to 4312 --------------------------------------------------------------------

key=0411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3
mkdir "$work/early"
cp "$early" "$work/early/blk00000.dat"
cat >"$work/book.json" <<EOF
{"nation":"ZZ","currency":"USD",
 "entities":[{"id":"miner","name":{"en":"The miner of block 9"},"sector":"S14"}],
 "wallets":[{"id":"block-9","entity":"miner","class":"other","control":"declared",
  "visibility":"public","descriptors":["pk($key)"],"since":null,"until":null}]}
EOF
expect 0 "scan" sanad scan --source "blocks:$work/early" --book "$work/book.json" \
    --store "$work/early.db" --json
holds "4,313 blocks, 4,371 transactions" "$work/out" '.blocks == 4313 and .transactions == 4371
    and .tip.height == 4312 and .grade == "prevout" and .chain == "main" and .simulated == false'
expect 0 "flows" sanad flows --store "$work/early.db" --json
cp "$work/out" "$work/flows"
jq -r ".flows[] | $row" "$work/flows" | sort >"$work/found"
echo "41${key}ac" >"$work/scripts"
"$walk" "$work/scripts" 0 "$early" 2>"$work/err" | sort >"$work/expected"
same "flows of the key, against the walk" "$work/expected" "$work/found"
holds "the story" "$work/flows" '
    (.flows[0] | .height == 9 and .class == "mined" and .net_sat == 5000000000
        and .txid == "0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9")
    and (.flows[1] | .height == 170 and .class == "external-out" and .own_in_sat == 5000000000
        and .foreign_out_sat == 1000000000 and .own_out_sat == 4000000000 and .fee_sat == 0
        and .txid == "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16")
    and ([.flows[].height] == [9, 170, 181, 182, 183, 248])
    and .conservation.holds and .conservation.received_sat == 5000000000'
for at in 0:0 8:0 9:50 169:50 170:40 180:40 181:30 182:29 183:28 247:28 248:18 4312:18; do
    expect 0 "after block ${at%:*}" sanad position --store "$work/early.db" --at "${at%:*}" --json
    holds "after block ${at%:*}: ${at#*:} BTC" "$work/out" '.total_sat == $b * 100000000
        and .exposed_key_sat == .total_sat and .complete' --argjson b "${at#*:}"
done
# By median-time-past, which is an hour behind: block 170 of 03:30 still lies on the 11th.
expect 0 "a day's flows" sanad flows --store "$work/early.db" --from 2009-01-12 \
    --to 2009-01-12 --json
holds "on 2009-01-12" "$work/out" '[.flows[].height] == [181, 182, 183, 248]'
expect 0 "the day before" sanad flows --store "$work/early.db" --from 2009-01-11 \
    --to 2009-01-11 --json
holds "on 2009-01-11" "$work/out" '[.flows[].height] == [170]'

# The same chain in random order, in many files, obfuscated.
"$build/e2e_blocks" shuffle "$work/early" "$work/shuffled" main 11 9 || bad "shuffle"
expect 0 "scan, shuffled" sanad scan --source "blocks:$work/shuffled" --book "$work/book.json" \
    --store "$work/shuffled.db" --threads 3
expect 0 "flows, shuffled" sanad flows --store "$work/shuffled.db" --json
same "flows, shuffled" "$work/flows" "$work/out"

# Spoiled where real proof of work protects it.
"$build/e2e_blocks" spoil "$work/early" "$work/spoiled" main 3000 pow || bad "spoil"
refused 4 'blk00000\.dat: offset [0-9]+: .*proof of work' "another nonce" sanad scan \
    --source "blocks:$work/spoiled" --book "$work/book.json" --store "$work/spoiled.db"
rm -rf "$work/spoiled"
"$build/e2e_blocks" spoil "$work/early" "$work/spoiled" main 3000 value || bad "spoil"
refused 4 'block 3000: .*merkle root' "another value" sanad scan \
    --source "blocks:$work/spoiled" --book "$work/book.json" --store "$work/spoiled.db"
rm -rf "$work/spoiled" "$work/shuffled"

# ---- a run without ancestors ----------------------------------------------------------------

first=831328
last=831335
[ -f "$data/blocks/block-0$first.raw" ] && [ -f "$labelled" ] || {
    echo "skipped: the run $first to $last: not in SANAD_DATA"
    finish
}
mkdir "$work/run"
height=$first
while [ $height -le $last ]; do
    raw=$data/blocks/block-0$height.raw
    size=$(stat -L -c %s "$raw")
    printf '\371\276\264\331' >>"$work/run/blk04172.dat"
    # shellcheck disable=SC2059 # the format is the bytes
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $((size & 255)) $((size >> 8 & 255)) \
        $((size >> 16 & 255)) $((size >> 24)))" >>"$work/run/blk04172.dat"
    cat "$raw" >>"$work/run/blk04172.dat"
    height=$((height + 1))
done
anchor=$first:$(awk -F, -v h=$first '$2 == h { print $3 }' "$data/blocks/index.csv")
# All labelled addresses, each label a wallet of its own.
awk -F, 'NR == 1 { print "wallet,entity,address,script_pubkey_hex"; next }
    { print $1 "," $1 "," $2 "," $3 }' "$labelled" >"$work/labelled.csv"
sed 1d "$labelled" | cut -d, -f3 | sort -u >"$work/scripts"
"$walk" "$work/scripts" $first "$work/run/blk04172.dat" 2>"$work/err" | sort >"$work/expected"
checks=$((checks + 1))
[ "$(wc -l <"$work/expected")" -gt 50 ] || bad "the walk hardly finds anything"
expect 0 "a book of labelled addresses" sanad book import \
    --csv "$work/labelled.csv" --json
cp "$work/out" "$work/labelled.json"
expect 0 "it is a book" sanad book check "$work/labelled.json"
scan_run() {
    sanad scan --source "blocks:$work/run" --book "$work/labelled.json" --store "$work/run.db" "$@"
}
refused 3 '\-\-anchor HEIGHT:HASH' "no anchor" scan_run
expect 0 "scan from the anchor" scan_run --anchor "$anchor" --json
holds "eight blocks" "$work/out" '.blocks == 8 and .tip.height == $l and .from_height == $f
    and .transactions == 22904' --argjson l $last --argjson f $first
expect 3 "a position that is not complete" sanad position --store "$work/run.db" --json
holds "it says so" "$work/out" \
    '.complete == false and .from_height == $f and (.missing | length) > 0' --argjson f $first
checks=$((checks + 1))
[ -s "$work/err" ] && bad "an incomplete position is no error"
expect 3 "flows that are not complete" sanad flows --store "$work/run.db" --json
cp "$work/out" "$work/flows"
holds "they say so" "$work/flows" '.complete == false and .from_height == $f
    and .conservation.holds' --argjson f $first
jq -r ".flows[] | $row" "$work/flows" | sort >"$work/found"
same "flows of labelled addresses, against the walk" "$work/expected" "$work/found"
refused 2 'HEIGHT:HASH' "an anchor without its hash" scan_run --anchor $first
refused 3 'anchor' "an anchor at another height" \
    sanad scan --source "blocks:$work/run" --book "$work/labelled.json" --store "$work/x.db" \
    --anchor "$first:$(printf %064d 0)"

# A statement of it says what it is, and verifies from the same anchor.
echo 'a passphrase' >"$work/phrase"
expect 0 "key" sanad key new "$work/k1" --name zz.example/k1 --fast \
    --passphrase-file "$work/phrase" --json
jq '{keys: [.vkey], roles: {"reserve-position": {threshold: 1, keys: [.name]}}}' \
    "$work/out" >"$work/trust"
expect 0 "statement" sanad statement make reserve-position --store "$work/run.db" \
    --authority zz --log zz.example/log --key "$work/k1" --passphrase-file "$work/phrase" \
    --out "$work/run.note"
expect 0 "show" sanad statement show "$work/run.note" --json
holds "the statement is not complete" "$work/out" '.complete == false and .from_height == $f' \
    --argjson f $first
expect 0 "verify from the anchor" sanad verify "$work/run.note" --trust "$work/trust" \
    --book "$work/labelled.json" --source "blocks:$work/run" --anchor "$anchor" --json
holds "it holds" "$work/out" '.verdict == "holds"'
finish
