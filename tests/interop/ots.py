# The reference library's half of the interoperation with OpenTimestamps
# (Debian's python3-opentimestamps and python3-bitcoinlib):
#
#   ots.py trees DIR COUNT SEED     random timestamps: nested forks, all operations and notaries
#   ots.py limits DIR               files at the limits of the format, and one beyond
#   ots.py change IN DIR COUNT SEED files of IN with bytes changed, cut, doubled or put in
#   ots.py judge DIR OURS           holds what we made of each file of a folder against its own
#                                   verdict; prints how many were taken by both, refused by both
#                                   and refused by us alone; a line for each that must not be
#   ots.py make BLOCK DIGEST HEIGHT FILE    the proof of a digest that a raw block carries
import os
import random
import sys
import warnings

from bitcoin.core import CBlock
from opentimestamps.bitcoin import make_timestamp_from_block
from opentimestamps.core import op as ops
from opentimestamps.core.dubious.notary import EthereumBlockHeaderAttestation
from opentimestamps.core.notary import (BitcoinBlockHeaderAttestation,
                                        LitecoinBlockHeaderAttestation, PendingAttestation,
                                        UnknownAttestation)
from opentimestamps.core.serialize import (BytesDeserializationContext, BytesSerializationContext,
                                           DeserializationError)
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

warnings.simplefilter("ignore")  # of OpReverse, which may go some day


def written(stamp):
    context = BytesSerializationContext()
    stamp.serialize(context)
    return context.getbytes()


def put(folder, name, data):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


# ---- random trees ----------------------------------------------------------------------------


def random_op(dice, size):
    kinds = [ops.OpAppend, ops.OpPrepend, ops.OpSHA256, ops.OpSHA256, ops.OpSHA1, ops.OpRIPEMD160,
             ops.OpKECCAK256, ops.OpReverse]
    if size <= 512:
        kinds.append(ops.OpHexlify)
    kind = dice.choice(kinds)
    if kind in (ops.OpAppend, ops.OpPrepend):
        return kind(dice.randbytes(dice.choice([1, 4, 32, 100, 127, 128, 300])))
    return kind()


def random_attestation(dice):
    kind = dice.randrange(6)
    if kind < 2:
        return BitcoinBlockHeaderAttestation(dice.choice([0, 1, 127, 128, 800000, 2**31 - 1]))
    if kind == 2:
        return PendingAttestation("https://a-b_c.example/" + "x" * dice.randrange(200))
    if kind == 3:
        return LitecoinBlockHeaderAttestation(dice.randrange(1 << 24))
    if kind == 4:
        return EthereumBlockHeaderAttestation(dice.randrange(1 << 24))
    return UnknownAttestation(dice.randbytes(8), dice.randbytes(dice.randrange(300)))


def grow(dice, stamp, depth):
    for _ in range(dice.choice([1, 1, 1, 2, 3]) if depth else 1):
        if depth == 0 or dice.random() < 0.2:
            stamp.attestations.add(random_attestation(dice))
        elif len(stamp.msg) < 3000:
            grow(dice, stamp.ops.add(random_op(dice, len(stamp.msg))), depth - 1)
    if not stamp.ops and not stamp.attestations:
        stamp.attestations.add(random_attestation(dice))


def trees(folder, count, seed):
    dice = random.Random(seed)
    for number in range(count):
        kind = dice.choice([ops.OpSHA256, ops.OpSHA1, ops.OpRIPEMD160])
        stamp = Timestamp(dice.randbytes(kind.DIGEST_LENGTH))
        grow(dice, stamp, dice.randrange(1, 9))
        put(folder, f"tree-{number}", written(DetachedTimestampFile(kind(), stamp)))


# ---- limits ------------------------------------------------------------------------------------


def chain(steps):
    stamp = Timestamp(b"\x11" * 32)
    at = stamp
    for step in steps:
        at = at.ops.add(step)
    at.attestations.add(BitcoinBlockHeaderAttestation(7))
    return written(DetachedTimestampFile(ops.OpSHA256(), stamp))


def limits(folder):
    put(folder, "depth-255", chain([ops.OpSHA256()] * 255))
    put(folder, "depth-256", chain([ops.OpSHA256()] * 256))
    put(folder, "message-4096", chain([ops.OpAppend(b"x" * 4064)]))
    whole = chain([ops.OpAppend(b"x" * 4064)])
    head = whole.index(b"\xf0\xe0\x1f")
    put(folder, "message-4097", whole[:head] + b"\xf0\xe1\x1f" + b"x" + whole[head + 3:])
    put(folder, "hexlify-7", chain([ops.OpHexlify()] * 7))
    hexed = chain([ops.OpHexlify()])
    put(folder, "hexlify-8", hexed.replace(b"\xf3", b"\xf3" * 8))
    for size in (0, 1000, 8192):
        stamp = Timestamp(b"\x11" * 32)
        stamp.attestations.add(UnknownAttestation(b"12345678", b"y" * size))
        put(folder, f"payload-{size}", written(DetachedTimestampFile(ops.OpSHA256(), stamp)))
    whole = written(DetachedTimestampFile(ops.OpSHA256(), stamp))
    put(folder, "payload-8193", whole.replace(b"\x80\x40y", b"\x81\x40yy"))
    for size in (0, 1000):
        stamp = Timestamp(b"\x11" * 32)
        stamp.attestations.add(PendingAttestation("z" * size))
        put(folder, f"address-{size}", written(DetachedTimestampFile(ops.OpSHA256(), stamp)))
    whole = written(DetachedTimestampFile(ops.OpSHA256(), stamp))
    put(folder, "address-1001", whole.replace(b"\xea\x07\xe8\x07z", b"\xeb\x07\xe9\x07zz"))


