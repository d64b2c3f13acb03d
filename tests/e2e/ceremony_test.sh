# Proves: a key ceremony by hand: root 1 signed by its own keys, root 2 by those of both, a
# revocation, documents and corrections that name entries, a partner's checkpoint; and an annex
# that is sealed, opened part by part and never opened by anything else. What lacks a member or has
# a wrong one is refused before it is signed. Then all of it in a log: what may stand there does, what
# may not is refused, and an audit tells what a revocation has made void.
. tests/e2e/lib.sh
phrase=$work/phrase
echo 'a passphrase' >"$phrase"
place="--authority xs --log xs.example/log --passphrase-file $phrase"

for k in r1 r2 r3 r4 d1 d2; do
    expect 0 "key $k" sanad key new "$work/$k.json" --name "xs.example/$k" --fast \
        --passphrase-file "$phrase"
    sanad key show "$work/$k.json" >"$work/$k.vkey"
done

# root VERSION FILE KEY...: its members; the first three are the root's, two of them must sign.
root() {
    version=$1
    file=$2
    shift 2
    for k in "$@"; do
        cat "$work/$k.vkey"
    done | jq -R . | jq -s --argjson v "$version" '(map(split("+")[0])) as $n |
        {version: $v, date: "2025-0\($v)-01", expires: "2026-01-01", keys: .,
         roles: {root: {threshold: 2, keys: $n[:3]}, document: {threshold: 1, keys: $n[3:]},
                 annex: {threshold: 1, keys: $n[3:]}}}' >"$work/$file"
}
# make KIND OUT [ARGS...]
make() {
    kind=$1
    out=$2
    shift 2
    # shellcheck disable=SC2086 # words
    sanad statement make "$kind" $place --out "$work/$out" "$@"
}
# trusted CODE WHAT TRUST FILE
trusted() {
    expect "$1" "$2" sanad verify "$work/$4" --trust "$work/$3" --json
}

# behind KIND OUT [ARGS...]: where it stands is what the log says.
behind() {
    kind=$1
    out=$2
    shift 2
    sanad statement make "$kind" --dir "$work/log" --passphrase-file "$phrase" \
        --out "$work/$out" "$@"
}

# ---- roots --------------------------------------------------------------------------------------

root 1 root1.json r1 r2 r3 d1
root 2 root2.json r3 r4 r1 d2
expect 0 "root 1" make root root1.note --members "$work/root1.json" --key "$work/r1.json"
refused 3 '1 of 2 signatures' "one of two gives no trust" sanad verify "$work/root1.note" \
    --trust "$work/root1.note"
expect 0 "the second signs elsewhere" sanad statement sign "$work/root1.note" \
    --key "$work/r2.json" --passphrase-file "$phrase"
trusted 0 "root 1 trusts itself" root1.note root1.note
expect 0 "root 2" make root root2.note --members "$work/root2.json" --seq 1 --prev 0 \
    --key "$work/r3.json" "$work/r4.json"
trusted 3 "root 1 does not yet carry root 2" root1.note root2.note
cp "$work/root2.note" "$work/half.note"
expect 0 "the old root signs it too" sanad statement sign "$work/root2.note" \
    --key "$work/r2.json" --passphrase-file "$phrase"
trusted 0 "under the old root" root1.note root2.note
trusted 0 "under the new root" root2.note root2.note
jq 'del(.expires)' "$work/root1.json" >"$work/bad.json"
refused 4 'root: "expires": is missing' "a root without an end" make root x.note \
    --members "$work/bad.json"
expect 0 "an option in place of the member" make root x.note --members "$work/bad.json" \
    --expires 2027-01-01
jq '.roles.root.threshold = 0' "$work/root1.json" >"$work/bad.json"
refused 4 'roles.root.threshold' "a threshold of none" make root x.note --members "$work/bad.json"
jq '.more = 1' "$work/root1.json" >"$work/bad.json"
refused 4 'root: "more": no member' "an unknown member" make root x.note \
    --members "$work/bad.json"
echo '[]' >"$work/bad.json"
refused 4 'bad.json' "no object" make root x.note --members "$work/bad.json"

# ---- documents, corrections, revocations ----------------------------------------------------------

echo 'a memorandum' >"$work/memo.txt"
document() {
    make document "$@" --date 2025-03-01 --file "$work/memo.txt" --media-type text/plain \
        --language en --title "en=Memorandum" "ur=یادداشت"
}
expect 0 "document" document doc.note --key "$work/d1.json"
expect 0 "show" sanad statement show "$work/doc.note" --json
holds "what it says" "$work/out" '.authoritative == "en" and .size == 13 and .title.ur != null
    and .sha256 == $h' --arg h "$(sha256sum "$work/memo.txt" | cut -d ' ' -f 1)"
