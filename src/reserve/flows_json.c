/* Flows as JSON and as CSV that opens in a spreadsheet. */
#include "reserve/reserve_priv.h"

static json_t *flow_wallets_json(const struct flows *flows, const struct flow *flow)
{
    json_t *list = json_array();
    for (size_t i = 0; i < flow->wallet_count; i++) {
        json_t *entry = json_object();
        json_object_set_new(entry, "id",
                            json_string(flows->book->wallets[flow->wallets[i].wallet].id));
        json_object_set_new(entry, "in_sat", amount_json(flow->wallets[i].in));
        json_object_set_new(entry, "out_sat", amount_json(flow->wallets[i].out));
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *declared_json(const struct flow *flow)
{
    if (!flow->declared)
        return json_null();
    json_t *json = json_object();
    json_object_set_new(json, "kind", json_string(flow->declared->kind));
    json_object_set_new(json, "document_sha256", json_hash_straight(&flow->declared->document));
    return json;
}

static json_t *round_trip_json(const struct flows *flows, const struct flow *flow)
{
    if (flow->round_trip == SIZE_MAX)
        return json_null();
    const struct flow *other = &flows->list[flow->round_trip];
    json_t *json = json_object();
    json_object_set_new(json, "possible", json_true());
    json_object_set_new(json, "txid", json_hash_display(&other->txid));
    json_object_set_new(json, "height", json_integer(other->height));
    json_object_set_new(json, "net_sat", amount_json(other->net));
    return json;
}

static json_t *possible_json(const struct flow *flow)
{
    json_t *list = json_array();
    for (size_t i = 0; i < flow->possible_count; i++) {
        const struct possible_own *possible = &flow->possible[i];
        char script[2 * SCRIPT_SIZE_MAX + 1];
        json_t *entry = json_object();
        json_object_set_new(entry, "heuristic", json_string(possible->heuristic));
        if (possible->script.size <= SCRIPT_SIZE_MAX) {
            hex_encode(script, possible->script);
            json_object_set_new(entry, "script", json_string(script));
        }
        json_object_set_new(entry, "value_sat", amount_json(possible->value));
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *parties_json(const struct flow *flow)
{
    json_t *list = json_array();
    for (size_t i = 0; i < flow->party_count; i++) {
        json_t *entry = json_object();
        json_object_set_new(entry, "label", json_string(flow->parties[i].label));
        json_object_set_new(entry, "in_sat", amount_json(flow->parties[i].in));
        json_object_set_new(entry, "out_sat", amount_json(flow->parties[i].out));
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *flow_json(const struct flows *flows, const struct flow *flow)
{
    json_t *json = json_object();
    json_object_set_new(json, "txid", json_hash_display(&flow->txid));
    json_object_set_new(json, "height", json_integer(flow->height));
    json_object_set_new(json, "block_hash", json_hash_display(&flow->block_hash));
    json_object_set_new(json, "time", json_time(flow->time));
    json_object_set_new(json, "class", json_string(flow_class_name(flow->class_)));
    json_object_set_new(json, "own_in_sat", amount_json(flow->own_in));
    json_object_set_new(json, "own_out_sat", amount_json(flow->own_out));
    json_object_set_new(json, "foreign_in_sat", amount_json(flow->foreign_in));
    json_object_set_new(json, "foreign_out_sat", amount_json(flow->foreign_out));
    json_object_set_new(json, "fee_sat", amount_json(flow->fee));
    json_object_set_new(json, "net_sat", amount_json(flow->net));
    json_object_set_new(json, "wallets", flow_wallets_json(flows, flow));
    json_object_set_new(json, "declared", declared_json(flow));
    json_object_set_new(json, "round_trip", round_trip_json(flows, flow));
    if (flow->possible)
        json_object_set_new(json, "possible_own", possible_json(flow));
    if (flow->parties)
        json_object_set_new(json, "counterparties", parties_json(flow));
    return json;
}

static json_t *conservation_json(const struct conservation *sum)
{
    json_t *json = json_object();
    json_object_set_new(json, "opening_sat", amount_json(sum->opening));
    json_object_set_new(json, "entered_sat", amount_json(sum->entered));
    json_object_set_new(json, "received_sat", amount_json(sum->received));
    json_object_set_new(json, "sent_sat", amount_json(sum->sent));
    json_object_set_new(json, "fees_sat", amount_json(sum->fees));
    json_object_set_new(json, "left_sat", amount_json(sum->left));
    json_object_set_new(json, "closing_sat", amount_json(sum->closing));
    json_object_set_new(json, "holds", json_boolean(sum->holds));
    return json;
}

json_t *flows_json(const struct flows *flows)
{
    json_t *json = json_object();
    json_object_set_new(json, "chain", json_string(flows->params->name));
    json_object_set_new(json, "nation", json_string(flows->book->nation));
    json_object_set_new(json, "simulated", json_boolean(flows->book->simulated));
    json_object_set_new(json, "from", json_integer(flows->from));
    json_object_set_new(json, "to", json_integer(flows->to));
    json_object_set_new(json, "to_block_hash", json_hash_display(&flows->to_hash));
    json_object_set_new(json, "grade", json_string(grade_name(flows->grade)));
    json_object_set_new(json, "complete", json_boolean(flows->complete));
    json_object_set_new(json, "book_sha256", json_hash_straight(&flows->book->sha256));
    if (flows->first_height > 0)
        json_object_set_new(json, "from_height", json_integer(flows->first_height));
    json_t *list = json_array();
    for (size_t i = 0; i < flows->count; i++)
        json_array_append_new(list, flow_json(flows, &flows->list[i]));
    json_object_set_new(json, "flows", list);
    json_object_set_new(json, "conservation", conservation_json(&flows->conservation));
    return json;
}

static void csv_amount(struct buf *buf, struct amount a)
{
    if (amount_is_known(a))
        buf_format(buf, ",%lld", (long long)amount_minor(a));
    else
        buf_text(buf, ",");
}

static void csv_row(struct buf *buf, const struct flows *flows, const struct flow *flow)
{
    char txid[HEX256_SIZE];
    char time[TIME_TEXT_SIZE];
    hash256_display(txid, &flow->txid);
    time_format(time, flow->time);
    buf_format(buf, "%s%s,%u,%s,%s", flows->book->simulated ? "SIMULATED," : "", txid, flow->height,
               time, flow_class_name(flow->class_));
    csv_amount(buf, flow->own_in);
    csv_amount(buf, flow->own_out);
    csv_amount(buf, flow->foreign_in);
    csv_amount(buf, flow->foreign_out);
    csv_amount(buf, flow->fee);
    csv_amount(buf, flow->net);
    buf_text(buf, ",");
    csv_write_foreign(buf, flow->declared ? flow->declared->kind : "unclassified");
    buf_text(buf, ",");
    struct buf names = buf_with_max(1 << 20);
    for (size_t i = 0; i < flow->wallet_count; i++)
        buf_format(&names, "%s%s", i ? " " : "", flows->book->wallets[flow->wallets[i].wallet].id);
    csv_write_foreign(buf, buf_cstr(&names));
    buf_free(&names);
    buf_text(buf, "\r\n");
}

void flows_csv(struct buf *buf, const struct flows *flows)
{
    buf_format(buf,
               "%stxid,height,time,class,own_in_sat,own_out_sat,foreign_in_sat,foreign_out_sat,"
               "fee_sat,net_sat,declared,wallets\r\n",
               flows->book->simulated ? "simulated," : "");
    for (size_t i = 0; i < flows->count; i++)
        csv_row(buf, flows, &flows->list[i]);
}
