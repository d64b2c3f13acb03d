/* The descriptors of a wallet: texts, or objects as Core's `listdescriptors` writes them. */
#include "book/book_priv.h"

/* One item as it stands in the file. */
struct item {
    const char *text;
    uint32_t range; /* indexes that Core has looked ahead; 0: not told */
};

/* Core: "range": [begin, end], both inclusive. What lies before begin is watched too. */
static int item_range(uint32_t *ret_range, const char *object, const json_t *json, struct err *err)
{
    const json_t *range = json_object_get(json, "range");
    *ret_range = 0;
    if (!range)
        return 0;
    const json_t *begin = json_is_array(range) ? json_array_get(range, 0) : NULL;
    const json_t *end = json_is_array(range) ? json_array_get(range, 1) : range;
    json_int_t first = begin ? json_integer_value(begin) : 0;
    json_int_t last = json_integer_value(end);
    bool shaped = json_is_integer(end) && (!begin || json_is_integer(begin)) &&
                  (!json_is_array(range) || json_array_size(range) == 2);
    if (!shaped || first < 0 || last < first)
        return err_set(err, SANAD_REFUSED, "%s: \"range\" must be [begin, end]", object);
    if (last >= BOOK_RANGE_MAX)
        return err_set(err, SANAD_REFUSED, "%s: \"range\" ends over %d", object,
                       BOOK_RANGE_MAX - 1);
    *ret_range = (uint32_t)last + 1;
    return 0;
}

static int item_read(struct item *ret_item, const char *object, const json_t *json, struct err *err)
{
    static const char *const keys[] = {"desc",  "timestamp", "active",     "internal",
                                       "range", "next",      "next_index", NULL};
    if (json_is_string(json)) {
        *ret_item = (struct item){.text = json_string_value(json)};
        return 0;
    }
    struct item item = {0};
    int code = json_only_keys(object, json, keys, err);
    if (code == 0)
        code = json_get_string(&item.text, object, json, "desc", err);
    if (code == 0)
        code = item_range(&item.range, object, json, err);
    if (code == 0)
        *ret_item = item;
    return code;
}

/* The array inside: the member itself, or that of a whole `listdescriptors` answer. */
static int items_find(const json_t **ret_array, const char *object, const json_t *json,
                      struct err *err)
{
    static const char *const keys[] = {"wallet_name", "descriptors", NULL};
    const json_t *array = json;
    if (json_is_object(json)) {
        int code = json_only_keys(object, json, keys, err);
        if (code)
            return code;
        array = json_object_get(json, "descriptors");
    }
    if (!json_is_array(array) || json_array_size(array) == 0)
        return err_set(err, SANAD_REFUSED, "%s: \"descriptors\" must be an array with content",
                       object);
    if (json_array_size(array) > BOOK_DESCRIPTOR_MAX)
        return err_set(err, SANAD_REFUSED, "%s: more than %d descriptors", object,
                       BOOK_DESCRIPTOR_MAX);
    *ret_array = array;
    return 0;
}

static void item_name(char ret_name[OBJECT_SIZE], const char *object, size_t place)
{
    (void)snprintf(ret_name, OBJECT_SIZE, "%.340s: descriptor %zu", object, place + 1);
}

int wallet_descriptors_read(struct wallet *wallet, uint32_t **ret_ranges, const char *object,
                            const json_t *json, const struct chain_params *params,
                            struct arena *arena, struct err *err)
{
    const json_t *array;
    int code = items_find(&array, object, json, err);
    if (code)
        return code;
    size_t count = json_array_size(array);
    wallet->descriptors = arena_alloc(arena, count, sizeof(struct descriptor *));
    uint32_t *ranges = arena_alloc(arena, count, sizeof *ranges);
    for (size_t i = 0; i < count; i++) {
        char named[OBJECT_SIZE];
        struct item item = {0};
        item_name(named, object, i);
        code = item_read(&item, named, json_array_get(array, i), err);
        if (code)
            return code;
        code = descriptor_parse(&wallet->descriptors[i], params, item.text, err);
        if (code)
            return err_wrap(err, "%s", named);
        wallet->descriptor_count = i + 1;
        ranges[i] = item.range;
    }
    *ret_ranges = ranges;
    return 0;
}
