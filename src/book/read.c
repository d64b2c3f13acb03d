/* Reads a book: JSON to a checked structure. Every refusal names the wallet and the rule. */
#include "book/book_priv.h"

#include <stdlib.h>

static const char *const class_names[] = {
#define X(name, text) [WALLET_##name] = (text),
    WALLET_CLASSES(X)
#undef X
};
static const char *const control_names[] = {"declared", "signed", "custodian-statement"};
static const char *const visibility_names[] = {"public", "fund", "sealed"};
static const char *const temperature_names[] = {"hot", "warm", "cold"};
_Static_assert(countof(control_names) == CONTROL_COUNT, "a name for every control");
_Static_assert(countof(visibility_names) == VISIBILITY_COUNT, "a name for every visibility");

const char *wallet_class_name(enum wallet_class class_)
{
    sanad_assert((unsigned)class_ < WALLET_CLASS_COUNT);
    return class_names[class_];
}

const char *wallet_control_name(enum wallet_control control)
{
    sanad_assert((unsigned)control < CONTROL_COUNT);
    return control_names[control];
}

const char *wallet_visibility_name(enum wallet_visibility visibility)
{
    sanad_assert((unsigned)visibility < VISIBILITY_COUNT);
    return visibility_names[visibility];
}

/* The index of a name, or -1. */
static int name_find(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

int class_from_name(enum wallet_class *ret_class, const char *name)
{
    int found = name_find(class_names, countof(class_names), name);
    if (found < 0)
        return SANAD_REFUSED;
    *ret_class = (enum wallet_class)found;
    return 0;
}

int json_text_check(const char *object, const json_t *json, struct err *err)
{
    int code = 0;
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_string(json) && !text_is_clean(json_string_value(json)))
        return err_set(err, SANAD_REFUSED, "%s: a text with control characters or direction marks",
                       object);
    if (json_is_array(json)) {
        json_array_foreach (json, i, value) {
            code = json_text_check(object, value, err);
            if (code)
                return code;
        }
    }
    if (!json_is_object(json))
        return 0;
    json_object_foreach ((json_t *)json, key, value) {
        if (!text_is_clean(key))
            return err_set(err, SANAD_REFUSED,
                           "%s: a key with control characters or direction marks", object);
        code = json_text_check(object, value, err);
        if (code)
            return code;
    }
    return 0;
}

/* ---- members ---- */

/* A text of 1 to `max` bytes. */
static int get_text(const char **ret, const char *object, const json_t *json, const char *key,
                    size_t max, struct err *err)
{
    const char *text;
    int code = json_get_string(&text, object, json, key, err);
    if (code)
        return code;
    if (!*text || strlen(text) > max)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must have 1 to %zu bytes", object, key, max);
    *ret = text;
    return 0;
}

/* As above, or absent or null: NULL. */
static int get_optional_text(const char **ret, const char *object, const json_t *json,
                             const char *key, size_t max, struct err *err)
{
    const json_t *value = json_object_get(json, key);
    *ret = NULL;
    if (!value || json_is_null(value))
        return 0;
    return get_text(ret, object, json, key, max, err);
}

/* One of some names. */
static int get_name(int *ret_index, const char *object, const json_t *json, const char *key,
                    const char *const *names, size_t count, struct err *err)
{
    const char *text;
    int code = json_get_string(&text, object, json, key, err);
    if (code)
        return code;
    int found = name_find(names, count, text);
    if (found < 0)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\": \"%.64s\" is none of the %zu it may be",
                       object, key, text, count);
    *ret_index = found;
    return 0;
}

/* A day or null: *ret keeps its value where there is none. */
static int get_day(int64_t *ret, const char *object, const json_t *json, const char *key,
                   struct err *err)
{
    const json_t *value = json_object_get(json, key);
    if (!value || json_is_null(value))
        return 0;
    if (!json_is_string(value) || date_parse(ret, json_string_value(value), NULL) != 0)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must be a day, YYYY-MM-DD, or null", object,
                       key);
    return 0;
}

static int get_count(uint32_t *ret, const char *object, const json_t *json, const char *key,
                     int64_t min, int64_t max, struct err *err)
{
    int64_t value = *ret;
    int code =
        json_object_get(json, key) ? json_get_integer(&value, object, json, key, min, max, err) : 0;
    if (code == 0)
        *ret = (uint32_t)value;
    return code;
}

static bool is_capitals(const char *text, size_t size)
{
    return strlen(text) == size && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == size;
}

