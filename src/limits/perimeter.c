/* Perimeters: which entities, wallets and holders of claims are inside. */
#include "limits/limits_priv.h"

/* GFSM/SNA: S and digits (S1311), letters in some national versions. */
static bool is_sector(const char *text)
{
    size_t size = strlen(text);
    return size >= 2 && size <= 16 && text[0] == 'S' &&
           strspn(text + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == size - 1;
}

/* ---- reading ---- */

/* A list of sectors, or of ids of entities as the address book has them. An empty list could
 * mean all or none, so there is none. */
static int names_read(const char *const **ret, size_t *ret_count, struct programme_reader *reader,
                      const char *object, const json_t *json, const char *key)
{
    const json_t *list;
    bool sectors = strstr(key, "sectors") != NULL;
    size_t least = json_object_get(json, key) ? 1 : 0;
    int code = member_list(&list, object, json, key, least, PROGRAMME_LIST_MAX, reader->err);
    if (code || !list)
        return code;
    size_t count = json_array_size(list);
    const char **names = arena_alloc(&reader->programme->arena, count, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || !*text || strlen(text) > PROGRAMME_TEXT_MAX || !text_is_clean(text))
            return err_set(reader->err, SANAD_REFUSED, "%s: \"%s\": item %zu is no clean text",
                           object, key, i + 1);
        if (sectors && !is_sector(text))
            return err_set(reader->err, SANAD_REFUSED,
                           "%s: \"%s\": \"%.64s\" is no sector code such as S1311", object, key,
                           text);
        names[i] = text;
    }
    *ret = names;
    *ret_count = count;
    return 0;
}

static int classes_read(struct perimeter *perimeter, struct programme_reader *reader,
                        const char *object, const json_t *json)
{
    const char *names[WALLET_CLASS_COUNT];
    const json_t *list;
    size_t least = json_object_get(json, "classes") ? 1 : 0;
    int code = member_list(&list, object, json, "classes", least, WALLET_CLASS_COUNT, reader->err);
    if (code)
        return code;
    for (size_t i = 0; i < WALLET_CLASS_COUNT; i++) {
        names[i] = wallet_class_name((enum wallet_class)i);
        perimeter->has_class[i] = list == NULL;
    }
    return member_flags(perimeter->has_class, object, json, "classes", names, countof(names),
                        reader->err);
}

static int perimeter_read(struct perimeter *perimeter, struct programme_reader *reader,
                          const char *file, const json_t *json)
{
    static const char *const keys[] = {"sectors", "entities",       "except_entities",
                                       "classes", "holder_sectors", NULL};
    char object[PROGRAMME_OBJECT_SIZE];
    (void)snprintf(object, sizeof object, "%.200s: perimeter \"%.64s\"", file, perimeter->id);
    int code = json_only_keys(object, json, keys, reader->err);
    if (code == 0)
        code = names_read(&perimeter->sectors, &perimeter->sector_count, reader, object, json,
                          "sectors");
    if (code == 0)
        code = names_read(&perimeter->entities, &perimeter->entity_count, reader, object, json,
                          "entities");
    if (code == 0)
        code = names_read(&perimeter->except_entities, &perimeter->except_count, reader, object,
                          json, "except_entities");
    if (code == 0)
        code = names_read(&perimeter->holder_sectors, &perimeter->holder_count, reader, object,
                          json, "holder_sectors");
    if (code == 0)
        code = classes_read(perimeter, reader, object, json);
    return code;
}

int perimeters_read(struct programme_reader *reader, const char *object)
{
    struct programme *programme = reader->programme;
    const json_t *all = json_object_get(programme->json, "perimeters");
    const char *id;
    json_t *json;
    if (!all)
        return 0;
    if (!json_is_object(all))
        return err_set(reader->err, SANAD_REFUSED, "%s: \"perimeters\" must be an object", object);
    if (json_object_size(all) > PROGRAMME_PERIMETER_MAX)
        return err_set(reader->err, SANAD_REFUSED, "%s: \"perimeters\": more than %d", object,
                       PROGRAMME_PERIMETER_MAX);
    programme->perimeters =
        arena_alloc(&programme->arena, json_object_size(all), sizeof *programme->perimeters);
    json_object_foreach ((json_t *)all, id, json) {
        struct perimeter *perimeter = &programme->perimeters[programme->perimeter_count];
        if (!id_is_valid(id))
            return err_set(reader->err, SANAD_REFUSED,
                           "%s: perimeter \"%.64s\": an id is 1 to %d of a-z, 0-9, '-' and '.'",
                           object, id, PROGRAMME_ID_MAX);
        perimeter->id = id;
        int code = perimeter_read(perimeter, reader, object, json);
        if (code)
            return code;
        programme->perimeter_count++;
    }
    return 0;
}

/* ---- asking ---- */

static bool has_name(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* "S13" takes S1311 too. */
static bool begins_with(const char *sector, const char *prefix)
{
    return strncmp(sector, prefix, strlen(prefix)) == 0;
}

static bool has_sector(const char *const *sectors, size_t count, const char *sector)
{
    for (size_t i = 0; i < count; i++)
        if (begins_with(sector, sectors[i]))
            return true;
    return false;
}

bool perimeter_has_entity(const struct perimeter *perimeter, const struct entity *entity)
{
    if (has_name(perimeter->except_entities, perimeter->except_count, entity->id))
        return false;
    if (perimeter->entity_count > 0)
        return has_name(perimeter->entities, perimeter->entity_count, entity->id);
    return perimeter->sector_count == 0 ||
           has_sector(perimeter->sectors, perimeter->sector_count, entity->sector);
}

bool perimeter_has_wallet(const struct perimeter *perimeter, const struct book *book,
                          uint32_t wallet)
{
    sanad_assert(wallet < book->wallet_count);
    const struct wallet *asked = &book->wallets[wallet];
    return perimeter->has_class[asked->class_] &&
           perimeter_has_entity(perimeter, &book->entities[asked->entity]);
}

static bool has_holder_sector(const struct perimeter *perimeter, const struct book *book,
                              const char *sector)
{
    if (perimeter->holder_count > 0)
        return has_sector(perimeter->holder_sectors, perimeter->holder_count, sector);
    if (perimeter->sector_count > 0)
        return has_sector(perimeter->sectors, perimeter->sector_count, sector);
    for (size_t i = 0; i < book->entity_count; i++)
        if (begins_with(sector, book->entities[i].sector))
            return true;
    return false;
}

bool perimeter_has_holder(const struct perimeter *perimeter, const struct book *book,
                          const char *holder, const char *holder_sector)
{
    for (size_t i = 0; i < book->entity_count; i++)
        if (strcmp(book->entities[i].id, holder) == 0 &&
            perimeter_has_entity(perimeter, &book->entities[i]))
            return true;
    return holder_sector && has_holder_sector(perimeter, book, holder_sector);
}
