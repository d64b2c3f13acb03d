# Proves: every verdict and value that the generator of two invented nations wrote down itself, for
# each criterion, day, version of the programme and version of the book; each acceptance case with
# its day and amount; what is refused, and that nothing is written then.
. tests/e2e/lib.sh
two_nations
store=$work/limits.db
psbt=$build/e2e_psbt

# ---- the stage ------------------------------------------------------------------------------------

# declare_book CC DATE: scans with one version of a book, known at the time that index.csv says.
declare_book() {
    file=declarations/book-$1-$2.json
    known=$(awk -F, -v f="book-$1-$2.json" '$1 == f { print $4 }' "$two/declarations/index.csv")
    expect 0 "scan with $file" sanad scan --chain regtest --source "blocks:$two/blocks" \
        --book "$two/$file" --known "$known" --store "$store" --json
}
# limits CC [OPTIONS]: the nation's programme over its lines.
limits() {
    nation=$1
    shift
    sanad limits --store "$store" --programme "$two/programme-$nation.json" \
        --liabilities "$two/liabilities-$nation.csv" "$@"
}
# daily_file CC VERSION FILE [OPTIONS]: all days since the base date.
daily_file() {
    into=$3
    cc=$1
    version=$2
    shift 3
    limits "$cc" --version "$version" --daily 2025-01-31:2025-12-31 --json "$@" \
        >"$into" 2>"$work/err"
    code=$?
    checks=$((checks + 1))
    case $code in
    0 | 1 | 3) ;;
    *) bad "days of $cc $version: exit $code" ;;
    esac
}

declare_book xs 2025-02-15
declare_book xs 2025-09-05
for cc in xs xp; do
    expect 0 "declarations of $cc" sanad register declaration import \
        "$two/declarations/flows-$cc.csv" --store "$store" --nation "$(echo $cc | tr a-z A-Z)" \
        --by ana --approver bruno --known 2026-01-02T00:00:00Z
done
# What was reported before the late book is there, kept for the case of the late declaration.
expect 1 "before the late book" limits xs --at 2025-11-17 --version 2025-02-26 \
    --as-known 2025-12-05T19:59:59Z --json
cp "$work/out" "$work/reported-then"
declare_book xs 2025-12-05
declare_book xp 2025-06-15
declare_book xp 2025-11-20

# ---- against the truth ------------------------------------------------------------------------------

