/* The public form of a book: wallets that are not public keep their place and their class,
 * and a salted commitment stands where the descriptors were. Addresses can be guessed, so
 * an unsalted hash would leak them. */
#include "book/book_priv.h"

void book_wallet_salt(struct hash256 *ret_salt, struct bytes salt_secret, const char *wallet_id)
{
    struct sha256 hash;
    sha256_init(&hash);
    sha256_add(&hash, bytes_of_text("sanad/salt/v1\n"));
    sha256_add(&hash, salt_secret);
    sha256_add(&hash, bytes_of_text(wallet_id));
    sha256_final(ret_salt, &hash);
}

int book_wallet_commitment(struct hash256 *ret_commitment, const json_t *wallet,
                           const struct hash256 *salt, struct err *err)
{
    struct buf canonical = buf_with_max(BOOK_SIZE_MAX);
    int code = json_canonical(&canonical, wallet, err);
    if (code == 0) {
        struct sha256 hash;
        sha256_init(&hash);
        sha256_add(&hash, bytes_of_text("sanad/sealed-wallet/v1\n"));
        sha256_add(&hash, bytes_of(salt->b, sizeof salt->b));
        sha256_add(&hash, buf_bytes(&canonical));
        sha256_final(ret_commitment, &hash);
    }
    buf_free(&canonical);
    return code;
}

/* What of a restricted wallet everyone may know. */
static int wallet_public(json_t **ret_json, const struct wallet *wallet, const json_t *whole,
                         struct bytes salt_secret, struct err *err)
{
    static const char *const kept[] = {"id", "entity", "class", "control", "visibility"};
    struct hash256 salt;
    struct hash256 commitment;
    char text[HEX256_SIZE];
    book_wallet_salt(&salt, salt_secret, wallet->id);
    int code = book_wallet_commitment(&commitment, whole, &salt, err);
    if (code)
        return code;
    json_t *json = json_object();
    for (size_t i = 0; i < countof(kept); i++)
        (void)json_object_set(json, kept[i], json_object_get(whole, kept[i]));
    hash256_straight(text, &commitment);
    (void)json_object_set_new(json, "commitment", json_string(text));
    *ret_json = json;
    return 0;
}

int book_public_json(json_t **ret_json, const struct book *book, struct bytes salt_secret,
                     struct err *err)
{
    if (salt_secret.size < BOOK_SALT_SECRET_MIN)
        return err_set(err, SANAD_REFUSED, "salt secret: under %d bytes", BOOK_SALT_SECRET_MIN);
    json_t *json = json_copy((json_t *)book->json);
    json_t *wallets = json_array();
    (void)json_object_set_new(json, "wallets", wallets);
    int code = 0;
    for (size_t i = 0; i < book->wallet_count && code == 0; i++) {
        const struct wallet *wallet = &book->wallets[i];
        json_t *whole = json_array_get(json_object_get(book->json, "wallets"), i);
        json_t *shown = NULL;
        if (wallet->visibility == VISIBILITY_PUBLIC || wallet->commitment)
            shown = json_incref(whole);
        else
            code = wallet_public(&shown, wallet, whole, salt_secret, err);
        if (code == 0)
            (void)json_array_append_new(wallets, shown);
    }
    if (code)
        json_decref(json);
    else
        *ret_json = json;
    return code;
}
