/* Verdicts and changes in plain words, in English, Spanish and Urdu. Sentences are templates with
 * numbered places, so that each language keeps its own order. */
#include "limits/limits_priv.h"

/* ---- words -------------------------------------------------------------------------------------
 */

enum word {
    WORD_NET_POSITION,
    WORD_ACQUISITIONS,
    WORD_FIGURE,
    WORD_ON_DAY,  /* {0} day */
    WORD_BETWEEN, /* {0} first day, {1} last day */
    WORD_OWED_FELL,
    WORD_OWED_ROSE,
    WORD_OWED_BY, /* {0} debtor */
    WORD_NO_SALE,
    WORD_ADDED, /* {0} when, {1} reason, {2} amount */
    WORD_TOOK,
    WORD_ROSE, /* {0} subject, {1} by, {2} to */
    WORD_FELL,
    WORD_STAYED,  /* {0} subject, {1} value, {2} when */
    WORD_NOTHING, /* {0} when */
    WORD_ALSO,    /* {0} list */
    WORD_REST,
    WORD_UNDECIDED, /* {0} why */
    WORD_MET,       /* {0} value, {1} bound, {2} headroom */
    WORD_NOT_MET,   /* {0} value, {1} bound, {2} by how much */
    WORD_CEILING,   /* {0} limit */
    WORD_FLOOR,
    WORD_WARNING,    /* {0} buffer */
    WORD_BROKEN,     /* {0} first day */
    WORD_WAS_BROKEN, /* {0} first day, {1} day met again */
    WORD_WAIVED,     /* {0} day granted */
    WORD_CHANGED,    /* {0} verdict as reported */
    WORD_PRELIMINARY,
    WORD_SO_FAR,
    WORD_DONE,
    WORD_NOT_DONE,
    WORD_COUNT
};

