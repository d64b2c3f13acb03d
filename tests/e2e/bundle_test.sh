#!/bin/sh
# Proves: a log is cosigned across an air gap with nothing but one file out and signature lines back,
# typed, or scanned from the terminal or a picture (zbarimg, where it is there), and then a stranger's
# policy is satisfied; a bundle that was damaged, cut, forked, older, of another log, or leaves a
# gap is refused with its own words and exit code and changes nothing; a fork leaves a proof; an
# import that is killed at any moment is repeated, and of two stories only one is ever cosigned.
# SANAD_KILLS: how often, 12 where it is not set.
. tests/e2e/lib.sh
cosign=$build/e2e_cosign
[ -x "$cosign" ] || skip "$cosign is not built"
kills=${SANAD_KILLS:-12}
export SANAD_PASSPHRASE=bundle
cd "$work" || exit 2

# The offline side has no network where the machine lets us take it away.
offline=
unshare -rn true 2>/dev/null && offline="unshare -rn"

key() { # key FILE NAME ARGUMENTS...
    file=$1
    name=$2
    shift 2
    sanad key new "$file.key" --name "$name" --fast "$@" >"$file.vkey" || bad "key $file"
}
key log xs.example/log
key root xs.example/root
key doc xs.example/doc
key w xp.example/witness --type cosigner
key m xp.example/mirror --type cosigner
key other other.example/witness --type cosigner

printf 'log %s\nquorum none\n' "$(cat log.vkey)" >known
cat >policy <<END
log $(cat log.vkey)
witness w $(cat w.vkey)
witness m $(cat m.vkey)
group both all w m
quorum both
END
cat >root.json <<END
{"version":1,"date":"2025-01-01","expires":"2030-01-01",
 "keys":["$(cat root.vkey)","$(cat doc.vkey)"],
 "roles":{"root":{"threshold":1,"keys":["xs.example/root"]},
          "document":{"threshold":1,"keys":["xs.example/doc"]}}}
END

documents=0
document() { # adds one to the log
    echo "memorandum $documents" >memo
    expect 0 "document $documents" sanad statement make document --authority xs --log xs.example/log \
        --date 2025-03-01 --file memo --media-type text/plain --language en --title en=Memorandum \
        --seq $documents ${prev:+--prev "$prev"} --key doc.key --out doc.note
    expect 0 "added" sanad log add doc.note --dir log --key log.key
    documents=$((documents + 1))
    prev=$documents
}
prev=
mkdir there
import() { # import BUNDLE ARGUMENTS...: on the other side
    file=$1
    shift
    # shellcheck disable=SC2086 # two words or none
    $offline "$SANAD_BIN" bundle import "$file" --policy known --mirror there/xs --key w.key \
        --mirror-key m.key "$@"
}
answer() { # answer LINES ARGUMENTS...
    file=$1
    shift
    sanad bundle answer "$file" --log log --policy policy "$@"
}

# ---- usage -----------------------------------------------------------------------------------------

refused 2 "export, import or answer" "no word" sanad bundle
refused 2 "one FILE" "no bundle" sanad bundle import --policy known --mirror there/xs
refused 2 "since is needed" "no size" sanad bundle export log --out b
refused 2 "mirror is needed" "no copy" sanad bundle import b --policy known
refused 2 "log is needed" "no log" sanad bundle answer lines --policy policy
refused 2 "no key, so no answer" "an answer of nobody" sanad bundle import b --policy known \
    --mirror there/xs --qr

# ---- over and back ---------------------------------------------------------------------------------

expect 0 "begin the log" sanad log init --dir log --key log.key
expect 0 "its root" sanad statement make root --members root.json --authority xs \
    --log xs.example/log --key root.key --out root.note
expect 0 "added" sanad log add root.note --dir log --key log.key
document
document
expect 0 "export" sanad bundle export log --since 0 --out b0 --json
holds "export" out '.origin == "xs.example/log" and .since == 0 and .size == 3'
checks=$((checks + 1))
[ "$(jq -r .sha256 out)" = "$(head -c -32 b0 | sha256sum | cut -d' ' -f1)" ] ||
    bad "the digest at its end is not that of the rest"
[ "$(jq -r .bytes out)" = "$(wc -c <b0)" ] || bad "it has another size than was said"
expect 3 "no quorum yet" sanad verify log --policy policy --json

