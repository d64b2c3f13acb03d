/* Joins the records of block files to the header tree, in whatever order they lie, and tells
 * why a block has no body. */
#include "source/source_priv.h"

#include <stdlib.h>

/* A record that a node is still writing comes again at every look: noted once. */
static bool damage_known(const struct blkfile *blk, const struct frame_record *record)
{
    enum { LOOK_BACK = 64 };
    for (size_t i = 1; i <= blk->damage_count && i <= LOOK_BACK; i++)
        if (hash256_equal(&blk->damages[blk->damage_count - i].hash, &record->hash))
            return true;
    return false;
}

static void damage_note(struct blkfile *blk, const struct frame_record *record, uint32_t file)
{
    if (damage_known(blk, record))
        return;
    if (blk->damage_count == blk->damage_capacity) {
        blk->damage_capacity = blk->damage_capacity ? 2 * blk->damage_capacity : 16;
        blk->damages = mem_realloc(blk->damages, blk->damage_capacity, sizeof *blk->damages);
    }
    blk->damages[blk->damage_count++] = (struct blk_damage){
        .hash = record->hash, .file = file, .offset = record->offset, .rule = record->damage};
}

static int place_refuse(struct source_place place, struct err *err)
{
    char name[FILE_NAME_SIZE];
    file_name_of(name, FD_BLK, place.file);
    return err_wrap(err, "%s: offset %llu", name, (unsigned long long)place.offset);
}

/* A second body of one header. The same record looked at again is none. */
static void count_repeat(struct blkfile *blk, const struct source_place *a,
                         const struct source_place *b)
{
    blk->base.stats.repeated_blocks += a->file != b->file || a->offset != b->offset;
}

/* One header whose predecessor is in the tree, or the root. */
static int join_one(struct blkfile *blk, const uint8_t raw[HEADER_SIZE], const struct hash256 *hash,
                    struct source_place place, struct err *err)
{
    uint32_t node;
    if (header_tree_add(blk->base.tree, &node, raw, hash, err) != 0)
        return place_refuse(place, err);
    if (place.size > 0 && !source_body_add(&blk->base, node, place))
        count_repeat(blk, &place, &blk->base.places[node]);
    return 0;
}

/* All that waited for `hash`, and for those. The list is grown at its head, so that memory
 * stays what the entries themselves take. */
static int join_waiting(struct blkfile *blk, const struct hash256 *hash, struct err *err)
{
    struct pending *pending = &blk->pending;
    uint32_t todo = pending_take(pending, hash);
    while (todo != PENDING_NONE) {
        struct hash256 own;
        uint32_t entry = todo;
        header_hash(&own, pending->entries[entry].raw);
        int code =
            join_one(blk, pending->entries[entry].raw, &own, pending->entries[entry].place, err);
        if (code != 0)
            return code;
        todo = pending->entries[entry].next;
        uint32_t children = pending_take(pending, &own);
        pending_release(pending, entry);
        while (children != PENDING_NONE) {
            uint32_t next = pending->entries[children].next;
            pending->entries[children].next = todo;
            todo = children;
            children = next;
        }
    }
    return 0;
}

/* Whether header_tree_add can take it now. */
static bool joinable(const struct blkfile *blk, const struct frame_record *record)
{
    struct header header;
    const struct source *source = &blk->base;
    if (source->anchored && hash256_equal(&record->hash, &source->anchor.hash))
        return true;
    header_parse(&header, record->raw);
    return header_tree_find(source->tree, &header.prev) != NODE_NONE ||
           header_tree_find(source->tree, &record->hash) != NODE_NONE;
}

/* Waits for its predecessor; of two with the same header, the one with a body. */
static int join_later(struct blkfile *blk, const struct frame_record *record,
                      struct source_place place, struct err *err)
{
    struct pending_entry *same = pending_find(&blk->pending, record->raw);
    if (same && place.size > 0 && same->place.size > 0)
        count_repeat(blk, &place, &same->place);
    else if (same && place.size > 0)
        same->place = place;
    if (same || pending_add(&blk->pending, record->raw, place))
        return 0;
    (void)err_set(err, SANAD_REFUSED, "over %d blocks whose predecessor is nowhere", PENDING_MAX);
    return place_refuse(place, err);
}

static int join_record(struct blkfile *blk, const struct frame_record *record, uint32_t file,
                       struct err *err)
{
    struct source_place place = {
        .offset = record->offset,
        .size = record->damage ? 0 : record->size,
        .file = file & FILE_NUMBER_MASK,
    };
    if (record->damage)
        damage_note(blk, record, file);
    if (!joinable(blk, record))
        return join_later(blk, record, place, err);
    int code = join_one(blk, record->raw, &record->hash, place, err);
    return code == 0 ? join_waiting(blk, &record->hash, err) : code;
}

int blkfile_join(struct blkfile *blk, const struct blk_file *file,
                 const struct frame_result *result, struct err *err)
{
    for (size_t i = 0; i < result->record_count; i++) {
        uint64_t repeated = blk->base.stats.repeated_blocks;
        int code = join_record(blk, &result->records[i], file->number, err);
        if (code != 0)
            return code;
        if (i >= result->settled_count) /* looked at again: not to be counted each time */
            blk->base.stats.repeated_blocks = repeated;
        blk->record_count += !result->records[i].damage;
    }
    return 0;
}

int blkfile_missing(const struct source *source, uint32_t node, struct err *err)
{
    const struct blkfile *blk = (const struct blkfile *)source;
    const struct header_node *header = header_tree_node(source->tree, node);
    for (size_t i = blk->damage_count; i-- > 0;) {
        const struct blk_damage *damage = &blk->damages[i];
        char name[FILE_NAME_SIZE];
        if (!hash256_equal(&damage->hash, &header->hash))
            continue;
        file_name_of(name, FD_BLK, damage->file);
        return err_set(err, SANAD_MISSING, "height %u has no block: %s, offset %llu: %s",
                       header->height, name, (unsigned long long)damage->offset, damage->rule);
    }
    return err_set(err, SANAD_MISSING, "height %u has no block%s", header->height,
                   source->places[node].linked ? ": its file is gone" : "");
}