/* An array member with at most `max` items. */
static int get_array(const json_t **ret, const char *object, const json_t *json, const char *key,
                     size_t max, struct err *err)
{
    const json_t *value = json_object_get(json, key);
    if (!json_is_array(value))
        return err_set(err, SANAD_REFUSED, "%s: \"%s\" must be an array", object, key);
    if (json_array_size(value) > max)
        return err_set(err, SANAD_REFUSED, "%s: \"%s\": more than %zu", object, key, max);
    *ret = value;
    return 0;
}

/* ---- ids ---- */

struct id_place {
    const char *id;
    size_t place;
};

static int id_compare(const void *a, const void *b)
{
    const struct id_place *x = a;
    const struct id_place *y = b;
    return strcmp(x->id, y->id);
}

/* Sorted by id; REFUSED where one stands twice. `what` is "entity" or "wallet". */
static int ids_sort(struct id_place *ids, size_t count, const char *object, const char *what,
                    struct err *err)
{
    qsort(ids, count, sizeof *ids, id_compare);
    for (size_t i = 1; i < count; i++)
        if (strcmp(ids[i - 1].id, ids[i].id) == 0)
            return err_set(err, SANAD_REFUSED, "%s: %s \"%s\": the id stands twice", object, what,
                           ids[i].id);
    return 0;
}

/* ---- entities ---- */

/* {"en": "…", …}: at least one language, every value a text. */
static int name_check(const char *object, const json_t *name, struct err *err)
{
    if (!json_is_object(name) || json_object_size(name) == 0)
        return err_set(err, SANAD_REFUSED, "%s: \"name\" must be an object of languages and texts",
                       object);
    const char *language;
    json_t *text;
    json_object_foreach ((json_t *)name, language, text) {
        if (!json_is_string(text) || json_string_length(text) == 0 ||
            json_string_length(text) > BOOK_NOTE_MAX)
            return err_set(err, SANAD_REFUSED, "%s: \"name\": \"%.16s\" must be a text", object,
                           language);
    }
    return 0;
}

