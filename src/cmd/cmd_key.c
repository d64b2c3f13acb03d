/* `sanad key new|show`: role keys, sealed with a passphrase. */
#include "cmd/cmd.h"
#include "stmt/stmt.h"

static int key_type(uint8_t *ret_type, const struct cmd_args *args, struct err *err)
{
    const char *type = cmd_value(args, "--type");
    if (type && strcmp(type, "role") != 0 && strcmp(type, "cosigner") != 0)
        return err_set(err, SANAD_USAGE, "--type: %s: not role or cosigner", type);
    *ret_type = type && type[0] == 'c' ? NOTE_KEY_TYPE_COSIGNATURE : NOTE_KEY_TYPE_ED25519;
    return 0;
}

static int key_new(const struct cmd_args *args, const char *path, struct err *err)
{
    const char *name;
    uint8_t type;
    struct buf passphrase = {0};
    struct role_key key;
    int code = cmd_required(&name, args, "--name", err);
    if (code == 0)
        code = key_type(&type, args, err);
    if (code == 0)
        code = cmd_passphrase(&passphrase, args, err);
    if (code)
        return code;
    code = role_key_new_as(&key, name, type, NULL, err);
    if (code == 0) {
        enum secret_cost cost =
            cmd_flag(args, "--fast") ? SECRET_COST_INTERACTIVE : SECRET_COST_SENSITIVE;
        code = role_key_write(&key, path, buf_cstr(&passphrase), cost, err);
        role_key_wipe(&key);
    }
    secret_wipe(passphrase.data, passphrase.size);
    buf_free(&passphrase);
    return code;
}

static int key_show(const struct cmd_args *args, const char *path, struct err *err)
{
    struct note_key key;
    struct buf vkey = buf_with_max(1024);
    int code = role_key_public(&key, path, err);
    if (code)
        return code;
    note_vkey_write(&vkey, &key);
    if (cmd_flag(args, "--json"))
        code =
            cmd_print_json(json_pack("{s:s, s:s}", "name", key.name, "vkey", buf_cstr(&vkey)), err);
    else
        (void)puts(buf_cstr(&vkey));
    buf_free(&vkey);
    return code;
}

static int key_verb(const struct cmd_args *args, struct err *err)
{
    size_t count;
    const char *const *words = cmd_words(args, &count);
    if (count != 2 || (strcmp(words[0], "new") != 0 && strcmp(words[0], "show") != 0))
        return err_set(err, SANAD_USAGE,
                       "sanad key: say `key new FILE --name NAME` or `key show FILE`");
    if (strcmp(words[0], "show") == 0)
        return key_show(args, words[1], err);
    int code = key_new(args, words[1], err);
    return code ? code : key_show(args, words[1], err);
}

static const struct cmd_option options[] = {
    {"--name", "NAME", "the key's name: a domain, the role, a number (xs.example/reserve/k1)"},
    {"--type", "TYPE", "role (default), or cosigner: of a witness or a mirror"},
    {"--passphrase-file", "FILE", "the passphrase, one line; else SANAD_PASSPHRASE"},
    {"--fast", NULL, "cheaper sealing, for tests and simulated nations"},
    {NULL, NULL, NULL},
};

const struct cmd_verb cmd_key = {
    .name = "key",
    .summary = "role keys, encrypted at rest",
    .usage = "new FILE --name NAME [--type cosigner] [--passphrase-file FILE] | show FILE",
    .options = options,
    .run = key_verb,
};