trusted 3 "without the file" root1.note doc.note
expect 0 "with the file" sanad verify "$work/doc.note" --trust "$work/root1.note" \
    --file "$work/memo.txt"
echo 'a memorandum!' >"$work/other.txt"
expect 1 "another file" sanad verify "$work/doc.note" --trust "$work/root1.note" \
    --file "$work/other.txt"
expect 3 "a key of the next root" sanad verify "$work/doc.note" --trust "$work/root2.note" \
    --file "$work/memo.txt"
sed -n 1,2p "$work/doc.note" | sed '2 s/"size":13/"size":13,"surplus":1/' >"$work/more.note"
expect 0 "a member more, signed" sanad statement sign "$work/more.note" --key "$work/d1.json" \
    --passphrase-file "$phrase"
expect 1 "a member more" sanad verify "$work/more.note" --trust "$work/root1.note" \
    --file "$work/memo.txt" --json
holds "the member is named" "$work/out" '[.checks[] | select(.verdict == "contradicted") | .name]
    == ["schema"] and any(.checks[]; .detail | test("surplus"))'
refused 4 'language that is authoritative' "a binding language without its text" document x.note \
    --authoritative es
refused 2 'LANGUAGE=TEXT' "a title without its language" make document x.note --title Memorandum
refused 4 'title.fr' "a language that is none of ours" make document x.note --date 2025-03-01 \
    --file "$work/memo.txt" --media-type text/plain --language fr --title fr=Note
expect 0 "revoke" make revoke revoke.note --date 2025-04-01 --revoked-key "$(cat "$work/d1.vkey")" \
    --effective-index 2 --reason en=Lost es=Perdida --key "$work/r1.json" "$work/r2.json"
trusted 0 "a revocation is the root's" root1.note revoke.note
expect 0 "revoke by others" make revoke r.note --date 2025-04-01 --effective-index 2 \
    --revoked-key "$(cat "$work/d1.vkey")" --reason en=Lost --key "$work/d1.json"
trusted 3 "a revocation is nobody else's" root1.note r.note
refused 4 'revoked-key' "a key that is none" make revoke x.note --revoked-key r1
expect 0 "correction" make correction fix.note --date 2025-04-02 --corrects 1 --of-kind document \
    --reason en=Wrong --key "$work/d1.json"
trusted 0 "a correction is for those who said it" root1.note fix.note
refused 4 'not corrected' "a root is not corrected" make correction x.note --date 2025-04-02 \
    --corrects 0 --of-kind root --reason en=Wrong
refused 4 'annex_of' "a member of another kind" make correction x.note --date 2025-04-02 \
    --corrects 0 --of-kind document --reason en=Wrong --annex-of 1

# ---- annexes ----------------------------------------------------------------------------------------

recipient=age1xyz
if command -v age >/dev/null 2>&1; then
    age-keygen -o "$work/age.key" 2>/dev/null
    recipient=$(age-keygen -y "$work/age.key")
    age -r "$recipient" -o "$work/memo.age" "$work/memo.txt"
else # as age writes it, as far as anybody looks who can't open it
    printf 'age-encryption.org/v1\n-> X25519 x\n--- x\nsealed' >"$work/memo.age"
fi
echo 'price' >"$work/price.txt"
echo 'seller' >"$work/seller.txt"
annex() {
    make annex "$@" --date 2025-05-01 --recipient "$recipient" --key "$work/d1.json"
}
expect 0 "annex" annex annex.note --cipher "$work/memo.age" --plain "$work/memo.txt" \
    --item "$work/price.txt" "$work/seller.txt" --openings "$work/open"
checks=$((checks + 1))
[ "$(stat -c %a "$work/open/whole.json")" = 600 ] || bad "an opening is readable by others"
checks=$((checks + 1))
grep -q 'salt\|memorandum' "$work/annex.note" && bad "the annex gives away what it seals"
refused 4 'exists' "an opening is never written over" annex x.note --cipher "$work/memo.age" \
    --plain "$work/memo.txt" --openings "$work/open"
refused 4 'not an age file' "a plaintext given for the cipher" annex x.note \
    --cipher "$work/memo.txt" --plain "$work/memo.txt" --openings "$work/open2"
opened() {
    sanad verify "$work/annex.note" --trust "$work/root1.note" "$@" --json
}
expect 3 "sealed" opened
expect 0 "opened in whole" opened --opening "$work/open/whole.json" --plain "$work/memo.txt" \
    --file "$work/memo.age"
