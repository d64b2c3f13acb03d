# Proves: a scan over peers of the network gives the position that the block files give, byte
# for byte but for the grade; also when it is killed ten times on the way, and beside peers that
# lie or stall; what was kept is not asked for again; a block that every peer has pruned ends with 3.
. tests/e2e/lib.sh
two_nations
peer=$build/e2e_peer
[ -x "$peer" ] || skip "e2e_peer is not built"
kills=${SANAD_KILLS:-10}
peer_pid=
trap '[ -z "$peer_pid" ] || kill "$peer_pid" 2>/dev/null; clean' EXIT

# peers FAULT...: starts them; $list is their addresses.
peers() {
    [ -z "$peer_pid" ] || { kill "$peer_pid" && wait "$peer_pid"; } 2>/dev/null
    : >"$work/list"
    "$peer" "$two/blocks" regtest "$@" </dev/null >"$work/list" 2>"$work/peer.err" &
    peer_pid=$!
    tries=0
    while ! grep -q : "$work/list" && [ $tries -lt 600 ]; do
        kill -0 $peer_pid 2>/dev/null || break
        sleep 0.1
        tries=$((tries + 1))
    done
    list=$(head -n 1 "$work/list")
    [ -n "$list" ] || { bad "no peers: $(cat "$work/peer.err")"; finish; }
}

# answers STORE FILE: what both nations hold, without the grade.
answers() {
    for nation in XS XP; do
        sanad position --store "$1" --nation $nation --json >"$work/position" 2>"$work/err" ||
            { bad "position of $nation"; return 1; }
        jq -S 'del(.grade)' "$work/position"
    done >"$2"
}

scan() {
    sanad scan --chain regtest --book "$two/book-xs.json" "$two/book-xp.json" --known 2025-12-31 \
        --json "$@"
}

expect 0 "the scan of block files" scan --source "blocks:$two/blocks" --store "$work/blocks.db" || finish
cp "$work/out" "$work/blocks.json"
answers "$work/blocks.db" "$work/blocks.answers" || finish

# Honest peers.
peers none none none
expect 0 "the scan over peers" scan --source "p2p:$list" --cache "$work/cache" --store "$work/p2p.db" || finish
holds "grade" "$work/out" '.grade == "filter"'
holds "who agreed" "$work/out" '.evidence == {source: "p2p", peers_agreed: 3, peers_wanted: 3,
    peers_banned: 0, birthday: 0}'
holds "the same tip" "$work/out" '.tip == $blocks[0].tip' --slurpfile blocks "$work/blocks.json"
holds "the same coins" "$work/out" '.coins == $blocks[0].coins and .spends == $blocks[0].spends' \
    --slurpfile blocks "$work/blocks.json"
answers "$work/p2p.db" "$work/p2p.answers" && same "the position over peers" "$work/blocks.answers" "$work/p2p.answers"

# A stranger recomputes a statement over peers.
printf 'forty bytes of nothing that anybody knows' >"$work/salt"
echo 'a passphrase' >"$work/phrase"
expect 0 "a key" sanad key new "$work/k1.json" --name xs.example/reserve/k1 --fast --passphrase-file "$work/phrase"
expect 0 "a statement" sanad statement make reserve-position --store "$work/blocks.db" --nation XS \
    --authority xs --log xs.example/log --salt-file "$work/salt" --key "$work/k1.json" \
    --passphrase-file "$work/phrase" --out "$work/xs.note"
expect 3 "a statement recomputed over peers" sanad verify "$work/xs.note" --book "$two/book-xs.json" \
    --source "p2p:$list" --cache "$work/cache" --json
holds "its figures" "$work/out" '[.checks[] | select(.name | test("figure|position|block"))] |
    length > 0 and all(.verdict == "holds")'

# A second store: all that is asked for is the blocks that match.
expect 0 "a second store" scan --source "p2p:$list" --cache "$work/cache" --store "$work/second.db"
answers "$work/second.db" "$work/p2p.answers" && same "the second store" "$work/blocks.answers" "$work/p2p.answers"
kill $peer_pid
wait $peer_pid 2>/dev/null
peer_pid=
count=$(jq '.tip.height + 1' "$work/blocks.json")
sent=$(awk '$1 == "none" { sum += $4 } END { print sum }' "$work/list")
# A range that a slow peer had may have been fetched twice.
[ "$sent" -ge "$count" ] && [ "$sent" -lt $((2 * count)) ] ||
    bad "$sent filters were sent for two stores of $count blocks"
checks=$((checks + 1))

# Among liars and idlers, killed on the way.
peers none false-block none false-filter silent none drop
n=0
killed=0
while [ $n -lt "$kills" ]; do
    n=$((n + 1))
    "$SANAD_BIN" scan --chain regtest --book "$two/book-xs.json" "$two/book-xp.json" \
        --known 2025-12-31 --checkpoint 20 --json --source "p2p:$list" --cache "$work/killed" \
        --store "$work/killed.db" </dev/null >"$work/out" 2>"$work/err" &
    pid=$!
    sleep "0.$((n * 9 % 10))"
    kill -9 $pid 2>/dev/null && killed=$((killed + 1))
    wait $pid 2>/dev/null
done
echo "killed on the way: $killed of $kills"
expect 0 "the scan after kills" scan --source "p2p:$list" --cache "$work/killed" --store "$work/killed.db"
answers "$work/killed.db" "$work/p2p.answers" && same "the position after kills" "$work/blocks.answers" "$work/p2p.answers"

# Everybody has pruned what is needed.
peers pruned=100000 pruned=100000
expect 3 "pruned peers" scan --source "p2p:$list" --cache "$work/cache" --store "$work/pruned.db"
grep -q 'block: no peer has it: pruned' "$work/err" || bad "pruned peers: other words"

# What is no source.
refused 2 'has no seeds' "regtest without peers" scan --source p2p --cache "$work/cache" --store "$work/x.db"
refused 2 'HOST:PORT' "an address that is none" scan --source p2p:a@b --cache "$work/cache" --store "$work/x.db"
refused 2 'takes no anchor' "an anchor" scan --source "p2p:$list" --cache "$work/cache" \
    --anchor "5:0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206" --store "$work/x.db"
refused 2 'p2p' "another form" scan --source p2pool:x --cache "$work/cache" --store "$work/x.db"
finish
