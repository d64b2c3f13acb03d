/* What the pages say, in English, Spanish and Urdu. */
#include "pack/pack_priv.h"

/* One row a text, so that a missing language shows. */
static const char *const texts[TEXT_COUNT][LANGUAGE_COUNT] = {
    [TEXT_LANGUAGE_CODE] = {"en", "es", "ur"},
    [TEXT_TITLE] = {"Report on the programme", "Informe sobre el programa", "پروگرام کی رپورٹ"},
    [TEXT_SIMULATED] = {"SIMULATED: an invented nation, no real figures",
                        "SIMULATED: una nación inventada, sin cifras reales",
                        "SIMULATED: ایک فرضی ملک، کوئی حقیقی اعداد نہیں"},
    [TEXT_ADDS_ZERO] = {"Bitcoin adds zero to official reserve assets",
                        "Bitcoin suma cero a los activos de reserva oficiales",
                        "بٹ کوائن سرکاری ریزرو اثاثوں میں صفر کا اضافہ کرتا ہے"},
    [TEXT_ZERO_WHY] =
        {"A reserve asset is an external asset that the monetary authorities control and can "
         "readily use for balance of payments needs (BPM6, 6.64): a claim on a non-resident, or "
         "gold bullion (6.65, 6.78), in a convertible foreign currency that is freely usable "
         "(6.72). Bitcoin is a claim on nobody, is no gold and is no such currency. However much "
         "of it is held, official reserves stay the same.",
         "Un activo de reserva es un activo externo que las autoridades monetarias controlan y del "
         "que pueden disponer de inmediato para necesidades de balanza de pagos (MBP6, 6.64): un "
         "derecho frente a un no residente, u oro en lingotes (6.65, 6.78), en una moneda "
         "extranjera convertible y de libre uso (6.72). Bitcoin no es un derecho frente a nadie, "
         "no es oro y no es tal moneda. Por mucho que se tenga, las reservas oficiales no cambian.",
         "ریزرو اثاثہ وہ بیرونی اثاثہ ہے جو زری حکام کے اختیار میں ہو اور ادائیگیوں کے توازن کی "
         "ضرورت "
         "کے لیے فوراً قابلِ استعمال ہو (BPM6, 6.64): کسی غیر مقیم پر دعویٰ یا سونے کی اینٹیں "
         "(6.65, 6.78)، ایسی قابلِ تبدیل غیر ملکی کرنسی میں جو آزادانہ استعمال ہوتی ہو (6.72)۔ بٹ "
         "کوائن کسی پر دعویٰ نہیں، سونا نہیں، اور ایسی کرنسی بھی نہیں۔ جتنا بھی رکھا جائے، سرکاری "
         "ذخائر وہی رہتے ہیں۔"},
    [TEXT_DAY] = {"Day of the programme", "Día del programa", "پروگرام کا دن"},
    [TEXT_BLOCK] = {"Block", "Bloque", "بلاک"},
    [TEXT_BLOCK_HASH] = {"Block hash", "Hash del bloque", "بلاک کا ہیش"},
    [TEXT_BLOCK_TIME] = {"Time of the block", "Hora del bloque", "بلاک کا وقت"},
    [TEXT_GRADE] = {"Grade of evidence", "Grado de evidencia", "ثبوت کا درجہ"},
    [TEXT_BOOK_HASH] = {"Address book (SHA-256)", "Libro de direcciones (SHA-256)",
                        "پتوں کی کتاب (SHA-256)"},
    [TEXT_PROGRAMME] = {"Programme", "Programa", "پروگرام"},
    [TEXT_PROGRAMME_HASH] = {"Programme file (SHA-256)", "Archivo del programa (SHA-256)",
                             "پروگرام کی فائل (SHA-256)"},
    [TEXT_VERSION] = {"Version", "Versión", "نسخہ"},
    [TEXT_CHAIN] = {"Chain", "Cadena", "زنجیر"},
    [TEXT_TIMEZONE] = {"Time zone of the days", "Zona horaria de los días", "دنوں کا ٹائم زون"},
    [TEXT_COMPLETE] = {"Complete for the declared scripts", "Completo para los scripts declarados",
                       "اعلان کردہ اسکرپٹس کے لیے مکمل"},
    [TEXT_NOT_COMPLETE] = {"NOT complete", "NO completo", "نامکمل"},
    [TEXT_PERIOD] = {"Period", "Período", "مدت"},
    [TEXT_FIRST_PACK] =
        {"There is no earlier report: the period begins with the base date, or with "
         "the first block read.",
         "No hay informe anterior: el período empieza en la fecha base o en el "
         "primer bloque leído.",
         "اس سے پہلے کوئی رپورٹ نہیں: مدت بنیادی تاریخ سے یا پہلے پڑھے گئے بلاک سے "
         "شروع ہوتی ہے۔"},
    [TEXT_TOTAL] = {"Total", "Total", "کل"},
    [TEXT_CRITERIA] = {"Criteria", "Criterios", "معیار"},
    [TEXT_CRITERION] = {"Criterion", "Criterio", "معیار"},
    [TEXT_DATE] = {"Date", "Fecha", "تاریخ"},
    [TEXT_VALUE] = {"Value", "Valor", "قدر"},
    [TEXT_LIMIT] = {"Limit", "Límite", "حد"},
    [TEXT_HEADROOM] = {"Headroom", "Margen", "گنجائش"},
    [TEXT_VERDICT] = {"Verdict", "Veredicto", "فیصلہ"},
    [TEXT_SINCE] = {"breached on", "incumplido el", "خلاف ورزی بتاریخ"},
    [TEXT_CORRECTED] = {"corrected on", "corregido el", "درستی بتاریخ"},
    [TEXT_WARNING] = {"near the limit", "cerca del límite", "حد کے قریب"},
    [TEXT_PRELIMINARY] = {"before the first test date", "antes de la primera fecha de prueba",
                          "پہلی جانچ کی تاریخ سے پہلے"},
    [TEXT_CEILING] = {"ceiling", "techo", "بالائی حد"},
    [TEXT_FLOOR] = {"floor", "piso", "زیریں حد"},
    [TEXT_ACTION] = {"to be done by", "a cumplir antes del", "تکمیل کی تاریخ"},
    [TEXT_WAIVED] = {"waiver granted on", "dispensa concedida el", "چھوٹ دی گئی بتاریخ"},
    [TEXT_READING] = {"reading", "lectura", "تعبیر"},
    [TEXT_MISREPORTING] = {"Possible misreporting", "Posible declaración inexacta",
                           "ممکنہ غلط رپورٹنگ"},
    [TEXT_AS_REPORTED] = {"as reported then", "según lo reportado entonces",
                          "اُس وقت کی رپورٹ کے مطابق"},
    [TEXT_MISSING] = {"What is missing", "Lo que falta", "کیا کمی ہے"},
    [TEXT_EARLIER] = {"Breaches under earlier versions",
                      "Incumplimientos bajo versiones anteriores",
                      "سابقہ نسخوں کے تحت خلاف ورزیاں"},
    [TEXT_ASSUMPTIONS] = {"Assumptions", "Supuestos", "مفروضات"},
    [TEXT_EXPLANATIONS] = {"In words", "En palabras", "الفاظ میں"},
    [TEXT_KIND_PERFORMANCE] = {"performance criterion", "criterio de ejecución",
                               "کارکردگی کا معیار"},
    [TEXT_KIND_INDICATIVE] = {"indicative target", "meta indicativa", "اشاریہ جاتی ہدف"},
    [TEXT_KIND_BENCHMARK] = {"structural benchmark", "parámetro de referencia estructural",
                             "ساختی سنگِ میل"},
    [TEXT_KIND_PRIOR_ACTION] = {"prior action", "acción previa", "پیشگی اقدام"},
    [TEXT_CONTINUOUS] = {"continuous", "continuo", "مسلسل"},
    [TEXT_END_PERIOD] = {"end of period", "fin de período", "مدت کے اختتام پر"},
    [TEXT_NET_ROW] = {"Net position", "Posición neta", "خالص پوزیشن"},
    [TEXT_SUM_ROW] = {"Sum of the terms", "Suma de los términos", "اجزا کا مجموعہ"},
    [TEXT_HELD] = {"Held by the wallets of the book", "Mantenido por las carteras del libro",
                   "کتاب کے والیٹس میں موجود"},
    [TEXT_OWED] = {"Owed to holders outside", "Adeudado a tenedores externos",
                   "بیرونی حاملین کو واجب الادا"},
    [TEXT_NET_HELD] = {"Held less owed", "Mantenido menos adeudado", "موجود منہا واجب الادا"},
    [TEXT_BEFORE_PERIOD] = {"Before the period", "Antes del período", "مدت سے پہلے"},
    [TEXT_NET_POSITION] = {"Net position and its terms", "Posición neta y sus términos",
                           "خالص پوزیشن اور اس کے اجزا"},
    [TEXT_TERM] = {"Term", "Término", "جزو"},
    [TEXT_AT_BASE] = {"At the base date", "En la fecha base", "بنیادی تاریخ پر"},
    [TEXT_NOW] = {"Now", "Ahora", "اب"},
    [TEXT_CHANGE] = {"Change", "Variación", "تبدیلی"},
    [TEXT_BALANCES] = {"Balances", "Saldos", "بیلنس"},
    [TEXT_WALLET] = {"Wallet", "Cartera", "والیٹ"},
    [TEXT_ENTITY] = {"Entity", "Entidad", "ادارہ"},
    [TEXT_CLASS] = {"Class", "Clase", "درجہ"},
    [TEXT_CONTROL] = {"Control", "Control", "اختیار"},
    [TEXT_BALANCE] = {"Balance", "Saldo", "بیلنس"},
    [TEXT_RESTRICTED] = {"Restricted wallets, together", "Carteras reservadas, en conjunto",
                         "محدود والیٹ، مجموعی"},
    [TEXT_CLASS_RESERVE] = {"reserve", "reserva", "ذخیرہ"},
    [TEXT_CLASS_OPERATING] = {"operating", "operativa", "عملی"},
    [TEXT_CLASS_CLIENT] = {"client", "clientes", "گاہک"},
    [TEXT_CLASS_MINING] = {"mining", "minería", "مائننگ"},
    [TEXT_CLASS_SEIZED] = {"seized", "incautada", "ضبط شدہ"},
    [TEXT_CLASS_TILL] = {"till", "caja", "نقد کاؤنٹر"},
    [TEXT_CLASS_OTHER] = {"other", "otra", "دیگر"},
    [TEXT_CONTROL_IS_DECLARED] = {"declared", "declarado", "اعلان شدہ"},
    [TEXT_CONTROL_IS_SIGNED] = {"proved by signature", "probado con firma", "دستخط سے ثابت"},
    [TEXT_CONTROL_IS_CUSTODIAN] = {"custodian's statement", "declaración del custodio",
                                   "امین کا بیان"},
    [TEXT_COMPLETENESS] =
        {"The chain shows what the declared scripts held. It does not show whether every wallet "
         "was declared, who controls a key, or why coins moved.",
         "La cadena muestra lo que tenían los scripts declarados. No muestra si se declaró cada "
         "cartera, quién controla una clave ni por qué se movieron las monedas.",
         "زنجیر دکھاتی ہے کہ اعلان کردہ اسکرپٹس کے پاس کیا تھا۔ وہ یہ نہیں دکھاتی کہ ہر والیٹ کا "
         "اعلان ہوا، چابی کس کے اختیار میں ہے، یا سکّے کیوں منتقل ہوئے۔"},
    [TEXT_ADDRESSES] = {"Addresses with coins", "Direcciones con monedas", "سکّوں والے پتے"},
    [TEXT_ADDRESS] = {"Address", "Dirección", "پتہ"},
    [TEXT_NO_ADDRESS] = {"a script without an address", "un script sin dirección",
                         "بغیر پتے کا اسکرپٹ"},
    [TEXT_ADDRESSES_NOTE] =
        {"Public wallets, the largest first. Every script, with coins or without, is in "
         "addresses.csv.",
         "Carteras públicas, la mayor primero. Todos los scripts, con monedas o "
         "sin ellas, están en addresses.csv.",
         "عوامی والیٹ، سب سے بڑا پہلے۔ تمام اسکرپٹس، سکّوں کے ساتھ یا بغیر، addresses.csv میں ہیں۔"},
    [TEXT_CHANGES] = {"Changes since the last report", "Cambios desde el último informe",
                      "گزشتہ رپورٹ کے بعد تبدیلیاں"},
    [TEXT_NO_CHANGES] = {"Nothing has changed.", "Nada ha cambiado.", "کچھ نہیں بدلا۔"},
    [TEXT_SUBJECT] = {"Subject", "Objeto", "موضوع"},
    [TEXT_MEMBER] = {"Member", "Dato", "معلومات"},
    [TEXT_COUNTS] = {"counts", "cuenta", "شمار ہوتا ہے"},
    [TEXT_IN_PROGRAMME] = {"in the programme", "en el programa", "پروگرام میں"},
    [TEXT_YES] = {"yes", "sí", "ہاں"},
    [TEXT_NO] = {"no", "no", "نہیں"},
    [TEXT_BEFORE] = {"Before", "Antes", "پہلے"},
    [TEXT_FLOWS] = {"Flows of the period", "Flujos del período", "مدت کے بہاؤ"},
    [TEXT_FLOWS_NOTE] =
        {"What a flow meant is a declaration with a document behind it. What nobody declared is "
         "unclassified: it is not a purchase and not a sale.",
         "Lo que significó un flujo es una declaración con un documento. Lo que nadie declaró "
         "queda sin clasificar: no es una compra ni una venta.",
         "کسی بہاؤ کا مطلب ایک اعلان ہے جس کے پیچھے دستاویز ہو۔ جس کا کسی نے اعلان نہیں کیا وہ غیر "
         "درجہ بند ہے: نہ خریداری ہے نہ فروخت۔"},
    [TEXT_FLOWS_HIDDEN] = {"Transactions that touch restricted wallets, not listed; net",
                           "Transacciones que tocan carteras reservadas, no listadas; neto",
                           "محدود والیٹ سے متعلق لین دین، جو فہرست میں نہیں؛ خالص"},
    [TEXT_TRANSACTION] = {"Transaction", "Transacción", "لین دین"},
    [TEXT_MEANING] = {"Declared as", "Declarado como", "اعلان کے مطابق"},
    [TEXT_NET] = {"Net", "Neto", "خالص"},
    [TEXT_NAME] = {"Name", "Nombre", "نام"},
    [TEXT_TX_COUNT] = {"Transactions", "Transacciones", "تعداد"},
    [TEXT_UNCLASSIFIED] = {"unclassified", "sin clasificar", "غیر درجہ بند"},
    [TEXT_FLOW_MINED] = {"mined", "minado", "مائن شدہ"},
    [TEXT_FLOW_IN] = {"from outside", "desde fuera", "باہر سے"},
    [TEXT_FLOW_INTERNAL] = {"internal", "interno", "اندرونی"},
    [TEXT_FLOW_OUT] = {"to outside", "hacia fuera", "باہر کو"},
    [TEXT_FLOW_MIXED] = {"with inputs of others", "con entradas de otros",
                         "دوسروں کے ان پٹ کے ساتھ"},
    [TEXT_MEANS_PURCHASE] = {"purchase", "compra", "خریداری"},
    [TEXT_MEANS_SALE] = {"sale", "venta", "فروخت"},
    [TEXT_MEANS_SEIZURE] = {"seizure", "incautación", "ضبطی"},
    [TEXT_MEANS_DONATION] = {"donation", "donación", "عطیہ"},
    [TEXT_MEANS_POOL_PAYOUT] = {"payout of a mining pool", "pago de un grupo de minería",
                                "مائننگ پول کی ادائیگی"},
    [TEXT_MEANS_CLIENT_DEPOSIT] = {"client's deposit", "depósito de cliente", "گاہک کی جمع"},
    [TEXT_MEANS_CLIENT_WITHDRAWAL] = {"client's withdrawal", "retiro de cliente", "گاہک کی نکاسی"},
    [TEXT_MEANS_LOAN] = {"loan", "préstamo", "قرض"},
    [TEXT_MEANS_CUSTODY] = {"custody", "custodia", "تحویل"},
    [TEXT_MEANS_OTHER] = {"other", "otro", "دیگر"},
    [TEXT_ACCOUNTS] = {"Stocks and flows", "Saldos y flujos", "ذخائر اور بہاؤ"},
    [TEXT_ACCOUNTS_NOTE] =
        {"Opening + transactions + other changes in volume + revaluation = closing, exactly. Each "
         "flow has the price at its block; rounding is left in the revaluation.",
         "Apertura + transacciones + otras variaciones de volumen + revalorización = cierre, "
         "exactamente. Cada flujo lleva el precio en su bloque; el redondeo queda en la "
         "revalorización.",
         "ابتدائی + لین دین + حجم کی دیگر تبدیلیاں + ازسرنو قدر پیمائی = اختتامی، بالکل درست۔ ہر "
         "بہاؤ "
         "پر اس کے بلاک کی قیمت لگتی ہے؛ گول کرنے کا فرق ازسرنو قدر پیمائی میں رہتا ہے۔"},
    [TEXT_CODE] = {"Code", "Código", "رمز"},
    [TEXT_OPENING] = {"Opening stock", "Saldo de apertura", "ابتدائی ذخیرہ"},
    [TEXT_CLOSING] = {"Closing stock", "Saldo de cierre", "اختتامی ذخیرہ"},
    [TEXT_TRANSACTIONS] = {"Transactions", "Transacciones", "لین دین"},
    [TEXT_OTHER_VOLUME] = {"Other changes in volume", "Otras variaciones de volumen",
                           "حجم کی دیگر تبدیلیاں"},
    [TEXT_NO_MONEY] = {"The money column is unknown", "La columna en dinero se desconoce",
                       "رقم کا خانہ نامعلوم ہے"},
    [TEXT_FILES] = {"Files of this report", "Archivos de este informe", "اس رپورٹ کی فائلیں"},
    [TEXT_FILES_NOTE] =
        {"The signed statement criteria-report.note names the SHA-256 of each of them and of "
         "these pages.",
         "La declaración firmada criteria-report.note nombra el SHA-256 de cada uno y de estas "
         "páginas.",
         "دستخط شدہ بیان criteria-report.note ان میں سے ہر ایک کا اور ان صفحات کا SHA-256 بتاتا "
         "ہے۔"},
    [TEXT_MORE_ROWS] = {"more rows in", "filas más en", "مزید قطاریں یہاں:"},
};

const char *pack_text(enum pack_text text, enum limits_language language)
{
    const char *found = texts[text][language];
    sanad_assert(found);
    return found;
}