# Where the truth says met and inflows are there that nobody explained, a criterion on declared
# inflows stays undecided: the truth knows what they were, nobody who only reads the chain does.
# Then the value has to be the same, and the sentence has to name the unclassified flows.
# truth_is WHAT FILE VERSION LAST-DAY FILTER
truth_is() {
    jq -r --arg v "$3" --arg last "$4" "[$5] | map(select(.version == \$v and .date <= \$last))
        | sort_by(.criterion, .date)[] | \"\(.criterion) \(.date) \(.value) \(.verdict)\"" \
        "$truth" >"$work/expected"
    jq -r '.daily[] | .id as $id | .days[] | "\($id) \(.date) \(.value) " +
        if .verdict == "undecided" and ((.missing // "") | test("are unclassified"))
        then "met" else .verdict end' "$2" | sort >"$work/days"
    cut -d ' ' -f 1-2 "$work/expected" >"$work/asked"
    grep -F -f "$work/asked" "$work/days" >"$work/found"
    [ "$(wc -l <"$work/expected")" -gt "$6" ] || bad "$1: truth.json has hardly any"
    same "$1" "$work/expected" "$work/found"
}
now='.criteria[] | select(.nation == "XS")'
daily_file xs 2025-02-26 "$work/xs-net"
truth_is "every day of XS, first version" "$work/xs-net" 2025-02-26 2025-12-31 "$now" 330
daily_file xs 2025-07-25 "$work/xs-gross"
truth_is "every day of XS, second version" "$work/xs-gross" 2025-07-25 2025-12-31 "$now" 330
holds "hardly a day is undecided" "$work/xs-gross" '[.daily[] | select(.id | test("continuous"))
    .days[] | select(.verdict == "undecided")] | length > 0 and length < 5 and all(.[]; .value == 0)'
daily_file xp 2025-07-01 "$work/xp-net"
truth_is "every day of XP" "$work/xp-net" 2025-07-01 2025-12-31 \
    '.criteria[] | select(.nation == "XP")' 180

# As reported: the older books with the knowledge of the last moment before the next one.
# reported CC VERSION BOOK KNOWN LAST-DAY LEAST
reported() {
    daily_file "$1" "$2" "$work/then" --as-known "$4"
    truth_is "$1 $2 as known on $4" "$work/then" "$2" "$5" ".as_reported.criteria[]
        | select(.nation == \"$(echo "$1" | tr a-z A-Z)\" and .book == \"$3\")" "$6"
}
reported xs 2025-02-26 2025-02-15 2025-09-05T19:59:59Z 2025-09-03 210
reported xs 2025-02-26 2025-09-05 2025-12-05T19:59:59Z 2025-12-03 300
reported xs 2025-07-25 2025-09-05 2025-12-05T19:59:59Z 2025-12-03 300
reported xp 2025-07-01 2025-06-15 2025-11-20T19:59:59Z 2025-11-18 140

# ---- acceptance cases ---------------------------------------------------------------------------------

# step FILE CRITERION DAY AMOUNT WHAT: how far the value moved on that day.
step() {
    holds "$5 ($3)" "$1" '[.daily[] | select(.id == $c).days[]] as $days
        | ($days | map(.date) | index($d)) as $i
        | $days[$i].value - $days[$i - 1].value == $n' --arg c "$2" --arg d "$3" --argjson n "$4"
}
# on FILE CRITERION DAY VALUE VERDICT WHAT
on() {
    holds "$6 ($3)" "$1" '[.daily[] | select(.id == $c).days[] | select(.date == $d)][0]
        | (.value == $v or $v == null) and .verdict == $w' \
        --arg c "$2" --arg d "$3" --argjson v "$4" --arg w "$5"
}
net=net-public-continuous
end=net-public-end-period
gross=gross-acquisitions-continuous
expect 0 "flows of XS" sanad flows --store "$store" --nation XS --json
cp "$work/out" "$work/flows"
# fees DAY: what the own transfers of a day cost, but for those that excluded coins paid.
fees() {
    jq --arg d "$1" '[.flows[] | select((.time | startswith($d)) and .class == "internal")
        | select(any(.wallets[]; .id == "seized-assets") or .fee_sat == 10000 | not).fee_sat] | add' \
        "$work/flows"
}

# Sweep: 1 to 14 addresses.
holds "sweep: one transaction pays fourteen addresses, and nothing leaves but its fee" \
    "$work/flows" 'any(.flows[]; (.time | startswith("2025-08-29")) and .class == "internal"
        and .foreign_out_sat == 0 and .net_sat == -.fee_sat
        and ([.wallets[].id] | index("reserve-vault") and index("strategic-reserve")))'
step "$work/xs-net" $net 2025-08-29 "-$(fees 2025-08-29)" "sweep: nothing but fees"
on "$work/xs-net" $net 2025-08-29 -1408459142 met "sweep: as met as the day before"

# Liability: clients take dollars for 30 BTC.
step "$work/xs-net" $net 2025-07-04 "$((3000000000 - $(fees 2025-07-04)))" \
    "liability: 30 BTC up, no coin sold"
on "$work/xs-net" $net 2025-07-03 -842810536 met "liability: the day before"
on "$work/xs-net" $net 2025-07-04 2157187340 not-met "liability: broken that very day"
on "$work/xs-net" $net 2025-08-19 null not-met "liability: until the operator sold"
on "$work/xs-net" $net 2025-08-20 -1403392697 met "liability: corrected"
on "$work/xs-net" $end 2025-06-30 null met "liability: the test date before"
on "$work/xs-net" $end 2025-09-30 null met "liability: the test date after"
expect 1 "liability: on the day" limits xs --at 2025-07-04 --json
holds "liability: its sentence" "$work/out" '.criteria[] | select(.id == "net-public-continuous")
    | .verdict == "not-met" and .since == "2025-07-04" and .corrected == null
    and (.explanation | test("Client liabilities of state-wallet-operator fell by 30 BTC")
        and test("on 2025-07-04 and no coins were sold")
        and test("the net position rose by 29.99997876 BTC"))'