expect 0 "import" import b0 --out lines --qr-out lines.svg
[ "$(wc -l <lines)" = 2 ] || bad "the answer is not two lines"
grep -c '^— xp.example/witness \|^— xp.example/mirror ' lines | grep -qx 2 || bad "of other names"
[ "$(wc -c <lines)" -lt 320 ] || bad "the answer is long"
tail -n 2 out >printed
same "what is printed is what is written" lines printed
(cd there/xs && find tile -type f -exec sha256sum {} +) >sums
(cd log && sha256sum --quiet -c ../sums) >out 2>&1 || bad "the copy is not the log"
cp log/checkpoint before
expect 0 "answer" answer lines --json
holds "answer" out '.origin == "xs.example/log" and .size == 3 and .log_size == 3 and .added == 2
    and .known == 0 and .placed and .quorum'
expect 0 "a stranger is satisfied" sanad verify log --policy policy --json
holds "a stranger is satisfied" out '.verdict == "holds"'
head -n 4 log/checkpoint >signed
head -n 4 before | cmp -s - signed || bad "the signed text has changed"
ls log/*.new log/*.tmp 2>/dev/null && bad "something is left beside the checkpoint"
expect 0 "answered twice" answer lines --json
holds "answered twice" out '.added == 0 and .known == 2 and (.placed | not) and .quorum'
expect 0 "the log goes on" sanad log audit log --policy policy --json

# The code on the terminal and the picture give the same bytes.
cat >blocks.awk <<'AWK'
# Half blocks to a bitmap of 4 x 4 pixels a module. What is drawn is light, or with -v drawn=1 dark.
BEGIN { pixel[drawn + 0] = "0 0 0 0 "; pixel[1 - drawn] = "1 1 1 1 " }
{
    top = bottom = ""
    while (length($0)) {
        three = substr($0, 1, 3)
        upper = three == "\342\226\210" || three == "\342\226\200"
        lower = three == "\342\226\210" || three == "\342\226\204"
        $0 = substr($0, upper || lower ? 4 : 2)
        top = top pixel[!upper]
        bottom = bottom pixel[!lower]
        if (NR == 1) modules++
    }
    for (i = 0; i < 4; i++) rows[++n] = top
    for (i = 0; i < 4; i++) rows[++n] = bottom
}
END {
    print "P1"
    print 4 * modules, n
    for (i = 1; i <= n; i++) print rows[i]
}
AWK
expect 0 "import again" import b0 --out lines --qr --qr-out lines.svg
tail -n +4 out | awk -f blocks.awk >lines.pbm
if command -v zbarimg >/dev/null 2>&1; then
    zbarimg -q --raw lines.pbm 2>/dev/null | sed '/^$/d' >scanned
    same "the code on the terminal" lines scanned
    if zbarimg -q --raw lines.svg 2>/dev/null | sed '/^$/d' >scanned && [ -s scanned ]; then
        same "the picture" lines scanned
    else
        echo "skipped: the picture: zbarimg reads no SVG here"
    fi
    expect 0 "scanned lines are taken" answer scanned
    # On a terminal with colours every line sets both of them, black on white.
    if command -v script >/dev/null 2>&1; then
        env -u NO_COLOR TERM=xterm-256color script -qec "'$SANAD_BIN' bundle import b0 --policy known \
            --mirror there/xs --key w.key --out lines --qr" /dev/null </dev/null 2>&1 | tr -d '\r' >seen
        escape=$(printf '\033')
        sed -n "s/^$escape\[38;5;16;48;5;231m\(.*\)$escape\[0m\$/\1/p" seen |
            awk -v drawn=1 -f blocks.awk >lines.pbm
        zbarimg -q --raw lines.pbm 2>/dev/null | sed '/^$/d' >scanned
        same "the code in colours" lines scanned
    else
        echo "skipped: the code in colours: no script"
    fi
else
    echo "skipped: QR codes read back: no zbarimg (package zbar-tools)"
fi

# ---- the log grows ---------------------------------------------------------------------------------

document
expect 0 "export from there on" sanad bundle export log --since 3 --out b3
expect 0 "import" import b3 --out lines3 --json
holds "import" out '.since == 3 and .before == 3 and .size == 4 and .placed'
document
refused 1 "mistyped, or for another one" "lines of an older checkpoint" answer lines3
cp log/checkpoint before
expect 0 "with the bundle" answer lines3 --bundle b3 --out old --json
holds "with the bundle" out '.size == 4 and .log_size == 5 and .added == 2 and (.placed | not) and .quorum'
same "the newer checkpoint stays" before log/checkpoint
[ "$(sed -n 2p old)" = 4 ] || bad "the older checkpoint is not kept"
[ "$(grep -c '^— xp.example/' old)" = 2 ] || bad "the older checkpoint has not its lines"
refused 4 "other.example|origin|is xs.example" "a bundle of another log" sh -c '
    "$1" write toy 300 && "$2" bundle export toy --since 0 --out btoy >/dev/null &&
    exec "$2" bundle answer lines3 --log log --policy policy --bundle btoy' - "$cosign" "$SANAD_BIN"
expect 0 "export again" sanad bundle export log --since 4 --out b4
expect 0 "import" import b4 --out lines4

# Typed in by hand.
sed 's/$/\r/' lines4 | head -c -2 >typed
expect 0 "CR LF, and no last newline" answer typed --json
holds "CR LF, and no last newline" out '.added == 2 and .placed and .quorum'
expect 0 "verified again" sanad verify log --policy policy --json
cp log/checkpoint before
awk 'NR == 1 { c = substr($0, 90, 1); $0 = substr($0, 1, 89) (c == "A" ? "B" : "A") substr($0, 91) } 1' \
    lines4 >wrong
refused 1 "mistyped" "a wrong letter" answer wrong
{ cat lines4; echo; } >wrong
refused 4 "" "an empty line" answer wrong
{ echo "from the other side:"; cat lines4; } >wrong
refused 4 "" "a word before" answer wrong
{ printf '\357\273\277'; cat lines4; } >wrong
refused 4 "" "a byte order mark" answer wrong
cat lines4 lines4 >wrong
refused 4 "2 lines of one key" "twice" answer wrong
sed 's/xp.example/xq.example/' lines4 >wrong
refused 4 "no cosigner of the policy" "a stranger's line" answer wrong
: >wrong
refused 4 "" "nothing" answer wrong
head -c 70000 /dev/zero | tr '\0' A >wrong
refused 4 "65536 bytes" "too much" answer wrong
{ cat lines4 && tail -n +5 log/checkpoint | grep xs.example; } >wrong
refused 4 "no cosigner of the policy" "the log's own line" answer wrong
refused 4 "not the private folder" "no log of ours" sanad bundle answer lines4 --log there/xs --policy policy
[ ! -e there/xs.private ] || bad "a folder was made beside a copy"
same "refusals change nothing" before log/checkpoint

# ---- what does not fit -----------------------------------------------------------------------------

printf 'log %s\nquorum none\n' "$("$cosign" vkey)" >toypolicy
"$cosign" write toy 700
"$cosign" write fork 900 500
"$cosign" write early 900 100
toy() { # toy BUNDLE ARGUMENTS...
    file=$1
    shift
    sanad bundle import "$file" --policy toypolicy --mirror copy --key w.key --mirror-key m.key "$@"
}
untouched() { # untouched WHAT
    checks=$((checks + 1))
    { find copy copy.state -type f ! -name 'fraud-*' ! -name lock ! -name .lock -exec sha256sum {} +; } |
        sort >now
    cmp -s kept now || { diff kept now >out; bad "$1: something has changed"; }
}
keep() { # what must not change from here on
    find copy copy.state -type f ! -name 'fraud-*' ! -name lock ! -name .lock -exec sha256sum {} + | sort >kept
}
refused 4 "fewer than 701" "more than there is" sanad bundle export toy --since 701 --out t
expect 0 "export" sanad bundle export toy --since 0 --out t0
"$cosign" write toy 800
expect 0 "export" sanad bundle export toy --since 700 --out t700
expect 0 "export" sanad bundle export toy --since 800 --out t800
expect 0 "export" sanad bundle export toy --since 300 --out t300
refused 3 "export again with --since 0" "a gap before anything" toy t700
[ ! -e copy ] || bad "a gap leaves something"
refused 4 "not a log of the policy" "a log of nobody" sanad bundle import t0 --policy known \
    --mirror copy --key w.key
expect 0 "import" toy t0
keep
refused 3 "export again with --since 700" "a gap" sh -c '"$1" write toy 2000 &&
    "$2" bundle export toy --since 1800 --out gap >/dev/null &&
    exec "$2" bundle import gap --policy toypolicy --mirror copy --key w.key' - "$cosign" "$SANAD_BIN"
untouched "a gap"
refused 4 "" "a copy of another log" sanad bundle import b0 --policy policy --mirror copy --key other.key \
    --state elsewhere
refused 4 "other ones than the witness" "one key for both" sanad bundle import t700 \
    --policy toypolicy --mirror copy --key w.key --mirror-key w.key
untouched "refusals"
expect 0 "what overlaps is fine" toy t300 --json
holds "what overlaps is fine" out '.since == 300 and .before == 700 and .size == 800'
expect 0 "no entries more: cosigned again" toy t800 --json
holds "no entries more: cosigned again" out '.before == 800 and .size == 800 and (.placed | not)
    and (.lines | split("\n") | length) == 3'
keep
refused 4 "went back to 700 entries" "an older bundle" toy t0
untouched "an older bundle"
for story in fork early; do
    for since in 0 256 450 700 800; do
        rm -f copy/fraud-* copy.state/fraud-*
        expect 0 "export" sanad bundle export $story --since $since --out forked
        expect 1 "$story from $since: two stories" toy forked
        grep -q '^sanad: .*two stories' err || bad "$story from $since: other words"
        untouched "$story from $since"
        expect 0 "$story from $since: a proof" sanad verify copy*/fraud-*.txt --policy toypolicy
    done
