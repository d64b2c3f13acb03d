/* Proves that the scripts kept for the ranges are those that descriptors give afresh, made
 * by several threads or one, and that gap closure grows with use as the contract says.
 * ctest-label: threads */
#include "book_test.h"

static void test_known_addresses(void **state)
{
    (void)state;
    char text[ADDRESS_TEXT_SIZE];
    size_t count;
    struct book *book =
        book_of(BOOK(WALLET_MORE("a", "[\"" ZPUB "\"]", ",\"range\":3") "," WALLET_MORE(
            "b", "[\"tr(" XPUB "/<0;1>/*)\",\"addr(" ADDRESS_1 ")\"]", ",\"range\":2")));
    const struct book_branch *branches = book_branches(book, &count);
    assert_int_equal(count, 5);
    address_at(text, book, 0, 0);
    assert_string_equal(text, ZPUB_RECEIVE_0);
    address_at(text, book, 0, 1);
    assert_string_equal(text, ZPUB_RECEIVE_1);
    address_at(text, book, 1, 0);
    assert_string_equal(text, ZPUB_CHANGE_0);
    address_at(text, book, 2, 0);
    assert_string_equal(text, TAPROOT_0);
    address_at(text, book, 4, 0);
    assert_string_equal(text, ADDRESS_1);
    assert_false(branches[4].ranged);
    assert_int_equal(branches[4].first_count, 1);
    assert_int_equal(branches[4].wallet, 1);
    assert_int_equal(branches[4].descriptor, 1);
    assert_int_equal(branches[3].branch, 1);
    book_free(book);
}

static bool has_scripts(const struct book *book, size_t branch, uint32_t index)
{
    struct arena arena = {0};
    struct bytes *scripts;
    size_t count;
    size_t branch_count;
    const struct book_branch *branches = book_branches(book, &branch_count);
    bool found = book_branch_scripts(&scripts, &count, book, &branches[branch], index, &arena);
    arena_free(&arena);
    return found;
}

static void test_ends(void **state)
{
    (void)state;
    struct book *book =
        book_of(BOOK(WALLET_MORE("a", "[\"" ZPUB "\",\"addr(" ADDRESS_1 ")\"]", ",\"range\":1")));
    assert_true(has_scripts(book, 0, 0));
    assert_true(has_scripts(book, 0, 1)); /* past what is kept: made afresh */
    assert_true(has_scripts(book, 0, 0x7fffffff));
    assert_false(has_scripts(book, 0, 0x80000000)); /* hardened */
    assert_true(has_scripts(book, 2, 0));
    assert_false(has_scripts(book, 2, 1)); /* not ranged */
    book_free(book);
}

/* Every kept script of a branch against a descriptor parsed for itself. */
static void check_branch(const struct book *book, const struct book_branch *branch,
                         const char *descriptor_text, uint32_t end)
{
    struct err err = {0};
    struct descriptor *descriptor;
    test_ok(descriptor_parse(&descriptor, main_params(), descriptor_text, &err), &err);
    struct arena arena = {0};
    struct buf fresh = buf_with_max(SCRIPT_SIZE_MAX);
    for (uint32_t index = 0; index < end; index++) {
        struct bytes *scripts;
        size_t count;
        assert_true(book_branch_scripts(&scripts, &count, book, branch, index, &arena));
        assert_int_equal(count, descriptor_script_count(descriptor));
        for (uint32_t i = 0; i < count; i++) {
            buf_reset(&fresh);
            assert_true(descriptor_script(&fresh, descriptor, branch->branch, index, i));
            assert_true(bytes_equal(buf_bytes(&fresh), scripts[i]));
        }
        arena_reset(&arena);
    }
    buf_free(&fresh);
    arena_free(&arena);
    descriptor_free(descriptor);
}

/* Enough scripts for several threads; ranges that end inside a thread's share. */
static void test_threads(void **state)
{
    (void)state;
    static const char *const texts[] = {"combo(" XPUB "/7/*)",
                                        "wsh(multi(1," XPUB "/0/*," XPUB "/1/*))",
                                        "multi(1," XPUB "/3/*," XPUB "/4/*)"};
    struct book *book =
        book_of(BOOK(WALLET_MORE("a", "[\"combo(" XPUB "/7/*)\"]", ",\"range\":65") "," WALLET_MORE(
            "b", "[\"wsh(multi(1," XPUB "/0/*," XPUB "/1/*))\"]",
            ",\"range\":63") "," WALLET_MORE("c", "[\"multi(1," XPUB "/3/*," XPUB "/4/*)\"]",
                                             ",\"range\":128")));
    size_t count;
    const struct book_branch *branches = book_branches(book, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++)
        check_branch(book, &branches[i], texts[i], branches[i].first_count + 2);
    book_free(book);
}

static void test_closure(void **state)
{
    (void)state;
    struct book *book = book_of(BOOK(
        WALLET_MORE("a", "[\"" ZPUB "\",\"addr(" ADDRESS_1 ")\"]", ",\"range\":10,\"gap\":5")));
    size_t count;
    const struct book_branch *branches = book_branches(book, &count);
    assert_int_equal(book_branch_closure(book, &branches[0], false, 0), 10);
    assert_int_equal(book_branch_closure(book, &branches[0], true, 0), 10);
    assert_int_equal(book_branch_closure(book, &branches[0], true, 4), 10);
    assert_int_equal(book_branch_closure(book, &branches[0], true, 5), 11);
    assert_int_equal(book_branch_closure(book, &branches[0], true, 9), 15);
    assert_int_equal(book_branch_closure(book, &branches[0], true, 0x7fffffff), 0x80000000);
    assert_int_equal(book_branch_closure(book, &branches[0], true, 0x7ffffff0), 0x7ffffff6);
    assert_int_equal(book_branch_closure(book, &branches[2], true, 0), 1);
    assert_int_equal(book_branch_closure(book, &branches[2], false, 0), 1);
    book_free(book);
}

/* The ceilings hold before anything is made: these books are refused at once. */
static void test_too_many(void **state)
{
    (void)state;
    refused(BOOK(WALLET_MORE("a", "[\"wpkh(" XPUB "/<0;1;2;3;4>/*)\"]", ",\"range\":1000000")),
            "wallet \"a\": the book's ranges give more than 4000000 scripts");
    refused(BOOK(WALLET_MORE("a", "[\"multi(1," XPUB "/0/*," XPUB "/1/*," XPUB "/2/*)\"]",
                             ",\"range\":1000000") "," WALLET_MORE("b",
                                                                   "[\"multi(1," XPUB "/4/*," XPUB
                                                                   "/5/*," XPUB "/6/*)\"]",
                                                                   ",\"range\":1000000")),
            "wallet \"b\": the book's ranges give more than 4000000 scripts or 201326592 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_addresses), cmocka_unit_test(test_ends),
        cmocka_unit_test(test_threads),         cmocka_unit_test(test_closure),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