holds "liability: the end-period criterion is met as on its last date" "$work/out" '
    .criteria[] | select(.id == "net-public-end-period")
    | .verdict == "met" and .date == "2025-06-30" and .running.verdict == "not-met"'
expect 0 "liability: on the day before" limits xs --at 2025-07-03 --json
# Under the first version alone the breach ends when the operator sold, and stays told.
jq '.versions = [.versions[0] | .until = null]' "$two/programme-xs.json" >"$work/first.json"
expect 0 "liability: corrected" sanad limits --store "$store" --programme "$work/first.json" \
    --liabilities "$two/liabilities-xs.csv" --at 2025-08-21 --json
holds "liability: the breach stays told" "$work/out" '[.criteria[]
    | select(.id == "net-public-continuous")][0] | .verdict == "met" and (.breaches | length) == 1
    and .breaches[0].from == "2025-07-04" and .breaches[0].corrected == "2025-08-20"
    and .breaches[0].worst_date == "2025-07-15" and .breaches[0].reported == "not-met"'

# Intra-public: the treasury deposits 100 BTC at the state exchange.
holds "intra-public: 100 BTC moved" "$work/flows" 'any(.flows[];
    (.time | startswith("2025-04-10")) and .class == "internal"
    and any(.wallets[]; .id == "state-wallet-clients" and .out_sat == 10000000000))'
step "$work/xs-net" $net 2025-04-10 "-$(fees 2025-04-10)" "intra-public: unchanged but for fees"

# Mining counts: a coinbase, and a payout that was declared as such.
jq -r '.flows[] | select(.time > "2025-03" and .time < "2025-12")
    | select(.class == "mined" or .declared.kind == "pool-payout")
    | "\(.time[0:10]) \(.class) \(.net_sat)"' "$work/flows" >"$work/mined"
checks=$((checks + 1))
if ! grep -q ' mined ' "$work/mined" || ! grep -q ' external-in ' "$work/mined"; then
    bad "mining: there is no coinbase and payout to look at"
fi
sort -k 2,2 -u "$work/mined" >"$work/one-each"
while read -r day class sat; do
    total=$(jq --arg d "$day" '[.flows[] | select((.time | startswith($d))
        and (.class == "mined" or .declared.kind == "pool-payout" or .declared.kind == "purchase"))
        .net_sat] | add' "$work/flows")
    [ "$total" -ge "$sat" ] && step "$work/xs-gross" $gross "$day" "$total" "mining: $class counts"
done <"$work/one-each"

# Seizure does not: excluded when it comes, and after it was swept into the reserve.
step "$work/xs-net" $net 2025-03-20 "-$(fees 2025-03-20)" "seizure: 87.5 BTC are excluded"
step "$work/xs-net" $net 2025-05-22 "-$(fees 2025-05-22)" "seizure: excluded after the sweep too"
expect 0 "seizure: terms" limits xs --at 2025-05-23 --version 2025-02-26 --json
holds "seizure: the coins are followed into the reserve, less their fee" "$work/out" '
    [.criteria[0].terms[] | select(.term | test("seizure"))][0]
    | .value == 8749990000 and .base == 0'
expect 0 "seizure: position" sanad position --store "$store" --nation XS --at 2025-05-23 --json
holds "seizure: the wallet of class seized is empty" "$work/out" \
    '[.wallets[] | select(.id == "seized-assets").balance_sat] == [0]'

# A purchase that is sent to the wallet of class seized counts.
step "$work/xs-net" $net 2025-10-07 "$((1200000000 - $(fees 2025-10-07)))" \
    "a purchase to the seized wallet counts"
on "$work/xs-net" $net 2025-10-07 308967362 not-met "a purchase to the seized wallet breaks"

# Late declaration, coins older than the base: as reported nothing changes, restated the total and
# the base rise by 1,200 BTC, and what accumulated does not.
expect 1 "late: as reported" limits xs --at 2025-11-17 --version 2025-02-26 \
    --as-known 2025-12-05T19:59:59Z --json