done
"$cosign" write fork 650 500
rm -f copy/fraud-* copy.state/fraud-*
expect 0 "export" sanad bundle export fork --since 600 --out forked
expect 1 "a smaller second story" toy forked
untouched "a smaller second story"
expect 0 "a smaller second story: a proof" sanad verify copy/fraud-*.txt --policy toypolicy
# The copy is lost, the witness's state is not.
mv copy lost
"$cosign" write fork 900 500
expect 0 "export" sanad bundle export fork --since 0 --out forked
rm -f copy.state/fraud-*
expect 1 "the state remembers" toy forked
[ ! -e copy/checkpoint ] || bad "a copy of a second story was made"
expect 0 "the state remembers: a proof" sanad verify copy.state/fraud-*.txt --policy toypolicy
rm -rf copy
refused 4 "were cosigned already" "an old bundle and no copy" toy t0
mv lost copy
rm -f copy/fraud-* copy.state/fraud-*
keep

# ---- damage ----------------------------------------------------------------------------------------

"$cosign" write toy 803
expect 0 "export" sanad bundle export toy --since 800 --out small
size=$(wc -c <small)
damaged() { # damaged WHAT PATTERN
    refused 4 "$2" "$1" toy hurt
}
at=0
while [ $at -lt "$size" ]; do
    cp small hurt
    byte=$(od -An -tu1 -j $at -N 1 small)
    # shellcheck disable=SC2059 # the octal number is the format
    printf "\\$(printf %03o $((byte ^ 1 << at % 8)))" | dd of=hurt bs=1 seek=$at conv=notrunc 2>/dev/null
    if [ $at -lt 21 ]; then damaged "byte $at" "no bundle"; else damaged "byte $at" "damaged in transport"; fi
    at=$((at + 97))
