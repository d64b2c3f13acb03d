/* `sanad scan --source snapshot:FILE`: what the options say of a snapshot. Its height is Bitcoin
 * Core's for the blocks that it knows, else --anchor's; its hash likewise, else --utxo-hash's. */
#include "cmd/cmd.h"
#include "scan/scan.h"
#include "snapshot/snapshot.h"

static const char prefix[] = "snapshot:";
static const char muhash_prefix[] = "muhash:";

bool cmd_is_snapshot(const char *source)
{
    return strncmp(source, prefix, sizeof prefix - 1) == 0;
}

static int height_set(struct scan_opening *opening, const struct snapshot_head *head,
                      const struct snapshot_known *known, const struct cmd_args *args,
                      struct err *err)
{
    struct chain_anchor anchor;
    bool given;
    char base[HEX256_SIZE];
    int code = cmd_anchor(&anchor, &given, args, err);
    if (code < 0)
        return code;
    hash256_display(base, &head->base);
    if (given && !hash256_equal(&anchor.hash, &head->base))
        return err_set(err, SANAD_REFUSED, "--anchor: not the snapshot's block %s", base);
    if (given && known && anchor.height != known->height)
        return err_set(err, SANAD_REFUSED, "--anchor: block %s has height %u", base, known->height);
    if (!given && !known)
        return err_set(err, SANAD_MISSING,
                       "%s: the height of its block is in no table: --anchor HEIGHT:%s",
                       opening->path, base);
    opening->height = given ? anchor.height : known->height;
    return 0;
}

/* What the coins must hash to. A hash that is known of the block is never overruled. */
static int hashes_set(struct cmd_snapshot *snapshot, const struct snapshot_known *known,
                      const struct cmd_args *args, struct err *err)
{
    struct scan_opening *opening = &snapshot->opening;
    const char *text = cmd_value(args, "--utxo-hash");
    if (known) {
        sanad_assert(hash256_from_display(&snapshot->serialized, known->hash));
        opening->serialized = &snapshot->serialized;
    }
    if (!text)
        return 0;
    bool muhash = strncmp(text, muhash_prefix, sizeof muhash_prefix - 1) == 0;
    struct hash256 hash;
    if (!hash256_from_display(&hash, muhash ? text + sizeof muhash_prefix - 1 : text))
        return err_set(err, SANAD_USAGE, "--utxo-hash: %s: not 64 digits, nor muhash: and 64",
                       text);
    if (muhash) {
        snapshot->muhash = hash;
        opening->muhash = &snapshot->muhash;
    } else if (known && !hash256_equal(&hash, &snapshot->serialized))
        return err_set(err, SANAD_FALSE, "--utxo-hash: the coins of this block hash to %s",
                       known->hash);
    else {
        snapshot->serialized = hash;
        opening->serialized = &snapshot->serialized;
    }
    return 0;
}

/* Hexadecimal, or the name of a file that holds it. */
static int header_set(struct scan_opening *opening, const struct cmd_args *args, struct err *err)
{
    const char *text = cmd_value(args, "--header");
    struct buf file = {0};
    size_t size = 0;
    int code = 0;
    if (!text)
        return err_set(err, SANAD_MISSING,
                       "%s: holds no time: --header HEX, the 80 bytes of its block's header "
                       "(bitcoin-cli getblockheader HASH false)",
                       opening->path);
    if (file_exists(text)) {
        code = file_read(&file, text, 4 * HEADER_SIZE, err);
        text = code == 0 ? buf_cstr(&file) : "";
    }
    if (code == 0) {
        size = strcspn(text, " \r\n");
        if (text[size + strspn(text + size, " \r\n")] ||
            !hex_decode(opening->header, HEADER_SIZE, text, size))
            code = err_set(err, SANAD_REFUSED, "--header: not 160 hexadecimal digits");
    }
    buf_free(&file);
    return code;
}

int cmd_snapshot_open(struct cmd_snapshot *snapshot, const char *source,
                      const struct chain_params *params, const struct cmd_args *args,
                      struct err *err)
{
    struct snapshot_head head;
    snapshot->opening = (struct scan_opening){.path = source + sizeof prefix - 1, .params = params};
    int code = snapshot_head_read(&head, snapshot->opening.path, params, err);
    if (code < 0)
        return code;
    const struct snapshot_known *known = snapshot_known_find(params, &head.base);
    code = height_set(&snapshot->opening, &head, known, args, err);
    if (code == 0)
        code = hashes_set(snapshot, known, args, err);
    if (code == 0)
        code = header_set(&snapshot->opening, args, err);
    if (code == 0 && cmd_flag(args, "--follow"))
        code = err_set(err, SANAD_USAGE, "--follow: a snapshot does not grow");
    if (code == 0 && (cmd_flag(args, "--filters") || cmd_value(args, "--filters-dir")))
        code = err_set(err, SANAD_USAGE, "--filters: a snapshot holds no blocks to make them of");
    if (code == 0 && cmd_value(args, "--to"))
        code = err_set(err, SANAD_USAGE, "--to: a snapshot has one height");
    return code;
}