static const char *const words[LANGUAGE_COUNT][WORD_COUNT] = {
    [LANGUAGE_EN] =
        {
            [WORD_NET_POSITION] = "the net position",
            [WORD_ACQUISITIONS] = "acquisitions",
            [WORD_FIGURE] = "the figure",
            [WORD_ON_DAY] = "on {0}",
            [WORD_BETWEEN] = "from {0} to {1}",
            [WORD_OWED_FELL] = "Client liabilities{1} fell by {2} {0}",
            [WORD_OWED_ROSE] = "Client liabilities{1} rose by {2} {0}",
            [WORD_OWED_BY] = " of {0}",
            [WORD_NO_SALE] = " and no coins were sold",
            [WORD_ADDED] = "{2} came {0}: {1}",
            [WORD_TOOK] = "{2} went {0}: {1}",
            [WORD_ROSE] = "; {0} rose by {1} to {2}.",
            [WORD_FELL] = "; {0} fell by {1} to {2}.",
            [WORD_STAYED] = "{0} stayed at {1} {2}.",
            [WORD_NOTHING] = "No reason is on record {0}",
            [WORD_ALSO] = " Also: {0}.",
            [WORD_REST] = "not told by any record",
            [WORD_UNDECIDED] = "Undecided: {0}.",
            [WORD_MET] = "{0} against {1}: {2} to spare.",
            [WORD_NOT_MET] = "{0} against {1}: broken by {2}.",
            [WORD_CEILING] = "a ceiling of {0}",
            [WORD_FLOOR] = "a floor of {0}",
            [WORD_WARNING] = " The headroom is within the buffer of {0}.",
            [WORD_BROKEN] = " Broken since {0}.",
            [WORD_WAS_BROKEN] = " Broken from {0}, met again on {1}.",
            [WORD_WAIVED] = " A waiver of {0} covers it.",
            [WORD_CHANGED] = " Possible misreporting: as reported it was {0}.",
            [WORD_PRELIMINARY] = " No test date is reached yet.",
            [WORD_SO_FAR] = " The day is not over.",
            [WORD_DONE] = "Done in time.",
            [WORD_NOT_DONE] = "Not done in time.",
        },
    [LANGUAGE_ES] =
        {
            [WORD_NET_POSITION] = "la posición neta",
            [WORD_ACQUISITIONS] = "las adquisiciones",
            [WORD_FIGURE] = "la cifra",
            [WORD_ON_DAY] = "el {0}",
            [WORD_BETWEEN] = "del {0} al {1}",
            [WORD_OWED_FELL] = "Los pasivos con clientes{1} bajaron en {2} {0}",
            [WORD_OWED_ROSE] = "Los pasivos con clientes{1} subieron en {2} {0}",
            [WORD_OWED_BY] = " de {0}",
            [WORD_NO_SALE] = " y no se vendió ninguna moneda",
            [WORD_ADDED] = "Entraron {2} {0}: {1}",
            [WORD_TOOK] = "Salieron {2} {0}: {1}",
            [WORD_ROSE] = "; {0} subió en {1} hasta {2}.",
            [WORD_FELL] = "; {0} bajó en {1} hasta {2}.",
            [WORD_STAYED] = "{0} se mantuvo en {1} {2}.",
            [WORD_NOTHING] = "No consta ningún motivo {0}",
            [WORD_ALSO] = " Además: {0}.",
            [WORD_REST] = "sin registro que lo explique",
            [WORD_UNDECIDED] = "Sin decidir: {0}.",
            [WORD_MET] = "{0} frente a {1}: quedan {2} de margen.",
            [WORD_NOT_MET] = "{0} frente a {1}: incumplido por {2}.",
            [WORD_CEILING] = "un techo de {0}",
            [WORD_FLOOR] = "un piso de {0}",
            [WORD_WARNING] = " El margen está dentro del colchón de {0}.",
            [WORD_BROKEN] = " Incumplido desde el {0}.",
            [WORD_WAS_BROKEN] = " Incumplido desde el {0}; cumplido de nuevo el {1}.",
            [WORD_WAIVED] = " Lo cubre una dispensa del {0}.",
            [WORD_CHANGED] = " Posible declaración inexacta: según lo informado era {0}.",
            [WORD_PRELIMINARY] = " Aún no se alcanza ninguna fecha de prueba.",
            [WORD_SO_FAR] = " El día no ha terminado.",
            [WORD_DONE] = "Hecho a tiempo.",
            [WORD_NOT_DONE] = "No hecho a tiempo.",
        },
    [LANGUAGE_UR] =
        {
            [WORD_NET_POSITION] = "خالص پوزیشن",
            [WORD_ACQUISITIONS] = "خریداری",
            [WORD_FIGURE] = "عدد",
            [WORD_ON_DAY] = "{0} کو",
            [WORD_BETWEEN] = "{0} سے {1} تک",
            [WORD_OWED_FELL] = "{0}{1} گاہکوں کے واجبات {2} کم ہوئے",
            [WORD_OWED_ROSE] = "{0}{1} گاہکوں کے واجبات {2} بڑھے",
            [WORD_OWED_BY] = " {0} کے",
            [WORD_NO_SALE] = " اور کوئی سکہ فروخت نہیں ہوا",
            [WORD_ADDED] = "{0} {2} آئے: {1}",
            [WORD_TOOK] = "{0} {2} گئے: {1}",
            [WORD_ROSE] = "؛ {0} میں {1} کا اضافہ ہوا، اب {2} ہے۔",
            [WORD_FELL] = "؛ {0} میں {1} کی کمی ہوئی، اب {2} ہے۔",
            [WORD_STAYED] = "{2} {0} {1} پر قائم رہا۔",
            [WORD_NOTHING] = "{0} کوئی وجہ درج نہیں",
            [WORD_ALSO] = " مزید: {0}۔",
            [WORD_REST] = "جس کی وضاحت کسی ریکارڈ میں نہیں",
            [WORD_UNDECIDED] = "غیر طے شدہ: {0}۔",
            [WORD_MET] = "{1} کے مقابل {0}: {2} کی گنجائش باقی ہے۔",
            [WORD_NOT_MET] = "{1} کے مقابل {0}: {2} سے خلاف ورزی۔",
            [WORD_CEILING] = "{0} کی بالائی حد",
            [WORD_FLOOR] = "{0} کی زیریں حد",
            [WORD_WARNING] = " گنجائش {0} کے حفاظتی حاشیے کے اندر ہے۔",
            [WORD_BROKEN] = " {0} سے خلاف ورزی جاری ہے۔",
            [WORD_WAS_BROKEN] = " {0} سے خلاف ورزی، {1} کو دوبارہ پوری ہوئی۔",
            [WORD_WAIVED] = " {0} کی چھوٹ اس کا احاطہ کرتی ہے۔",
            [WORD_CHANGED] = " ممکنہ غلط اطلاع: رپورٹ کے وقت نتیجہ {0} تھا۔",
            [WORD_PRELIMINARY] = " ابھی کوئی جانچ کی تاریخ نہیں آئی۔",
            [WORD_SO_FAR] = " دن ابھی ختم نہیں ہوا۔",
            [WORD_DONE] = "وقت پر مکمل۔",
            [WORD_NOT_DONE] = "وقت پر مکمل نہیں ہوا۔",
        },
};

