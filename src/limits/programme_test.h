/* What the tests of programmes share: a whole programme, and copies of it in which one member
 * is another. JSON is written with ' for ", so that it can be read. */
#ifndef SANAD_PROGRAMME_TEST_H
#define SANAD_PROGRAMME_TEST_H

#include "limits/limits_priv.h"

#include "support.h"

#include <stdlib.h>

#define HASH_TEXT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char whole_text[] =
    "{'programme':'xs-2025','nation':'XS','simulated':true,"
    " 'name':{'en':'SIMULATED','es':'SIMULADO','ur':'فرضی'},"
    " 'timezone':'Etc/GMT+6','utc_offset_minutes':-360,'reporting':{'lag_days':3},"
    " 'size':{'unit':'USD','value':140000000000,'source':'board'},"
    " 'sources':[{'id':'board','title':'Memorandum','url':'https://example.org/a',"
    "             'date':'2025-02-26','sha256':'" HASH_TEXT "'},"
    "            {'id':'review','title':'Review'}],"
    " 'assumptions':[{'id':'net-stock','text':{'en':'net','es':'neto'}},"
    "                {'id':'zone','text':{'en':'local days'}}],"
    " 'perimeters':{'public':{'sectors':['S13','S11001'],'holder_sectors':['S13']},"
    "               'till':{'entities':['bank'],'except_entities':['port'],'classes':['till']},"
    "               'all':{}},"
    " 'exchange_rates':[{'from':'USD','to':'PKR','numerator':27870,'denominator':100,"
    "                    'source':'board'}],"
    " 'versions':["
    "  {'version':'first','from':'2025-02-26','until':'2025-07-25','known':'2025-03-01',"
    "   'source':'board','criteria':["
    "    {'id':'net','name':{'en':'Net'},'kind':'performance-criterion','continuity':'continuous',"
    "     'unit':'BTC','quantity':{'change':{'difference':["
    "       {'difference':[{'balance':{'perimeter':'public'}},"
    "                      {'liabilities':{'perimeter':'public','max_age_days':35}}]},"
    "       {'held_from':{'perimeter':'public','meanings':['seizure','custody'],"
    "                     'mixing':'fifo'}}]}},"
    "     'ceiling':0,'base_date':'2025-01-31',"
    "     'test_dates':['2025-03-31',{'date':'2025-06-30','limit':500}],"
    "     'adjustors':[{'id':'gift','quantity':{'constant':{'unit':'BTC','value':7}},"
    "                   'direction':'up','cap':1000,'source':'review'},"
    "                  {'id':'down','quantity':{'change':{'balance':{'perimeter':'all'}}},"
    "                   'direction':'down','cap':null,'source':'board'}],"
    "     'buffer':500000000,"
    "     'waivers':[{'from':'2025-07-04','until':'2025-07-04','granted':'2025-09-01',"
    "                 'document_sha256':'" HASH_TEXT "','source':'review'}],"
    "     'assumptions':['zone','net-stock'],'reading':'net stock'},"
    "    {'id':'audit','name':{'en':'Audit'},'kind':'structural-benchmark',"
    "     'action':{'due':'2025-12-31','status':'done','on':'2025-11-20','source':'review'}}]},"
    "  {'version':'second','from':'2025-07-25','until':null,'source':'review','criteria':["
    "    {'id':'reserves','name':{'en':'Reserves'},'kind':'indicative-target',"
    "     'continuity':'end-period','unit':'USD','floor':-5,'test_dates':['2025-12-31'],"
    "     'quantity':{'series':{'name':'reserves','unit':'USD'}}}]}]}";

/* ' to "; the caller frees. */
static inline char *quoted(const char *text)
{
    char *copy = mem_strdup(text);
    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    return copy;
}

/* The caller has the reference. */
static inline json_t *json_of(const char *text)
{
    char *copy = quoted(text);
    json_t *json = json_loads(copy, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    free(copy);
    return json;
}

/* Sets the member at "versions/0/criteria/1/kind"; NULL takes it away; a last "+" appends. */
static inline void json_put(json_t *json, const char *path, json_t *value)
{
    char part[64];
    const char *slash;
    while ((slash = strchr(path, '/'))) {
        (void)snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        json = json_is_array(json) ? json_array_get(json, (size_t)(part[0] - '0'))
                                   : json_object_get(json, part);
        assert_non_null(json);
        path = slash + 1;
    }
    if (strcmp(path, "+") == 0)
        assert_int_equal(json_array_append_new(json, value), 0);
    else if (json_is_array(json))
        assert_int_equal(json_array_set_new(json, (size_t)(path[0] - '0'), value), 0);
    else if (value)
        assert_int_equal(json_object_set_new(json, path, value), 0);
    else
        assert_int_equal(json_object_del(json, path), 0);
}

/* Takes the reference; the caller frees the programme, NULL where refused. */
static inline struct programme *programme_try(json_t *json, struct err *err, int *ret_code)
{
    struct programme *programme = NULL;
    char *text = json_dumps(json, 0);
    assert_non_null(text);
    *ret_code = programme_read(&programme, "p.json", bytes_of_text(text), err);
    free(text);
    json_decref(json);
    return programme;
}

/* The whole programme, but one member of it. `value` NULL: without it. */
static inline json_t *whole_but(const char *path, const char *value)
{
    json_t *json = json_of(whole_text);
    if (path)
        json_put(json, path, value ? json_of(value) : NULL);
    return json;
}

static inline struct programme *accepted(const char *path, const char *value)
{
    struct err err = {0};
    int code;
    struct programme *programme = programme_try(whole_but(path, value), &err, &code);
    test_ok(code, &err);
    return programme;
}

static inline void refused_json(json_t *json, const char *part)
{
    struct err err = {0};
    int code;
    struct programme *programme = programme_try(json, &err, &code);
    test_refused(code, SANAD_REFUSED, &err, part);
    assert_null(programme);
    assert_null(strchr(err.text, '\n'));
}

static inline void refused(const char *path, const char *value, const char *part)
{
    refused_json(whole_but(path, value), part);
}

/* One refusal: which member is what, and a part of the sentence. */
struct refusal {
    const char *path;
    const char *value;
    const char *part;
};
#define REFUSED_ALL(list)                                                                          \
    for (size_t refusal_i = 0; refusal_i < countof(list); refusal_i++)                             \
    refused((list)[refusal_i].path, (list)[refusal_i].value, (list)[refusal_i].part)

#endif