# ---- changed files -------------------------------------------------------------------------------


def changed(dice, data):
    data = bytearray(data)
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        # Behind the magic: before it every change is refused and proves little.
        at = dice.randrange(31, max(len(data), 32))
        kind = dice.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = dice.choice([0, 0xFF, 0x08, 0xF0, 0xF1, 0x80, 1, 2, 0xF3])
        elif kind == 2:
            data[at:at] = bytes([dice.choice([0, 0xFF, 0x08, 0xF2, 0x80])])
        elif kind == 3 and at < len(data):
            del data[at:at + dice.randrange(1, 5)]
        elif at < len(data):
            data[at:at] = data[at:at + dice.randrange(1, 40)]
    return bytes(data)


def change(source, folder, count, seed):
    dice = random.Random(seed)
    whole = []
    for name in sorted(os.listdir(source)):
        with open(os.path.join(source, name), "rb") as file:
            whole.append(file.read())
    for number in range(count):
        put(folder, f"changed-{number}", changed(dice, dice.choice(whole)))


# ---- verdicts --------------------------------------------------------------------------------------


def told(stamp):
    """Each attestation as we tell it: notary, payload, message."""
    texts = []
    for message, attestation in stamp.timestamp.all_attestations():
        context = BytesSerializationContext()
        attestation._serialize_payload(context)
        texts.append(f"{attestation.TAG.hex()}:{context.getbytes().hex()}:{message.hex()}")
    return texts


def own_verdict(data):
    """None where it refuses; else its attestations, and whether it would write the same bytes."""
    try:
        stamp = DetachedTimestampFile.deserialize(BytesDeserializationContext(data))
    except DeserializationError:
        return None
    return (stamp, told(stamp), written(stamp) == data)


def same_but_unknown(ours, theirs):
    """Equal lists; a message that we do not compute is '-' in ours."""
    known = sorted(text for text in ours if not text.endswith(":-"))
    unknown = sorted(text[:-1] for text in ours if text.endswith(":-"))
    rest = list(theirs)
    for text in known:
        if text not in rest:
            return False
        rest.remove(text)
    return sorted(text[:text.rindex(":") + 1] for text in rest) == unknown


# Where only we refuse: numbers that are longer than they need be, and our own limits.
STRICTER = ("cut short, empty or too long", "cut short or too long", "a height and nothing else",
            "plain address", "another version", "more attestations")


def compare(name, data, ours):
    """One word, and a sentence where it must not be."""
    words = ours.split(" ")
    verdict = own_verdict(data)
    if words[0] == "refused":
        if verdict is None:
            return "refused", None
        if verdict[2] and "more attestations" not in ours and "height" not in ours:
            return "stricter", f"{name}: it would write these bytes itself, and we refuse: {ours}"
        known = any(text in ours for text in STRICTER)
        return "stricter", None if known else f"{name}: {ours}"
    if verdict is None:
        return "taken", f"{name}: we take it, it refuses"
    stamp, texts, canonical = verdict
    if words[1] != stamp.file_hash_op.TAG.hex() or words[2] != stamp.file_digest.hex():
        return "taken", f"{name}: another digest"
    mine = words[3:]
    if canonical and not same_but_unknown(mine, texts):
        return "taken", f"{name}: other attestations"
    # Of a step that stands twice it keeps the later one: we tell that too, and more.
    known = [text for text in mine if not text.endswith(":-")]
    heads = [text[:-1] for text in mine if text.endswith(":-")]
    for text in texts:
        if text not in known and text[:text.rindex(":") + 1] not in heads:
            return "taken", f"{name}: it tells of {text[:60]}"
    return "taken", None


def judge(folder, ours):
    counts = {"taken": 0, "refused": 0, "stricter": 0}
    with open(ours, encoding="ascii") as file:
        lines = dict(line.rstrip("\n").split(" ", 1) for line in file)
    names = sorted(os.listdir(folder))
    bad = len(set(names) ^ set(lines))
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            word, sentence = compare(name, file.read(), lines[name])
        counts[word] += 1
        if sentence:
            bad += 1
            print(sentence)
    print(" ".join(f"{word} {count}" for word, count in counts.items()))
    return 1 if bad else 0


# ---- a block -----------------------------------------------------------------------------------------


def make(path, digest, height, out):
    with open(path, "rb") as file:
        block = CBlock.deserialize(file.read())
    digest = bytes.fromhex(digest)
    stamp = make_timestamp_from_block(digest, block, height, max_tx_size=4096)
    if stamp is None:
        return 1
    with open(out, "wb") as file:
        file.write(written(DetachedTimestampFile(ops.OpSHA256(), stamp)))
    return 0


def main(words):
    if words[:1] == ["trees"]:
        return trees(words[1], int(words[2]), int(words[3]))
    if words[:1] == ["limits"]:
        return limits(words[1])
    if words[:1] == ["change"]:
        return change(words[1], words[2], int(words[3]), int(words[4]))
    if words[:1] == ["judge"]:
        return judge(words[1], words[2])
    if words[:1] == ["make"]:
        return make(words[1], words[2], int(words[3]), words[4])
    return 2


sys.exit(main(sys.argv[1:]))