if [ "$recipient" != age1xyz ]; then # whoever can open it finds what was committed to
    expect 0 "the recipient opens it" age -d -i "$work/age.key" -o "$work/found.txt" \
        "$work/memo.age"
    expect 0 "what the recipient found" opened --opening "$work/open/whole.json" \
        --plain "$work/found.txt"
    expect 0 "as text" age -a -r "$recipient" -o "$work/armoured.age" "$work/memo.txt"
    expect 0 "an age file that is text" annex x.note --cipher "$work/armoured.age" \
        --plain "$work/memo.txt" --openings "$work/open3"
    expect 0 "opened in whole" opened --opening "$work/open/whole.json" --plain "$work/memo.txt" \
        --file "$work/memo.age"
fi
holds "the whole and its age file" "$work/out" '[.checks[] | select(.verdict != "holds")] == []
    and any(.checks[]; .name == "file") and any(.checks[]; .subject == "whole")'
expect 3 "one part" opened --opening "$work/open/item-2.json" --plain "$work/seller.txt"
holds "the part that is shown" "$work/out" '
    any(.checks[]; .subject == "item seller.txt" and .verdict == "holds")
    and any(.checks[]; .subject == "item price.txt" and .verdict == "undecided")'
expect 1 "another text" opened --opening "$work/open/whole.json" --plain "$work/other.txt"
expect 1 "a part as the whole" opened --opening "$work/open/whole.json" --plain "$work/price.txt"
expect 1 "another age file" opened --opening "$work/open/whole.json" --plain "$work/memo.txt" \
    --file "$work/memo.txt"
jq -c '.salt |= ("0" * 64)' "$work/open/whole.json" >"$work/salt.json"
expect 1 "another salt" opened --opening "$work/salt.json" --plain "$work/memo.txt"
jq -c '.commitment |= ("0" * 64)' "$work/open/whole.json" >"$work/stranger.json"
expect 1 "an opening of something else" opened --opening "$work/stranger.json" \
    --plain "$work/memo.txt"
echo '{}' >"$work/stranger.json"
refused 4 'stranger.json' "an opening that is none" opened --opening "$work/stranger.json"

# ---- a partner's checkpoint -----------------------------------------------------------------------------

printf 'xp.example/log\n5\n%s\n\n— xp.example/log AAAAAAAA\n' \
    "$(printf '%032d' 7 | base64)" >"$work/partner"
expect 0 "partner-checkpoint" make partner-checkpoint partner.note --date 2025-06-01 --partner xp \
    --checkpoint "$work/partner"
expect 0 "signed" sanad statement sign "$work/partner.note" --key "$work/d1.json" \
    --passphrase-file "$phrase"
expect 0 "show" sanad statement show "$work/partner.note" --json
holds "what it says" "$work/out" '.size == 5 and .origin == "xp.example/log" and .partner == "xp"
    and .checkpoint == ($c | split("\n")[:-1]) and (.root_hash | length) == 64' \
    --rawfile c "$work/partner"
head -n 2 "$work/partner" >"$work/torn"
refused 4 'torn' "a torn checkpoint" make partner-checkpoint x.note --date 2025-06-01 \
    --partner xp --checkpoint "$work/torn"

# ---- all of it in a log ---------------------------------------------------------------------------------

expect 0 "the log's key" sanad key new "$work/log.json" --name xs.example/log --fast \
    --passphrase-file "$phrase"
log="--dir $work/log --key $work/log.json --passphrase-file $phrase"
printf 'log %s\nquorum none\n' "$(sanad key show "$work/log.json")" >"$work/policy"
# shellcheck disable=SC2086 # words
add() {
    sanad log add $log "$@"
}
# shellcheck disable=SC2086 # words
expect 0 "log init" sanad log init $log
refused 4 'no root stands before it' "nothing before a root" add "$work/doc.note"
expect 0 "root 1, a document" add "$work/root1.note" "$work/doc.note"
refused 4 'stands in the log already' "the same once more" add "$work/doc.note"
refused 4 'under the root before it' "a root of the new keys alone" add "$work/half.note"
refused 4 'nobody has the role' "a kind for which nobody speaks" add "$work/partner.note"
refused 4 '0 of 2 signatures' "a revocation by others" add "$work/r.note"
expect 0 "a correction, an annex" add "$work/fix.note" "$work/annex.note"
cp "$work/log.private/admission" "$work/kept1"
expect 0 "root 2" add "$work/root2.note"
echo 'another memorandum' >"$work/memo.txt"
memo2="--date 2025-03-01 --media-type text/plain --language en --title en=Memorandum"
# shellcheck disable=SC2086 # words
expect 0 "the old key" behind document doc2.note $memo2 --file "$work/memo.txt" \
    --key "$work/d1.json"
