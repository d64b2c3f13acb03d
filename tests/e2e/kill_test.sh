# Proves: a scan that is killed at any moment (SIGKILL) loses nothing and leaves no half-truth:
# what the store says between two kills is what an undisturbed scan says of that height, and
# when it has reached the tip, position and flows are the same to the byte. SANAD_KILLS: how
# often, 20 where it is not set.
. tests/e2e/lib.sh
two_nations
kills=${SANAD_KILLS:-20}
seed=${SANAD_KILL_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
echo "kills: $kills, seed $seed (SANAD_KILL_SEED)"
dice=$seed

# random MAX: sets $random, 0 .. MAX-1; the same seed gives the same numbers.
random() {
    dice=$(((dice * 1103515245 + 12345) % 2147483648))
    random=$((dice / 65536 * $1 / 32768))
}

now_ms() {
    echo $(($(date +%s%N) / 1000000))
}

# A bulk large enough that the undisturbed scan takes a while; with the release build more.
size=60000000
while :; do
    rm -rf "$work/bulk" "$work/bulk.db"*
    expect 0 "a bulk of $size bytes" sanad simulate --out "$work/bulk" --scenario bulk \
        --bulk-bytes $size --seed 5 || finish
    # Small files in the order of heights: then a scan has something to keep early on.
    if [ -x "$blocks" ] && [ $size -le 240000000 ]; then
        "$blocks" sort "$work/bulk/blocks" "$work/bulk/sorted" regtest 12 && rm -rf "$work/bulk/blocks" &&
            mv "$work/bulk/sorted" "$work/bulk/blocks" || bad "the bulk could not be sorted"
    fi
    began=$(now_ms)
    expect 0 "its undisturbed scan" sanad scan --chain regtest --source "blocks:$work/bulk/blocks" \
        --book "$work/bulk/book-bulk.json" --store "$work/bulk.db" --json || finish
    ms=$(($(now_ms) - began))
    [ $ms -ge 700 ] || [ $size -ge 640000000 ] && break
    size=$((size * 4))
done
began=$(now_ms)
expect 0 "the undisturbed scan of two nations" sanad scan --chain regtest --json \
    --source "blocks:$two/blocks" --book "$two/book-xs.json" "$two/book-xp.json" \
    --known 2025-12-31 --store "$work/two.db" || finish
two_ms=$(($(now_ms) - began))

# answers STORE FILE: everything that a complete store says.
answers() {
    for nation in $nations; do
        sanad position --store "$1" --nation "$nation" --json &&
            sanad flows --store "$1" --nation "$nation" --possible-own --json || return 1
    done >"$2" 2>"$work/err"
}

# half_truth REFERENCE STORE: what a store says right after a kill.
half_truth() {
    for nation in $nations; do
        sanad position --store "$2" --nation "$nation" --json >"$work/half" 2>"$work/err"
        code=$?
        checks=$((checks + 1))
        # 3: nothing there yet, or scripts are still being looked for; then it says so.
        if [ $code = 3 ]; then
            [ ! -s "$work/half" ] || jq -e '.complete == false' "$work/half" >/dev/null ||
                bad "after a kill: exit 3, yet complete"
            continue
        fi
        [ $code = 0 ] || { bad "after a kill: position ends with $code"; continue; }
        height=$(jq .as_of.height "$work/half")
        sanad position --store "$1" --nation "$nation" --at "$height" --json >"$work/whole"
        filter='del(.grade) | del(.wallets[].script_count)'
        jq "$filter" "$work/half" >"$work/found"
        jq "$filter" "$work/whole" >"$work/expected"
        same "after a kill: position at $height" "$work/expected" "$work/found"
        sanad flows --store "$2" --nation "$nation" --json >"$work/half" 2>"$work/err"
        holds "after a kill: flows at $height conserve" "$work/half" '.conservation.holds'
        seen=$((seen + 1))
    done
}

# killed_scans NAME MS SOURCE BOOKS: scans with kills until $1 of them hit; then to the end.
killed_scans() {
    wanted=$1
    name=$2
    span=$3
    shift 3
    answers "$work/$name.db" "$work/$name.answers" || bad "$name: no answers"
    hit=0
    tries=0
    seen=0
    while [ $hit -lt "$wanted" ] && [ $tries -lt $((wanted * 20)) ]; do
        tries=$((tries + 1))
        random 3
        threads=$((random + 1))
        random $((span + span / 4))
        "$SANAD_BIN" scan --chain regtest --threads $threads --checkpoint 10 \
            --store "$work/killed.db" "$@" >"$work/out" 2>"$work/err" &
        pid=$!
        sleep "$((random / 1000)).$(printf %03d $((random % 1000)))"
        kill -9 $pid 2>/dev/null
        wait $pid 2>/dev/null
        code=$?
        if [ $code = 137 ]; then
            hit=$((hit + 1))
            [ -f "$work/killed.db" ] && half_truth "$work/$name.db" "$work/killed.db"
        elif [ $code = 0 ]; then
            finished "$name" && rm -f "$work/killed.db"*
        else
            bad "$name: a scan after a kill ends with $code"
        fi
    done
    checks=$((checks + 1))
    [ $hit -ge "$wanted" ] || bad "$name: only $hit of $wanted kills hit"
    expect 0 "$name: the scan after the last kill" sanad scan --chain regtest \
        --store "$work/killed.db" "$@"
    finished "$name"
    rm -f "$work/killed.db"*
    echo "$name: $hit kills in $tries runs of up to $span ms, $seen positions in between"
}
finished() {
    checks=$((checks + 1))
    answers "$work/killed.db" "$work/answers" || bad "$1: no answers after kills"
    same "$1: answers after kills" "$work/$1.answers" "$work/answers"
}

nations=$(jq -r .nation "$work/bulk/book-bulk.json")
killed_scans $((kills - kills / 2)) bulk $ms --source "blocks:$work/bulk/blocks" \
    --book "$work/bulk/book-bulk.json"
nations="XS XP"
killed_scans $((kills / 2)) two $two_ms --source "blocks:$two/blocks" \
    --book "$two/book-xs.json" "$two/book-xp.json" --known 2025-12-31
finish
