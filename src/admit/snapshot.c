/* What a log has admitted, kept between two runs. It is a cache: bound to one signed tree, one key
 * and one set of rules, sealed with the log's key, and left where anything of it does not fit.
 *
 *     "sanad/admission/1" ‖ RULES ‖ SHA-256 of the names of all kinds
 *     size u64 ‖ root 32 ‖ origin ‖ authority
 *     kinds: u8 an entry
 *     for each kind: next seq u64 ‖ last index u64 (all ones: none)
 *     count u64 ‖ keys of statements, 16 bytes each
 *     count u64 ‖ entries that decide about others: index u64 ‖ entry
 *     seal 64
 *
 * Numbers are little-endian, texts and entries stand behind a CompactSize. */
#include "admit/admit_priv.h"

#include <stdlib.h>

/* One higher whenever a rule changes: what an older program admitted is judged again. */
enum { RULES = 1 };
static const char magic[] = "sanad/admission/1";

/* The log's key, for this one purpose, over the hash of all that stands before. */
void snapshot_seal(uint8_t ret_seal[SNAPSHOT_SEAL_SIZE], struct bytes content,
                   const uint8_t seed[32])
{
    struct hash256 key;
    struct hash256 hash;
    sha256_tagged(&key, magic, bytes_of(seed, 32));
    sha256_of(&hash, content);
    hmac_sha512(ret_seal, bytes_of(key.b, sizeof key.b), bytes_of(hash.b, sizeof hash.b));
    secret_wipe(&key, sizeof key);
}

/* What must be the same for a snapshot to mean anything here. */
void snapshot_head(struct buf *buf, const char *origin, const struct tlog_tree *tree)
{
    struct sha256 names;
    struct hash256 hash;
    sha256_init(&names);
    for (size_t i = 0; i < STMT_KIND_COUNT; i++) {
        const char *name = stmt_kind_name((enum stmt_kind)i);
        sha256_add(&names, bytes_of(name, strlen(name) + 1));
    }
    sha256_final(&hash, &names);
    buf_text(buf, magic);
    buf_u8(buf, RULES);
    buf_add(buf, bytes_of(hash.b, sizeof hash.b));
    buf_le64(buf, tree->size);
    buf_add(buf, bytes_of(tree->root.b, sizeof tree->root.b));
    buf_compact(buf, strlen(origin));
    buf_text(buf, origin);
}

/* ---- written -----------------------------------------------------------------------------------
 */

/* Of a partner's checkpoints only the newest still decides anything. */
static bool is_needed(const struct admit *admit, const struct effect *effect)
{
    for (size_t i = 0; effect->is_checkpoint && i < admit->partner_count; i++)
        if (admit->partners[i]->known.has_tree &&
            admit->partners[i]->known.tree_entry == effect->index)
            return true;
    return !effect->is_checkpoint;
}

static void effects_write(struct buf *buf, const struct admit *admit)
{
    uint64_t count = 0;
    for (size_t i = 0; i < admit->effect_count; i++)
        count += is_needed(admit, &admit->effects[i]);
    buf_le64(buf, count);
    for (size_t i = 0; i < admit->effect_count; i++) {
        const struct effect *effect = &admit->effects[i];
        if (!is_needed(admit, effect))
            continue;
        buf_le64(buf, effect->index);
        buf_compact(buf, effect->entry.size);
        buf_add(buf, buf_bytes(&effect->entry));
    }
}

void admit_snapshot_write(struct buf *buf, const struct admit *admit, const struct tlog_tree *tree,
                          const uint8_t seed[32])
{
    uint8_t seal[SNAPSHOT_SEAL_SIZE];
    sanad_assert(admit->size == tree->size && buf->size == 0);
    snapshot_head(buf, admit->origin, tree);
    buf_compact(buf, admit->authority ? strlen(admit->authority) : 0);
    buf_text(buf, admit->authority ? admit->authority : "");
    buf_add(buf, bytes_of(admit->kinds, admit->size));
    for (size_t i = 0; i < STMT_KIND_COUNT; i++) {
        buf_le64(buf, admit->next_seq[i]);
        buf_le64(buf, (uint64_t)admit->last[i]);
    }
    buf_le64(buf, admit->seen.count);
    seen_write(buf, &admit->seen);
    effects_write(buf, admit);
    snapshot_seal(seal, buf_bytes(buf), seed);
    buf_add(buf, bytes_of(seal, sizeof seal));
}

/* ---- read ---------------------------------------------------------------------------------------
 */