refused 4 'under root 2' "the old key" add "$work/doc2.note"
# What is kept of the admission is a cache: of another tree, damaged or gone, the log is read again.
kept=$work/log.private/admission
cp "$kept" "$work/kept2"
checks=$((checks + 1))
[ "$(stat -c %a "$kept")" = 600 ] || bad "what is kept is readable by others"
for what in old damaged torn strange gone whole; do
    case $what in
    old) cp "$work/kept1" "$kept" ;;
    damaged) printf '\377' | dd of="$kept" bs=1 seek=200 conv=notrunc 2>/dev/null ;;
    torn) head -c 300 "$work/kept2" >"$kept" ;;
    strange) : >"$kept" ;;
    gone) rm "$kept" ;;
    whole) cp "$work/kept2" "$kept" ;;
    esac
    refused 4 'under root 2' "the old key, with what was kept $what" add "$work/doc2.note"
    refused 4 'stands in the log already' "a copy, with what was kept $what" add "$work/doc.note"
done
rm "$kept"
expect 0 "nothing to add" add
same "what is kept is the same again" "$work/kept2" "$kept"
expect 0 "a gap" document gap.note --seq 2 --prev 1 --key "$work/d2.json"
refused 4 'are next' "a gap" add "$work/gap.note"
# shellcheck disable=SC2086 # words
expect 0 "the new key" behind document doc2.note $memo2 --file "$work/memo.txt" \
    --key "$work/d2.json"
expect 0 "its place" sanad statement show "$work/doc2.note" --json
holds "its place: the second document, behind entry 1" "$work/out" \
    '.seq == 1 and .prev == 1 and .log == "xs.example/log" and .authority == "xs"'
expect 0 "the new key" add "$work/doc2.note"
refused 4 '1 of 2 signatures' "a revocation by the old root" add "$work/revoke.note"
expect 0 "audit" sanad log audit "$work/log" --policy "$work/policy" --json
holds "nothing is void" "$work/out" 'all(.checks[]; .name != "void")'
expect 0 "revoke, back to the annex" behind revoke back.note --date 2025-06-01 \
    --revoked-key "$(cat "$work/d1.vkey")" --effective-index 3 --reason en=Stolen \
    --key "$work/r3.json" "$work/r4.json"
expect 0 "revoke" add "$work/back.note"
pin=$(head -n 2 "$work/root1.note" | sha256sum | cut -d ' ' -f 1)
expect 0 "audit" sanad log audit "$work/log" --policy "$work/policy" \
    --root-sha256 "$pin" --json
holds "the annex is void, what stands below is not" "$work/out" '
    [.checks[] | select(.name == "void").subject] == ["entry 3"]
    and [.checks[] | select(.verdict == "contradicted")] == []'
# Whatever is typed beside it must not say otherwise.
for kind in root document revoke correction anchor liabilities programme agreement; do
    refused 2 'seq: --dir says it' "a $kind with a number of its own" behind $kind x.note --seq 2
done
refused 2 'prev: --dir says it' "a place of its own" behind document x.note --prev 2
refused 4 'the log of xs.example/log, and not' "another origin" behind document x.note \
    --log xp.example/log
refused 4 'xs speaks there, and not xp' "another authority" behind document x.note --authority xp
# shellcheck disable=SC2086 # words
expect 0 "the same said twice" make document x.note --dir "$work/log" $memo2 \
    --file "$work/memo.txt" --key "$work/d2.json"
expect 0 "the next place" sanad statement show "$work/x.note" --json
holds "the third document, behind the second" "$work/out" '.seq == 2 and .prev == 5'
# shellcheck disable=SC2086 # words
refused 3 'no-log' "no log there" sanad statement make document --dir "$work/no-log" $memo2 \
    --file "$work/memo.txt"
expect 0 "an empty log" sanad log init --dir "$work/empty" --key "$work/log.json" \
    --passphrase-file "$phrase"
refused 2 'authority is needed' "nobody has spoken in it yet" sanad statement make root \
    --dir "$work/empty" --members "$work/root1.json"
expect 0 "its first root" sanad statement make root --dir "$work/empty" --authority xs \
    --members "$work/root1.json" --key "$work/r1.json" "$work/r2.json" \
    --passphrase-file "$phrase" --out "$work/first.note"
head -n 2 "$work/root1.note" >"$work/root1.text"
head -n 2 "$work/first.note" >"$work/first.text"
same "its first root is the one that was typed" "$work/root1.text" "$work/first.text"
cp -r "$work/log" "$work/damaged"
for file in "$work"/damaged/tile/entries/000.p/*; do
    printf 'x' >>"$file"
done
# shellcheck disable=SC2086 # words
refused 1 'tile/entries' "a log that is damaged says no place" sanad statement make document \
    --dir "$work/damaged" $memo2 --file "$work/memo.txt"
expect 1 "another root was expected" sanad log audit "$work/log" \
    --root-sha256 "$(printf '%064d' 0)" --json
finish