done
for cut in 0 1 20 21 40 56 57 300 $((size - 33)) $((size - 32)) $((size - 1)); do
    head -c $cut small >hurt
    damaged "cut at $cut" "no bundle|damaged in transport"
done
{ cat small; echo; } >hurt
damaged "a byte more" "damaged in transport"
cat small small >hurt
damaged "twice in one" "damaged in transport"
# resealed FILE: the digest is made right again, so that what is said is of the content.
resealed() {
    head -c -32 "$1" >hurt
    sha256sum hurt | cut -c 1-64 | sed 's/../\\x&/g' | xargs -0 printf '%b' | head -c 32 >>hurt
}
resealed small
cmp -s hurt small || bad "resealed is not the same"
{ printf 'sanad/tlog-bundle/v1\n\377\377\377\377'; tail -c +26 small; } >other
resealed other
damaged "a head of 4 GiB" "head: over 131072 bytes"
{ printf 'sanad/tlog-bundle/v1\n\000\001\377\377'; tail -c +26 small; } >other
resealed other
damaged "a head behind the end" "cut short"
{ head -c $((size - 33)) small; printf 'x'; tail -c 32 small; } >other
resealed other
expect 1 "another last byte" toy hurt
grep -q "do not give the root" err || bad "another last byte: other words"
{ head -c $((size - 32)) small; printf 'xx'; tail -c 32 small; } >other
resealed other
damaged "bytes behind" "bytes behind its entries"
untouched "damage"
mkdir folder
refused 4 "" "a folder" toy folder
refused 4 "open" "nothing there" toy nowhere
expect 0 "undamaged" toy small
# A note that nobody signed, and a size that no disk has.
head -n 3 toy/checkpoint >text
{ cat text; echo; echo "— log.example/toy AAAAAAAA"; } >note
unsigned() { # unsigned OLD: a bundle of only a head
    { printf 'old %s\n\n' "$1"; cat note; } >top
    # shellcheck disable=SC2059 # octal numbers are the format
    { printf 'sanad/tlog-bundle/v1\n'; printf "$(printf '\\%03o\\%03o\\%03o\\%03o' 0 0 \
        $(($(wc -c <top) / 256)) $(($(wc -c <top) % 256)))"; cat top
    head -c 32 /dev/zero; } >other
    resealed other
}
printf 'log.example/toy\n9223372036854775807\n%s\n' "$(sed -n 3p text)" >text2
{ cat text2; echo; echo "— log.example/toy AAAAAAAA"; } >note
unsigned 9223372036854775807
damaged "as many entries as there are numbers" "cut short"
unsigned 0
damaged "all of them missing" "cut short"
unsigned 9223372036854775808
damaged "one more than that" "first line"