/* GFSM/SNA: S and digits (S1311), letters in some national versions. */
static bool is_sector(const char *text)
{
    size_t size = strlen(text);
    return size >= 2 && size <= 16 && text[0] == 'S' &&
           strspn(text + 1, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == size - 1;
}

static int entity_read(struct entity *entity, const char *object, const json_t *json,
                       struct err *err)
{
    static const char *const keys[] = {"id", "name", "sector", NULL};
    int code = json_only_keys(object, json, keys, err);
    if (code == 0)
        code = get_text(&entity->id, object, json, "id", BOOK_ID_MAX, err);
    char named[OBJECT_SIZE];
    if (code)
        return code;
    (void)snprintf(named, sizeof named, "%.200s: entity \"%s\"", object, entity->id);
    entity->name = json_object_get(json, "name");
    code = name_check(named, entity->name, err);
    if (code == 0)
        code = get_text(&entity->sector, named, json, "sector", BOOK_ID_MAX, err);
    if (code == 0 && !is_sector(entity->sector))
        return err_set(err, SANAD_REFUSED,
                       "%s: \"sector\": \"%.64s\" is no sector code such as S1311", named,
                       entity->sector);
    return code;
}

static int entities_read(struct book *book, struct id_place **ret_ids, const char *object,
                         struct err *err)
{
    const json_t *array;
    int code = get_array(&array, object, book->json, "entities", BOOK_ENTITY_MAX, err);
    if (code)
        return code;
    book->entity_count = json_array_size(array);
    book->entities = arena_alloc(&book->arena, book->entity_count, sizeof *book->entities);
    struct id_place *ids = arena_alloc(&book->arena, book->entity_count, sizeof *ids);
    for (size_t i = 0; i < book->entity_count; i++) {
        char place[OBJECT_SIZE];
        (void)snprintf(place, sizeof place, "%.200s", object);
        code = entity_read(&book->entities[i], place, json_array_get(array, i), err);
        if (code)
            return code;
        ids[i] = (struct id_place){book->entities[i].id, i};
    }
    *ret_ids = ids;
    return ids_sort(ids, book->entity_count, object, "entity", err);
}

/* ---- wallets ---- */

struct wallet_reader {
    struct book *book;
    const char *object; /* of the book */
    const struct id_place *entities;
    uint32_t **ranges; /* one array a wallet */
    struct err *err;
};

static int wallet_entity(struct wallet *wallet, const struct wallet_reader *reader,
                         const char *named, const json_t *json)
{
    struct id_place wanted = {0};
    int code = get_text(&wanted.id, named, json, "entity", BOOK_ID_MAX, reader->err);
    if (code)
        return code;
    const struct id_place *found =
        bsearch(&wanted, reader->entities, reader->book->entity_count, sizeof wanted, id_compare);
    if (!found)
        return err_set(reader->err, SANAD_REFUSED, "%s: unknown entity \"%s\"", named, wanted.id);
    wallet->entity = found->place;
    return 0;
}

static int wallet_names(struct wallet *wallet, const char *named, const json_t *json,
                        struct err *err)
{
    int class_ = 0;
    int control = 0;
    int visibility = 0;
    int code = get_name(&class_, named, json, "class", class_names, countof(class_names), err);
    if (code == 0)
        code = get_name(&control, named, json, "control", control_names, CONTROL_COUNT, err);
    if (code == 0)
        code = get_name(&visibility, named, json, "visibility", visibility_names, VISIBILITY_COUNT,
                        err);
    if (code)
        return code;
    wallet->class_ = (enum wallet_class)class_;
    wallet->control = (enum wallet_control)control;
    wallet->visibility = (enum wallet_visibility)visibility;
    code = get_optional_text(&wallet->note, named, json, "note", BOOK_NOTE_MAX, err);
    if (code == 0)
        code =
            get_optional_text(&wallet->temperature, named, json, "temperature", BOOK_ID_MAX, err);
    if (code == 0 && wallet->temperature &&
        name_find(temperature_names, countof(temperature_names), wallet->temperature) < 0)
        return err_set(err, SANAD_REFUSED, "%s: \"temperature\" must be hot, warm or cold", named);
    return code;
}

static int wallet_interval(struct wallet *wallet, const char *named, const json_t *json,
                           struct err *err)
{
    wallet->since = INT64_MIN;
    wallet->until = BOOK_NEVER;
    int code = get_day(&wallet->since, named, json, "since", err);
    if (code == 0)
        code = get_day(&wallet->until, named, json, "until", err);
    if (code == 0 && wallet->since >= wallet->until)
        return err_set(err, SANAD_REFUSED, "%s: \"since\" must be before \"until\"", named);
    return code;
}

/* A sealed wallet of a public book: a commitment stands where the descriptors were. */
static int wallet_commitment(struct wallet *wallet, const char *named, const json_t *json,
                             struct err *err)
{
    struct hash256 hash;
    int code = get_text(&wallet->commitment, named, json, "commitment", HEX256_SIZE, err);
    if (code)
        return code;
    if (!hash256_from_straight(&hash, wallet->commitment))
        return err_set(err, SANAD_REFUSED, "%s: \"commitment\" must be 64 hexadecimal digits",
                       named);
    if (wallet->visibility == VISIBILITY_PUBLIC)
        return err_set(err, SANAD_REFUSED, "%s: a public wallet shows descriptors, no commitment",
                       named);
    if (json_object_get(json, "descriptors"))
        return err_set(err, SANAD_REFUSED, "%s: a commitment and descriptors at once", named);
    return 0;
}

static int wallet_contents(struct wallet *wallet, const struct wallet_reader *reader,
                           const char *named, const json_t *json, uint32_t **ret_ranges)
{
    struct book *book = reader->book;
    wallet->range = BOOK_RANGE_DEFAULT;
    wallet->gap = BOOK_GAP_DEFAULT;
    int code = get_count(&wallet->range, named, json, "range", 1, BOOK_RANGE_MAX, reader->err);
    if (code == 0)
        code = get_count(&wallet->gap, named, json, "gap", 0, BOOK_GAP_MAX, reader->err);
    if (code)
        return code;
    if (json_object_get(json, "commitment"))
        return wallet_commitment(wallet, named, json, reader->err);
    return wallet_descriptors_read(wallet, ret_ranges, named, json_object_get(json, "descriptors"),
                                   book->params, &book->arena, reader->err);
}

static int wallet_read(struct wallet *wallet, const struct wallet_reader *reader, size_t place)
{
    static const char *const keys[] = {
        "id",  "entity",      "class", "temperature", "control", "visibility", "range",
        "gap", "descriptors", "since", "until",       "note",    "commitment", NULL};
    char named[OBJECT_SIZE];
    const json_t *json = json_array_get(json_object_get(reader->book->json, "wallets"), place);
    (void)snprintf(named, sizeof named, "%.200s: wallet %zu", reader->object, place + 1);
    if (!json_is_object(json))
        return err_set(reader->err, SANAD_REFUSED, "%s: must be an object", named);
    int code = get_text(&wallet->id, named, json, "id", BOOK_ID_MAX, reader->err);
    if (code)
        return code;
    (void)snprintf(named, sizeof named, "%.200s: wallet \"%s\"", reader->object, wallet->id);
    code = json_only_keys(named, json, keys, reader->err);
    if (code == 0)
        code = wallet_entity(wallet, reader, named, json);
    if (code == 0)
        code = wallet_names(wallet, named, json, reader->err);
    if (code == 0)
        code = wallet_interval(wallet, named, json, reader->err);
    if (code == 0)
        code = wallet_contents(wallet, reader, named, json, &reader->ranges[place]);
    return code;
}

static int wallets_read(struct wallet_reader *reader)
{
    struct book *book = reader->book;
    const json_t *array;
    int code =
        get_array(&array, reader->object, book->json, "wallets", BOOK_WALLET_MAX, reader->err);
    if (code)
        return code;
    size_t count = json_array_size(array);
    book->wallets = arena_alloc(&book->arena, count, sizeof *book->wallets);
    reader->ranges = arena_alloc(&book->arena, count, sizeof *reader->ranges);
    struct id_place *ids = arena_alloc(&book->arena, count, sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        book->wallet_count = i + 1; /* what book_free has to look at */
        code = wallet_read(&book->wallets[i], reader, i);
        if (code)
            return code;
        ids[i] = (struct id_place){book->wallets[i].id, i};
    }
    return ids_sort(ids, count, reader->object, "wallet", reader->err);
}

/* ---- the book ---- */

static int top_read(struct book *book, const char *object, struct err *err)
{
    static const char *const keys[] = {"nation",  "currency",  "entities",
                                       "wallets", "simulated", NULL};
    const json_t *simulated = json_object_get(book->json, "simulated");
    int code = json_only_keys(object, book->json, keys, err);
    if (code == 0)
        code = json_get_string(&book->nation, object, book->json, "nation", err);
    if (code == 0)
        code = json_get_string(&book->currency, object, book->json, "currency", err);
    if (code)
        return code;
    if (!is_capitals(book->nation, 2))
        return err_set(err, SANAD_REFUSED, "%s: \"nation\" must be two capital letters (ISO 3166)",
                       object);
    if (!is_capitals(book->currency, 3))
        return err_set(err, SANAD_REFUSED,
                       "%s: \"currency\" must be three capital letters (ISO 4217)", object);
    if (simulated && !json_is_boolean(simulated))
        return err_set(err, SANAD_REFUSED, "%s: \"simulated\" must be true or false", object);
    book->simulated = json_is_true(simulated);
    return 0;
}

static int book_hash(struct book *book, const char *object, struct err *err)
{
    struct buf canonical = buf_with_max(BOOK_SIZE_MAX);
    int code = json_canonical(&canonical, book->json, err);
    if (code)
        code = err_wrap(err, "%s", object);
    else
        sha256_of(&book->sha256, buf_bytes(&canonical));
    buf_free(&canonical);
    return code;
}

static int book_fill(struct book_whole *whole, const char *object, struct err *err)
{
    struct book *book = &whole->book;
    struct wallet_reader reader = {.book = book, .object = object, .err = err};
    struct id_place *entities = NULL;
    int code = json_text_check(object, book->json, err);
    if (code == 0)
        code = top_read(book, object, err);
    if (code == 0)
        code = entities_read(book, &entities, object, err);
    reader.entities = entities;
    if (code == 0)
        code = wallets_read(&reader);
    if (code == 0)
        code = book_hash(book, object, err);
    if (code == 0)
        code = book_scripts_make(whole, object, reader.ranges, err);
    if (code == 0)
        code = book_overlap_check(whole, object, err);
    return code;
}

int book_read(struct book **ret_book, const char *object, struct bytes text,
              const struct chain_params *params, struct err *err)
{
    json_t *json;
    int code = json_read(&json, object, text, BOOK_SIZE_MAX, err);
    if (code)
        return code;
    struct book_whole *whole = mem_zalloc(1, sizeof *whole);
    whole->book.json = json;
    whole->book.params = params;
    code = book_fill(whole, object, err);
    if (code)
        book_free(&whole->book);
    else
        *ret_book = &whole->book;
    return code;
}

int book_read_file(struct book **ret_book, const char *path, const struct chain_params *params,
                   struct err *err)
{
    struct buf text;
    int code = file_read(&text, path, BOOK_SIZE_MAX, err);
    if (code)
        return code;
    code = book_read(ret_book, path, buf_bytes(&text), params, err);
    buf_free(&text);
    return code;
}

void book_free(struct book *book)
{
    if (!book)
        return;
    struct book_whole *whole = (struct book_whole *)book; /* first member */
    for (size_t w = 0; w < book->wallet_count; w++)
        for (size_t d = 0; d < book->wallets[w].descriptor_count; d++)
            descriptor_free(book->wallets[w].descriptors[d]);
    free(whole->slab);
    json_decref((json_t *)book->json);
    arena_free(&book->arena);
    free(whole);
}