static const char *const reason_words[LANGUAGE_COUNT][REASON_KIND_COUNT] = {
    [LANGUAGE_EN] =
        {
            [REASON_PURCHASE] = "declared purchases",
            [REASON_MINED] = "mined coins and pool payouts",
            [REASON_OTHER_IN] = "other declared inflows",
            [REASON_UNCLASSIFIED_IN] = "inflows that nobody explained",
            [REASON_SALE] = "declared sales",
            [REASON_OTHER_OUT] = "other declared outflows",
            [REASON_UNCLASSIFIED_OUT] = "outflows that nobody explained",
            [REASON_FEES] = "fees of own transfers",
            [REASON_WALLETS] = "wallets that began or ceased to count",
            [REASON_LIABILITIES] = "client liabilities",
            [REASON_EXCLUDED] = "excluded coins",
            [REASON_SERIES] = "a declared series",
        },
    [LANGUAGE_ES] =
        {
            [REASON_PURCHASE] = "compras declaradas",
            [REASON_MINED] = "monedas minadas y pagos de un grupo de minería",
            [REASON_OTHER_IN] = "otras entradas declaradas",
            [REASON_UNCLASSIFIED_IN] = "entradas que nadie explicó",
            [REASON_SALE] = "ventas declaradas",
            [REASON_OTHER_OUT] = "otras salidas declaradas",
            [REASON_UNCLASSIFIED_OUT] = "salidas que nadie explicó",
            [REASON_FEES] = "comisiones de traslados propios",
            [REASON_WALLETS] = "billeteras que empezaron o dejaron de contar",
            [REASON_LIABILITIES] = "pasivos con clientes",
            [REASON_EXCLUDED] = "monedas excluidas",
            [REASON_SERIES] = "una serie declarada",
        },
    [LANGUAGE_UR] =
        {
            [REASON_PURCHASE] = "اعلان شدہ خریداری",
            [REASON_MINED] = "کان کنی کے سکے اور پول کی ادائیگیاں",
            [REASON_OTHER_IN] = "دیگر اعلان شدہ آمد",
            [REASON_UNCLASSIFIED_IN] = "آمد جس کی کسی نے وضاحت نہیں کی",
            [REASON_SALE] = "اعلان شدہ فروخت",
            [REASON_OTHER_OUT] = "دیگر اعلان شدہ اخراج",
            [REASON_UNCLASSIFIED_OUT] = "اخراج جس کی کسی نے وضاحت نہیں کی",
            [REASON_FEES] = "اپنی منتقلیوں کی فیس",
            [REASON_WALLETS] = "والٹ جو شمار ہونے لگے یا شمار سے نکلے",
            [REASON_LIABILITIES] = "گاہکوں کے واجبات",
            [REASON_EXCLUDED] = "مستثنیٰ سکے",
            [REASON_SERIES] = "ایک اعلان شدہ سلسلہ",
        },
};

static const char *const verdict_words[LANGUAGE_COUNT][LIMITS_NOT_MET + 1] = {
    [LANGUAGE_EN] = {"met", "undecided", "not met"},
    [LANGUAGE_ES] = {"cumplido", "sin decidir", "no cumplido"},
    [LANGUAGE_UR] = {"پورا", "غیر طے شدہ", "پورا نہیں"},
};

const char *limits_reason_words(enum reason_kind kind, enum limits_language language)
{
    sanad_assert((unsigned)kind < REASON_KIND_COUNT && language < LANGUAGE_COUNT);
    return reason_words[language][kind];
}

const char *limits_verdict_words(enum limits_verdict verdict, enum limits_language language)
{
    sanad_assert(verdict <= LIMITS_NOT_MET && language < LANGUAGE_COUNT);
    return verdict_words[language][verdict];
}

/* ---- templates ---------------------------------------------------------------------------------
 */

enum { PLACE_MAX = 3, PIECE_SIZE = 512 };

/* Fills {0} to {2}. */
static void say(struct buf *buf, enum limits_language language, enum word word,
                const char *const places[PLACE_MAX])
{
    for (const char *at = words[language][word]; *at; at++) {
        if (at[0] == '{' && at[1] >= '0' && at[1] < '0' + PLACE_MAX && at[2] == '}') {
            buf_text(buf, places[at[1] - '0'] ? places[at[1] - '0'] : "");
            at += 2;
        } else {
            buf_u8(buf, (uint8_t)*at);
        }
    }
}

#define SAY(buf, language, word, ...)                                                              \
    say((buf), (language), (word), (const char *const[PLACE_MAX]){__VA_ARGS__})