same "late: what was reported stays, byte for byte" "$work/reported-then" "$work/out"
expect 1 "late: as restated" limits xs --at 2025-11-17 --version 2025-02-26 --json
holds "late: total and base rise by 1,200 BTC, accumulation does not" "$work/out" '
    def balance: [.criteria[0].terms[] | select(.term | test("^balance"))][0];
    balance.value - ($r[0] | balance.value) == 120000000000
    and balance.base - ($r[0] | balance.base) == 120000000000
    and .criteria[0].value == $r[0].criteria[0].value
    and .book_sha256 != $r[0].book_sha256' --slurpfile r "$work/reported-then"
# Coins newer than the base: the restated figure rises and the verdicts changed.
expect 1 "late, newer: XP" limits xp --at 2025-11-01 --json
holds "late, newer: possible misreporting" "$work/out" '
    [.criteria[] | select(.id == "net-public-continuous")][0]
    | .verdict == "not-met" and .reported.verdict == "met"
    and .value - .reported.value == 6000000000 and .possible_misreporting
    and .changed.first == "2025-08-12" and .since == "2025-08-12"'
# The same by hand: a book without the mine of XP first, with it later.
jq 'del(.wallets[] | select(.id == "mining-allocation"))' \
    "$two/declarations/book-xp-2025-06-15.json" >"$work/early.json"
late=$work/late.db
for book in "$work/early.json 2025-06-15T20:00:00Z" \
    "$two/declarations/book-xp-2025-06-15.json 2025-10-20T20:00:00Z"; do
    expect 0 "late, by hand: scan" sanad scan --chain regtest --source "blocks:$two/blocks" \
        --book "${book% *}" --known "${book#* }" --store "$late" --json
done
expect 0 "late, by hand: declarations" sanad register declaration import \
    "$two/declarations/flows-xp.csv" --store "$late" --nation XP --by ana --approver bruno \
    --known 2026-01-02T00:00:00Z
jq '.versions[].criteria[].ceiling = 500000000' "$two/programme-xp.json" >"$work/tight.json"
expect 1 "late, by hand" sanad limits --store "$late" --programme "$work/tight.json" \
    --liabilities "$two/liabilities-xp.csv" --at 2025-10-10 --json
holds "late, by hand: restated it rises, and possible misreporting is raised" "$work/out" '
    [.criteria[] | select(.id == "net-public-continuous")][0]
    | .verdict == "not-met" and .reported.verdict == "met" and .possible_misreporting
    and .value > 500000000 and .reported.value <= 500000000 and .changed.days > 20'
checks=$((checks + 2))
sanad limits --store "$late" --programme "$work/tight.json" \
    --liabilities "$two/liabilities-xp.csv" --at 2025-10-10 >"$work/out" 2>"$work/err"
grep -q 'POSSIBLE MISREPORTING' "$work/out" || bad "late, by hand: people are not told"
grep -v '^SIMULATED' "$work/out" >"$work/unmarked"
[ -s "$work/unmarked" ] && bad "a line of a simulated nation is not marked"

# Two versions of the memorandum: the same day met and not met.
on "$work/xs-net" $net 2025-08-25 null met "two versions: net stock"
on "$work/xs-gross" $gross 2025-08-25 null not-met "two versions: gross acquisitions"
expect 0 "two versions: before the second" limits xs --at 2025-07-03 --json
holds "two versions: the first is in force" "$work/out" '.version == "2025-02-26"'
expect 1 "two versions: after it" limits xs --at 2025-08-25 --json
holds "two versions: the second is in force, what broke before stays told" "$work/out" '
    .version == "2025-07-25" and any(.earlier[]; .id == "net-public-continuous"
        and .version == "2025-02-26" and .breaches[0].from == "2025-07-04")'

# Round trip: 50 BTC leave and come back; linked, both without a meaning, and told as such.
holds "round trip: linked and unclassified" "$work/flows" '
    [.flows[] | select(.round_trip != null and (.time | startswith("2025-06")))] as $r
    | ($r | length) == 2 and $r[0].class == "external-out" and $r[1].class == "external-in"
    and all($r[]; .declared == null) and ($r[0].time | startswith("2025-06-03"))
    and ($r[1].time | startswith("2025-06-17")) and $r[1].net_sat == 5000000000'
