/* Feeds files of accounts to the reader. What it accepts has a line of the right side for
 * every flow, and unclassified flows share theirs with nothing else. */
#include "pack/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct accounts *accounts;
    int code = accounts_read(&accounts, "input", bytes_of(data, size), &err);
    sanad_assert(code == 0 || code == SANAD_REFUSED);
    if (code)
        return 0;
    for (size_t i = 0; i < ACCOUNT_FLOW_COUNT; i++) {
        sanad_assert(accounts->line_of[i] < accounts->line_count);
        sanad_assert((accounts->lines[accounts->line_of[i]].side == SIDE_LIABILITIES) ==
                     (i == ACCOUNT_LIABILITIES));
    }
    sanad_assert(accounts->line_of[ACCOUNT_PURCHASE] != accounts->line_of[ACCOUNT_UNCLASSIFIED_IN]);
    struct account_table table;
    struct account_event event = {1, ACCOUNT_MINED, amount_of(312500000), 11888000};
    struct account_period period = {.to = 2, .opening = amount_zero(), .closing_price = 11000000};
    account_table_make(&table, accounts, SIDE_ASSETS, &period, &event, 1, NULL);
    sanad_assert(amount_equal(table.closing.sat, event.delta));
    account_table_free(&table);
    accounts_free(accounts);
    return 0;
}