/* "30 BTC", "1,234.5 USD": no more digits than it has. */
static void amount_say(char ret_text[AMOUNT_TEXT_SIZE + 8], struct amount amount,
                       const struct limits_unit *unit)
{
    char text[AMOUNT_TEXT_SIZE];
    amount_format_grouped(text, amount, unit->decimals);
    if (unit->decimals > 0 && amount_is_known(amount)) {
        size_t size = strlen(text);
        while (text[size - 1] == '0')
            text[--size] = 0;
        if (text[size - 1] == '.')
            text[--size] = 0;
    }
    (void)snprintf(ret_text, AMOUNT_TEXT_SIZE + 8, "%s %s", text, unit->name);
}

static void day_say(char ret_text[11], int64_t day)
{
    date_format(ret_text, day);
}

static struct amount size_of(struct amount a)
{
    return amount_is_known(a) && amount_compare(a, amount_zero()) < 0 ? amount_neg(a) : a;
}

static bool is_positive(struct amount a)
{
    return amount_is_known(a) && amount_compare(a, amount_zero()) > 0;
}

static void when_say(struct buf *buf, const struct limits_change *change,
                     enum limits_language language)
{
    char from[11];
    char to[11];
    day_say(from, change->from);
    day_say(to, change->to);
    if (change->to - change->from == LIMITS_DAY)
        SAY(buf, language, WORD_ON_DAY, to);
    else
        SAY(buf, language, WORD_BETWEEN, from, to);
}

static const char *subject_word(enum limits_subject subject, enum limits_language language)
{
    return words[language][subject == SUBJECT_NET_POSITION   ? WORD_NET_POSITION
                           : subject == SUBJECT_ACQUISITIONS ? WORD_ACQUISITIONS
                                                             : WORD_FIGURE];
}

/* ---- changes ------------------------------------------------------------------------------------
 */

static bool has_reason(const struct limits_change *change, enum reason_kind kind)
{
    for (size_t i = 0; i < change->count; i++)
        if (change->reasons[i].kind == kind)
            return true;
    return false;
}

static void reason_name(struct buf *buf, const struct reason *reason, enum limits_language language)
{
    buf_text(buf, limits_reason_words(reason->kind, language));
    if (reason->who && reason->kind == REASON_SERIES)
        buf_format(buf, " (%s)", reason->who);
}

/* What moved it most. */
static void lead_say(struct buf *buf, const struct criterion *criterion,
                     const struct limits_change *change, enum limits_language language)
{
    const struct reason *lead = &change->reasons[0];
    struct buf when = buf_with_max(PIECE_SIZE);
    struct buf who = buf_with_max(PIECE_SIZE);
    char amount[AMOUNT_TEXT_SIZE + 8];
    bool up = is_positive(lead->effect);
    amount_say(amount, size_of(lead->effect), &criterion->unit);
    when_say(&when, change, language);
    if (lead->kind == REASON_LIABILITIES) {
        if (lead->who)
            SAY(&who, language, WORD_OWED_BY, lead->who);
        SAY(buf, language, up ? WORD_OWED_FELL : WORD_OWED_ROSE, buf_cstr(&when), buf_cstr(&who),
            amount);
        if (up && !has_reason(change, REASON_SALE))
            SAY(buf, language, WORD_NO_SALE, NULL);
    } else {
        reason_name(&who, lead, language);
        SAY(buf, language, up ? WORD_ADDED : WORD_TOOK, buf_cstr(&when), buf_cstr(&who), amount);
    }
    buf_free(&when);
    buf_free(&who);
}

static void list_add(struct buf *list, struct amount effect, const struct limits_unit *unit,
                     enum limits_language language)
{
    char amount[AMOUNT_TEXT_SIZE + 8];
    amount_say(amount, effect, unit);
    buf_format(list, " %s%s", is_positive(effect) ? "+" : "", amount);
    (void)language;
}

static void others_say(struct buf *buf, const struct criterion *criterion,
                       const struct limits_change *change, size_t first,
                       enum limits_language language)
{
    struct buf list = buf_with_max(4096);
    const char *comma = language == LANGUAGE_UR ? "، " : ", ";
    for (size_t i = first; i < change->count; i++) {
        buf_text(&list, list.size ? comma : "");
        reason_name(&list, &change->reasons[i], language);
        list_add(&list, change->reasons[i].effect, &criterion->unit, language);
    }
    if (amount_is_known(change->rest) && !amount_equal(change->rest, amount_zero())) {
        buf_text(&list, list.size ? comma : "");
        buf_text(&list, words[language][WORD_REST]);
        list_add(&list, change->rest, &criterion->unit, language);
    }
    if (list.size)
        SAY(buf, language, WORD_ALSO, buf_cstr(&list));
    buf_free(&list);
}