static bool seal_holds(struct bytes *ret_content, struct bytes raw, const uint8_t seed[32])
{
    uint8_t seal[SNAPSHOT_SEAL_SIZE];
    if (raw.size < SNAPSHOT_SEAL_SIZE)
        return false;
    struct bytes content = bytes_of(raw.data, raw.size - SNAPSHOT_SEAL_SIZE);
    snapshot_seal(seal, content, seed);
    /* Whoever could measure how far they agree can read the file that they stand in. */
    if (memcmp(seal, content.data + content.size, SNAPSHOT_SEAL_SIZE) != 0)
        return false;
    *ret_content = content;
    return true;
}

static bool head_take(struct cursor *cursor, const char *origin, const struct tlog_tree *tree)
{
    struct buf wanted = buf_with_max(4096);
    snapshot_head(&wanted, origin, tree);
    bool same = !wanted.bad && bytes_equal(cursor_take(cursor, wanted.size), buf_bytes(&wanted));
    buf_free(&wanted);
    return same;
}

static bool authority_take(struct admit *admit, struct cursor *cursor)
{
    struct bytes text = cursor_compact_bytes(cursor, NOTE_SIZE_MAX);
    if (cursor->bad || (text.size > 0 && memchr(text.data, 0, text.size)))
        return false;
    if (text.size > 0) {
        admit->authority = mem_zalloc(text.size + 1, 1);
        memcpy(admit->authority, text.data, text.size);
    }
    return true;
}

static bool kinds_take(struct admit *admit, struct cursor *cursor, uint64_t size)
{
    struct bytes kinds = cursor_take(cursor, size);
    for (size_t i = 0; i < kinds.size; i++)
        if (kinds.data[i] != KIND_NONE && kinds.data[i] >= STMT_KIND_COUNT)
            return false;
    if (cursor->bad)
        return false;
    admit->size = admit->kind_capacity = size;
    if (size > 0) {
        admit->kinds = mem_alloc(size);
        memcpy(admit->kinds, kinds.data, size);
    }
    return true;
}

static bool places_take(struct admit *admit, struct cursor *cursor)
{
    bool good = true;
    for (size_t i = 0; i < STMT_KIND_COUNT; i++) {
        admit->next_seq[i] = cursor_le64(cursor);
        admit->last[i] = (int64_t)cursor_le64(cursor);
        good = good && admit->next_seq[i] <= admit->size && admit->last[i] >= -1 &&
               admit->last[i] < (int64_t)admit->size;
    }
    return good && !cursor->bad;
}

/* Judged again in their order. */
static bool effects_take(struct admit *admit, struct cursor *cursor)
{
    uint64_t count = cursor_le64(cursor);
    uint64_t next = 0;
    for (; count > 0 && !cursor->bad; count--) {
        uint64_t index = cursor_le64(cursor);
        struct bytes entry = cursor_compact_bytes(cursor, TLOG_ENTRY_MAX);
        if (cursor->bad || index < next || index >= admit->size ||
            effect_restore(admit, index, entry, NULL) != 0)
            return false;
        next = index + 1;
    }
    return !cursor->bad;
}

/* Nothing that decides was left out. */
static bool is_whole(const struct admit *admit)
{
    size_t roots = 0;
    size_t revocations = 0;
    for (size_t i = 0; i < admit->size; i++) {
        roots += admit->kinds[i] == STMT_ROOT;
        revocations += admit->kinds[i] == STMT_REVOKE;
    }
    return roots == admit->root_count && revocations == admit->revocation_count &&
           admit->seen.count <= admit->size;
}

static bool state_take(struct admit *admit, struct cursor *cursor, uint64_t size)
{
    return authority_take(admit, cursor) && kinds_take(admit, cursor, size) &&
           places_take(admit, cursor) && seen_read(&admit->seen, cursor, cursor_le64(cursor)) &&
           effects_take(admit, cursor) && cursor_done(cursor) && is_whole(admit);
}

int admit_snapshot_read(struct admit **ret_admit, struct bytes raw, const char *origin,
                        const struct tlog_tree *tree, const uint8_t seed[32], struct err *err)
{
    struct bytes content;
    struct cursor cursor;
    if (!seal_holds(&content, raw, seed))
        return err_set(err, SANAD_MISSING, "admission: not sealed by this log's key");
    cursor = cursor_of(content);
    if (!head_take(&cursor, origin, tree))
        return err_set(err, SANAD_MISSING, "admission: of another tree, or of other rules");
    struct admit *admit = admit_new(&(struct admit_options){.origin = origin});
    if (!state_take(admit, &cursor, tree->size)) {
        admit_free(admit);
        return err_set(err, SANAD_MISSING, "admission: not whole");
    }
    *ret_admit = admit;
    return 0;
}
