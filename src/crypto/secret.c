/* Keys at rest: sealed under a passphrase. The costs of the key derivation stand in the
 * sealed form, so that they can be raised later; they come from outside, so they are
 * bounded before any memory is taken. */
#include "crypto/crypto_priv.h"

#include <sodium.h>
#include <stdlib.h>

enum {
    SALT_SIZE = crypto_pwhash_SALTBYTES,
    NONCE_SIZE = crypto_secretbox_NONCEBYTES,
    MAC_SIZE = crypto_secretbox_MACBYTES,
    KEY_SIZE = crypto_secretbox_KEYBYTES,
    MAGIC_SIZE = 3,
    HEAD_SIZE = MAGIC_SIZE + 4 + 4 + SALT_SIZE + NONCE_SIZE,
    SECRET_SIZE_MAX = 65536,
    PASSPHRASE_SIZE_MAX = 1024,
    OPSLIMIT_MAX = 16, /* four times what SECRET_COST_SENSITIVE asks for */
    MEMLIMIT_KIB_MIN = 8,
    MEMLIMIT_KIB_MAX = 1 << 20,
};

_Static_assert(SALT_SIZE == 16 && NONCE_SIZE == 24 && MAC_SIZE == 16, "the form in crypto.h");
_Static_assert(crypto_pwhash_argon2id_MEMLIMIT_MIN == MEMLIMIT_KIB_MIN * 1024, "Argon2's own");

static const char magic[MAGIC_SIZE + 1] = "SK1";

/* What stands before the box. */
struct head {
    uint32_t opslimit;
    uint32_t memlimit_kib;
    uint8_t salt[SALT_SIZE];
    uint8_t nonce[NONCE_SIZE];
};

static int key_derive(uint8_t ret_key[KEY_SIZE], const struct head *head, const char *passphrase,
                      struct err *err)
{
    size_t size = strlen(passphrase);
    sodium_ready();
    if (size == 0 || size > PASSPHRASE_SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "passphrase: 1 to %d bytes", PASSPHRASE_SIZE_MAX);
    if (crypto_pwhash(ret_key, KEY_SIZE, passphrase, size, head->salt, head->opslimit,
                      (size_t)head->memlimit_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return err_set(err, SANAD_ENVIRONMENT, "sealed secret: %u KiB of memory are needed",
                       head->memlimit_kib);
    return 0;
}

static struct head head_new(enum secret_cost cost)
{
    bool sensitive = cost == SECRET_COST_SENSITIVE;
    struct head head = {
        .opslimit = sensitive ? crypto_pwhash_argon2id_OPSLIMIT_SENSITIVE
                              : crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
        .memlimit_kib = (sensitive ? crypto_pwhash_argon2id_MEMLIMIT_SENSITIVE
                                   : crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE) /
                        1024,
    };
    random_bytes(head.salt, sizeof head.salt);
    random_bytes(head.nonce, sizeof head.nonce);
    return head;
}

int secret_seal(struct buf *buf, struct bytes secret, const char *passphrase, enum secret_cost cost,
                struct err *err)
{
    struct head head = head_new(cost);
    uint8_t key[KEY_SIZE];
    if (secret.size > SECRET_SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "secret: at most %d bytes", SECRET_SIZE_MAX);
    int code = key_derive(key, &head, passphrase, err);
    if (code != 0)
        return code;
    uint8_t *at = buf_extend(buf, HEAD_SIZE + MAC_SIZE + secret.size);
    if (at) {
        memcpy(at, magic, MAGIC_SIZE);
        memcpy(at + 3, &head.opslimit, 4);
        memcpy(at + 7, &head.memlimit_kib, 4);
        memcpy(at + 11, head.salt, SALT_SIZE);
        memcpy(at + 27, head.nonce, NONCE_SIZE);
        (void)crypto_secretbox_easy(at + HEAD_SIZE, secret.data, secret.size, head.nonce,
                                    key); /* always 0 */
    }
    secret_wipe(key, sizeof key);
    return at ? 0 : err_set(err, SANAD_REFUSED, "sealed secret: the buffer is too small");
}

/* Reads and bounds the head; what is left in the cursor is the box. */
static int head_read(struct head *ret_head, struct cursor *cursor, struct err *err)
{
    struct bytes start = cursor_take(cursor, MAGIC_SIZE);
    struct head head;
    head.opslimit = cursor_le32(cursor);
    head.memlimit_kib = cursor_le32(cursor);
    struct bytes salt = cursor_take(cursor, SALT_SIZE);
    struct bytes nonce = cursor_take(cursor, NONCE_SIZE);
    if (cursor->bad || !bytes_equal(start, bytes_of(magic, MAGIC_SIZE)))
        return err_set(err, SANAD_REFUSED, "sealed secret: does not begin as one");
    if (cursor_left(cursor) < MAC_SIZE || cursor_left(cursor) > MAC_SIZE + SECRET_SIZE_MAX)
        return err_set(err, SANAD_REFUSED, "sealed secret: holds 0 to %d bytes", SECRET_SIZE_MAX);
    if (head.opslimit < 1 || head.opslimit > OPSLIMIT_MAX)
        return err_set(err, SANAD_REFUSED, "sealed secret: asks for %u passes, 1 to %d are allowed",
                       head.opslimit, OPSLIMIT_MAX);
    if (head.memlimit_kib < MEMLIMIT_KIB_MIN || head.memlimit_kib > MEMLIMIT_KIB_MAX)
        return err_set(err, SANAD_REFUSED, "sealed secret: asks for %u KiB, %d to %d are allowed",
                       head.memlimit_kib, MEMLIMIT_KIB_MIN, MEMLIMIT_KIB_MAX);
    memcpy(head.salt, salt.data, SALT_SIZE);
    memcpy(head.nonce, nonce.data, NONCE_SIZE);
    *ret_head = head;
    return 0;
}

/* Opens the box into `buf`. */
static int box_open(struct buf *buf, struct bytes box, const struct head *head,
                    const uint8_t key[KEY_SIZE], struct err *err)
{
    size_t size = box.size - MAC_SIZE;
    uint8_t *secret = mem_alloc(size + 1); /* never of size 0 */
    int code = 0;
    if (crypto_secretbox_open_easy(secret, box.data, box.size, head->nonce, key) != 0) {
        code = err_set(err, SANAD_FALSE, "sealed secret: wrong passphrase, or it was changed");
    } else {
        buf_add(buf, bytes_of(secret, size));
        if (buf->bad)
            code = err_set(err, SANAD_REFUSED, "sealed secret: the buffer is too small");
    }
    secret_wipe(secret, size);
    free(secret);
    return code;
}

int secret_open(struct buf *buf, struct bytes sealed, const char *passphrase, struct err *err)
{
    struct cursor cursor = cursor_of(sealed);
    struct head head;
    uint8_t key[KEY_SIZE];
    int code = head_read(&head, &cursor, err);
    if (code == 0)
        code = key_derive(key, &head, passphrase, err);
    if (code != 0)
        return code;
    code = box_open(buf, cursor_take(&cursor, cursor_left(&cursor)), &head, key, err);
    secret_wipe(key, sizeof key);
    return code;
}
