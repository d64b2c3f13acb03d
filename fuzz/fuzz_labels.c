/* Feeds files of addresses and labels to the reader: what it accepts is sorted by script and
 * every label says something. */
#include "reserve/reserve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct label_table table;
    const struct chain_params *params = chain_params_find("main");
    int code = labels_read(&table, "input", bytes_of(data, size), params, &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    if (code != 0)
        return 0;
    for (size_t i = 0; i < table.count; i++) {
        const struct script_label *label = &table.list[i];
        sanad_assert(label->script.size > 0 && *label->label);
        if (i == 0)
            continue;
        const struct script_label *before = &table.list[i - 1];
        size_t least =
            label->script.size < before->script.size ? label->script.size : before->script.size;
        sanad_assert(memcmp(before->script.data, label->script.data, least) <= 0);
    }
    labels_free(&table);
    return 0;
}