step "$work/xs-net" $net 2025-06-17 "$((5000000000 - $(fees 2025-06-17)))" "round trip: back"
step "$work/xs-gross" $gross 2025-06-17 0 "round trip: no acquisition that anybody declared"
# open_on DAY: what nobody explained of the inflows up to then.
open_on() {
    limits xs --at "$1" --version 2025-07-25 --json | jq '.criteria[0].terms[0].unclassified'
}
checks=$((checks + 1))
[ $(($(open_on 2025-06-17) - $(open_on 2025-06-16))) = 5000000000 ] ||
    bad "round trip: its inflow is not among those that nobody explained"

# Sealed: with the public form of the book alone, undecided.
head -c 32 /dev/zero >"$work/secret"
expect 0 "sealed: the public form" sanad book public "$two/book-xs.json" --chain regtest \
    --salt-secret "$work/secret"
cp "$work/out" "$work/public.json"
expect 0 "sealed: scan" sanad scan --chain regtest --source "blocks:$two/blocks" \
    --book "$work/public.json" --known 2025-02-15T20:00:00Z --store "$work/sealed.db" --json
expect 3 "sealed: undecided" sanad limits --store "$work/sealed.db" \
    --programme "$two/programme-xs.json" --liabilities "$two/liabilities-xs.csv" \
    --at 2025-07-03 --json
holds "sealed: what is missing is named, no figure is given" "$work/out" '.complete == false
    and all(.criteria[]; .verdict == "undecided" and .value == null and .headroom == null
        and (.missing[0] | test("sealed|contingency|treasury-operations")))'

# Price: a criterion at the market price. 1:1 is refused; two of three win; a stale source is none.
jq '.versions = [.versions[0] | .until = null | .criteria = [.criteria[0] | del(.base_date)
    | .unit = "USD" | .ceiling = 100000000000 | .test_dates = []
    | .quantity = {convert: {of: {constant: {unit: "BTC", value: 100000000}}, to: "USD",
        rate: "market"}}]] | del(.versions[0].criteria[0].test_dates)' \
    "$two/programme-xs.json" >"$work/price.json"
priced() {
    sanad limits --store "$store" --programme "$work/price.json" \
        --liabilities "$two/liabilities-xs.csv" --json "$@"
}
refused 4 '1:1|one to one|1 to 1|a price of 1' "price: 1:1 is refused" \
    priced --prices "$two/declarations/prices-one-to-one.csv"
for day in 2025-03-12 2025-07-04; do
    expect 0 "price on $day" priced --at $day --prices "$two/prices.csv"
    cp "$work/out" "$work/priced"
    # The newest close of each source that is not absurd: the median of two or three.
    median=$(awk -F, -v d="$day" '$1 ~ "^" d { print $4 }' "$two/prices.csv" | sort -n |
        awk '{ v[NR] = $1 } END { print v[1] + 0, v[2] + 0, v[3] + 0 }')
    holds "price on $day: the sources that agree win" "$work/priced" '.criteria[0].value as $v
        | ($m | split(" ") | map(tonumber)) as $s
        | $v >= $s[0] and $v <= $s[1] and $v > 1000000' --arg m "$median"
done
awk -F, 'NR == 1 || $1 < "2025-03-01"' "$two/prices.csv" >"$work/old-prices.csv"
expect 0 "price: three days old" priced --at 2025-03-02 --prices "$work/old-prices.csv"
expect 3 "price: five days old" priced --at 2025-03-06 --prices "$work/old-prices.csv"
holds "price: stale is missing, not zero" "$work/out" '.criteria[0].value == null
    and (.criteria[0].missing[0] | test("price"))'
expect 3 "price: none at all" priced --at 2025-03-06

# ---- before signing -----------------------------------------------------------------------------------

expect 0 "what if: as much as there is room for" limits xs --at 2025-07-03 --what-if 8.42810536 --json
holds "what if: the headroom after" "$work/out" '[.what_if.criteria[]
    | select(.id == "net-public-continuous")][0] | .headroom_before == 842810536
    and .headroom == 0 and .verdict == "met" and .breaks == false'