void limits_explain_change(struct buf *buf, const struct criterion *criterion,
                           const struct limits_change *change, enum limits_language language)
{
    struct amount by = amount_sub(change->after, change->before);
    char value[AMOUNT_TEXT_SIZE + 8];
    char step[AMOUNT_TEXT_SIZE + 8];
    struct buf when = buf_with_max(PIECE_SIZE);
    const char *subject = subject_word(change->subject, language);
    if (!amount_is_known(by))
        return; /* the verdict says what is missing */
    amount_say(value, change->after, &criterion->unit);
    amount_say(step, size_of(by), &criterion->unit);
    when_say(&when, change, language);
    if (amount_equal(by, amount_zero()) && change->count == 0) {
        SAY(buf, language, WORD_STAYED, subject, value, buf_cstr(&when));
    } else {
        if (change->count > 0)
            lead_say(buf, criterion, change, language);
        else
            SAY(buf, language, WORD_NOTHING, buf_cstr(&when));
        SAY(buf, language, is_positive(by) ? WORD_ROSE : WORD_FELL, subject, step, value);
        others_say(buf, criterion, change, 1, language);
    }
    buf_free(&when);
}

/* ---- verdicts -----------------------------------------------------------------------------------
 */

static void bound_say(struct buf *buf, const struct criterion_result *result,
                      enum limits_language language)
{
    char limit[AMOUNT_TEXT_SIZE + 8];
    amount_say(limit, result->limit, &result->criterion->unit);
    SAY(buf, language, result->criterion->is_floor ? WORD_FLOOR : WORD_CEILING, limit);
}

static void verdict_say(struct buf *buf, const struct criterion_result *result,
                        enum limits_language language)
{
    char value[AMOUNT_TEXT_SIZE + 8];
    char headroom[AMOUNT_TEXT_SIZE + 8];
    struct buf bound = buf_with_max(PIECE_SIZE);
    const struct limits_unit *unit = &result->criterion->unit;
    if (result->verdict == LIMITS_UNDECIDED) {
        SAY(buf, language, WORD_UNDECIDED, result->why);
    } else if (!result->criterion->has_quantity) {
        buf_text(buf, words[language][result->verdict == LIMITS_MET ? WORD_DONE : WORD_NOT_DONE]);
    } else {
        amount_say(value, result->value, unit);
        amount_say(headroom, size_of(result->headroom), unit);
        bound_say(&bound, result, language);
        SAY(buf, language, result->verdict == LIMITS_MET ? WORD_MET : WORD_NOT_MET, value,
            buf_cstr(&bound), headroom);
    }
    if (result->warning) {
        amount_say(value, result->criterion->buffer, unit);
        SAY(buf, language, WORD_WARNING, value);
    }
    buf_free(&bound);
}

static void breach_say(struct buf *buf, const struct criterion_result *result,
                       enum limits_language language)
{
    const struct breach *breach = &result->breaches[result->breach_count - 1];
    char from[11];
    char corrected[11];
    char granted[11];
    day_say(from, breach->from);
    if (breach->corrected == LIMITS_NO_DAY) {
        SAY(buf, language, WORD_BROKEN, from);
    } else {
        day_say(corrected, breach->corrected);
        SAY(buf, language, WORD_WAS_BROKEN, from, corrected);
    }
    buf_u8(buf, ' ');
    limits_explain_change(buf, result->criterion, &breach->change, language);
    if (breach->waiver) {
        day_say(granted, breach->waiver->granted);
        SAY(buf, language, WORD_WAIVED, granted);
    }
}

void limits_explain(struct buf *buf, const struct criterion_result *result,
                    enum limits_language language)
{
    verdict_say(buf, result, language);
    if (result->preliminary)
        buf_text(buf, words[language][WORD_PRELIMINARY]);
    if (!result->day_over && result->criterion->has_quantity && result->verdict != LIMITS_UNDECIDED)
        buf_text(buf, words[language][WORD_SO_FAR]);
    if (result->breach_count > 0) {
        breach_say(buf, result, language);
    } else if (result->verdict == LIMITS_MET && result->change.count > 0) {
        buf_u8(buf, ' ');
        limits_explain_change(buf, result->criterion, &result->change, language);
    }
    if (result->misreporting && result->has_reported && result->reported_verdict != result->verdict)
        SAY(buf, language, WORD_CHANGED, verdict_words[language][result->reported_verdict]);
}