# ---- a full disk ------------------------------------------------------------------------------------

"$cosign" write wide 6000
expect 0 "export" sanad bundle export wide --since 0 --out wide.bundle
cat >full.sh <<'SH'
mkdir tiny && mount -t tmpfs -o size=300k none tiny || exit 77
import() {
    "$SANAD_BIN" bundle import wide.bundle --policy toypolicy --mirror tiny/copy --key w.key \
        --mirror-key m.key --state wide.state --out full.lines >full.out 2>full.err
}
import
[ $? = 4 ] || { echo "a full disk has another exit code"; exit 1; }
grep -q 'No space left' full.err || { echo "a full disk has other words"; exit 1; }
[ ! -e full.lines ] && [ ! -e tiny/copy/checkpoint ] || { echo "half of it stands there"; exit 1; }
mount -o remount,size=8m tiny && import || { echo "it does not go on"; exit 1; }
[ "$(wc -l <full.lines)" = 2 ] && diff -r wide/tile tiny/copy/tile
SH
SANAD_BIN=$SANAD_BIN unshare -rm sh full.sh >out 2>err
case $? in
0) checks=$((checks + 1)) ;;
77 | 127) echo "skipped: a full disk: no mount of one's own here" ;;
1) if grep -q '^unshare' err; then
    echo "skipped: a full disk: no mount of one's own here"
else
    checks=$((checks + 1))
    bad "a full disk"
fi ;;
*) bad "a full disk" ;;
esac

# ---- killed ----------------------------------------------------------------------------------------

rm -rf copy copy.state
rm -rf toy fork
"$cosign" write toy 20000
"$cosign" write fork 20000 19000
expect 0 "export" sanad bundle export toy --since 0 --out big1
expect 0 "export" sanad bundle export fork --since 0 --out big2
killed=0
while [ $killed -lt "$kills" ]; do
    rm -f got
    "$SANAD_BIN" bundle import big$((killed % 2 + 1)) --policy toypolicy --mirror copy --key w.key \
        --mirror-key m.key --out got >/dev/null 2>&1 &
    pid=$!
    sleep "0.$(printf %02d $((killed * 7 % 23 + 3)))"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ ! -f got ] || cat got >>"cosigned$((killed % 2 + 1))"
    killed=$((killed + 1))
    checks=$((checks + 1))
    [ ! -f copy/checkpoint ] || [ "$(sed -n 2p copy/checkpoint)" = 20000 ] || bad "half a checkpoint"
done
first=1
sanad bundle import big1 --policy toypolicy --mirror copy --key w.key --mirror-key m.key --out got \
    >out 2>err || first=2
expect 0 "it is repeated" toy big$first --out got
expect 1 "the other story" toy big$((3 - first))
[ ! -e cosigned$((3 - first)) ] || bad "two stories were cosigned"
story=toy
[ $first = 1 ] || story=fork
diff -r $story/tile copy/tile >out || bad "the copy is not the log after kills"
[ -z "$(find copy -name '*.tmp')" ] || echo "left: $(find copy -name '*.tmp' | wc -l) files on their way"
echo "killed $killed times, story $first"
finish