expect 1 "what if: one satoshi more" limits xs --at 2025-07-03 --what-if 8.42810537 --json
holds "what if: it would break both" "$work/out" 'all(.what_if.criteria[];
    .headroom == -1 and .verdict == "not-met" and .breaks) and all(.criteria[]; .verdict == "met")'
expect 1 "what if: for people" limits xs --at 2025-07-03 --what-if 10
grep -q 'REFUSED' "$work/out" || bad "what if: people are not told"
expect 0 "what if: a sale" limits xs --at 2025-07-03 --what-if=-1 --json
refused 4 '21 million' "what if: more than there is" limits xs --what-if 21000001
refused 2 'what-if' "what if: no amount" limits xs --what-if lots
if [ -x "$psbt" ]; then
    "$psbt" coins "$store" XP >"$work/coins" 2>/dev/null
    coin=$(awk '$1 == "national-reserve" && $5 == "held" { print $2 ":" $3 ":" $4; exit }' "$work/coins")
    sat=$(echo "$coin" | cut -d: -f3)
    ours=$(echo "$coin" | cut -d: -f4)
    their=0014ffffffffffffffffffffffffffffffffffffffff
    for version in 0 2; do
        "$psbt" make "$work/pay.psbt" regtest $version "in=$coin" "out=$their:$((sat - 1000))"
        expect 0 "what if: a payment out, version $version" limits xp --what-if "$work/pay.psbt" --json
        holds "what if: the position falls by all of it" "$work/out" '[.what_if.criteria[]
            | select(.id == "net-public-continuous")][0]
            | .headroom - .headroom_before == $s and .breaks == false' --argjson s "$sat"
        "$psbt" make "$work/own.psbt" regtest $version "in=$coin" "out=$ours:$((sat - 1000))"
        expect 0 "what if: to ourselves, version $version" limits xp --what-if "$work/own.psbt" --json
        holds "what if: nothing but the fee" "$work/out" '[.what_if.criteria[]
            | select(.id == "net-public-continuous")][0] | .headroom - .headroom_before == 1000'
        "$psbt" make "$work/come.psbt" regtest $version "new=200000000:$their" \
            "out=$ours:199999000"
        expect 1 "what if: coins that come, version $version" limits xp \
            --what-if "$work/come.psbt" --json
        holds "what if: the breach is made worse" "$work/out" 'all(.what_if.criteria[];
            .headroom - .headroom_before == -199999000 and .breaks)'
        "$psbt" make "$work/blind.psbt" regtest $version \
            "in=1111111111111111111111111111111111111111111111111111111111111111:0" \
            "out=$ours:1000"
        refused 3 'psbt' "what if: an input that nothing proves, version $version" \
            limits xp --what-if "$work/blind.psbt" --json
    done
    head -c 40 "$work/pay.psbt" >"$work/cut.psbt"
    refused 4 'psbt' "what if: a PSBT that is cut off" limits xp --what-if "$work/cut.psbt"
    refused 2 'a payment is made today' "what if: a payment in the past" \
        limits xp --at 2025-07-03 --what-if "$work/pay.psbt"
else
    bad "e2e_psbt is not built"
fi

# ---- bad input ------------------------------------------------------------------------------------------

cksum "$store" >"$work/sum"
# broken WHAT PATTERN JQ: a programme that is refused.
broken() {
    jq "$3" "$two/programme-xs.json" >"$work/broken.json" || bad "$1: no such edit"
    refused 4 "$2" "bad input: $1" sanad limits --store "$store" \
        --programme "$work/broken.json" --liabilities "$two/liabilities-xs.csv" --json
}
broken "an unknown class" 'class.*gold|gold.*class' '.perimeters.public.classes = ["gold"]'
broken "a division by zero" 'denominator' '.versions[0].criteria[0].quantity
    = {times: {of: {balance: {perimeter: "public"}}, numerator: 1, denominator: 0}}'
broken "a share of zero" 'zero|0' '.versions[0].criteria[0].quantity = {percent:
    [{balance: {perimeter: "public"}}, {constant: {unit: "BTC", value: 0}}]}
    | .versions[0].criteria[0].unit = "percent"'
broken "versions that overlap" 'overlap' '.versions[0].until = "2025-07-26"'
broken "test dates out of order" 'order|ascend|after' \
    '.versions[0].criteria[1].test_dates |= reverse'
broken "mixed units in a sum" 'unit' '.versions[0].criteria[0].quantity = {sum:
    [{balance: {perimeter: "public"}}, {constant: {unit: "USD", value: 1}}]}'
broken "a limit over 21 million BTC" '21 million|million' \
    '.versions[0].criteria[0].ceiling = 2100000000000001'
broken "a figure without a source" 'source' 'del(.versions[0].source)'
broken "an entity that no book has" 'nobody' '.perimeters.public.entities = ["nobody"]'
broken "a real programme on a simulated book" 'simulated' '.simulated = false'

# lines WHAT PATTERN SED: lines of liabilities that are refused.
lines() {
    sed "$3" "$two/liabilities-xs.csv" >"$work/broken.csv"
    cmp -s "$work/broken.csv" "$two/liabilities-xs.csv" && bad "$1: no such edit"
    refused 4 "$2" "bad input: $1" sanad limits --store "$store" \
        --programme "$two/programme-xs.json" --liabilities "$work/broken.csv" --json
}
lines "a negative liability" 'line 9.*(negative|amount)' '9s/,S14,/,S14,-/'
lines "a liability over 21 million BTC" 'line 9.*(21 million|amount)' '9s/,S14,[0-9]*/,S14,2100000000000001/'
lines "a liability without a document" 'line 9.*document' '9s/,[0-9a-f]\{64\},/,,/'
printf 'time,unit,value,document_sha256\n2025-01-01T00:00:00Z,USD,1,%064d\n' 1 >"$work/series.csv"
refused 4 'two series' "bad input: two series of one name" limits xs \
    --series "reserves=$work/series.csv" --series "reserves=$work/series.csv" --json
refused 4 'no/such' "bad input: no such programme" sanad limits --store "$store" \
    --programme no/such.json

# A gap in the liabilities at a test date is not zero: undecided, and the document is there.
awk -F, '!($1 > "2025-05-01" && $1 < "2025-07-15")' "$two/liabilities-xs.csv" >"$work/gap.csv"
expect 3 "a gap at a test date" sanad limits --store "$store" \
    --programme "$two/programme-xs.json" --liabilities "$work/gap.csv" --at 2025-06-30 --json
holds "a gap at a test date: undecided, named, not zero" "$work/out" '.complete == false
    and all(.criteria[]; .date == "2025-06-30" and .verdict == "undecided" and .value == null
        and (.missing[0] | test("liabilities of state-wallet-operator")))'
checks=$((checks + 1))
cksum "$store" | cmp -s - "$work/sum" || bad "a question changed the store"

# ---- other ways in -----------------------------------------------------------------------------------------

# Lines and programme from the register give what the files give.
expect 0 "lines into the register" sanad register liability import "$two/liabilities-xp.csv" \
    --store "$store" --nation XP --by ana --approver bruno --known 2026-01-02T00:00:00Z
expect 1 "from files" limits xp --at 2025-11-01 --json
jq '[.criteria[] | {id, value, verdict}]' "$work/out" >"$work/expected"
expect 1 "from the register" sanad limits --store "$store" --nation XP \
    --programme "$two/programme-xp.json" --at 2025-11-01 --json
jq '[.criteria[] | {id, value, verdict}]' "$work/out" >"$work/found"
same "lines from the register" "$work/expected" "$work/found"
jq '.nation = "XZ"' "$two/programme-xs.json" >"$work/broken.json"
expect 3 "a nation without a book" sanad limits --store "$store" --programme "$work/broken.json" \
    --json
holds "a nation without a book: undecided, and it says so" "$work/out" '
    .book_sha256 == null and .complete == false
    and all(.criteria[]; .verdict == "undecided"
        and (.missing[0] | test("no address book of XZ was declared")))'
refused 2 'XS' "a programme of another nation" limits xp --nation XS
refused 2 'daily' "days the wrong way round" limits xp --daily 2025-02-01
refused 2 'first day' "days the wrong way round" limits xp --daily 2025-02-02:2025-02-01
refused 2 'no version' "a version that is not there" limits xp --version 1999-01-01
finish
