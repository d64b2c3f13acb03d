/* QR codes: on a terminal in half blocks, two modules above each other, and as SVG. */
#include "cmd/cmd.h"

#include <errno.h>
#include <qrencode.h>

enum {
    QUIET = 4, /* ISO/IEC 18004: four light modules around */
    DARK_BIT = 1,
    PIXELS = 8, /* of a module, where nothing else is said */
    SVG_MAX = 1 << 20
};

static int code_make(QRcode **ret_code, struct bytes bytes, struct err *err)
{
    if (bytes.size == 0 || bytes.size > INT16_MAX)
        return err_set(err, SANAD_REFUSED, "QR code: %zu bytes do not fit", bytes.size);
    QRcode *made = QRcode_encodeData((int)bytes.size, bytes.data, 0, QR_ECLEVEL_M);
    if (!made)
        return err_set(err, SANAD_REFUSED, "QR code: %zu bytes do not fit: %s", bytes.size,
                       strerror(errno));
    *ret_code = made;
    return 0;
}

static bool is_dark(const QRcode *code, int row, int column)
{
    if (row < 0 || column < 0 || row >= code->width || column >= code->width)
        return false;
    return code->data[row * code->width + column] & DARK_BIT;
}

/* What is drawn is dark on a background that is set to white; or, where there are no colours, light
 * on a terminal that is taken to be dark. */
int qr_show(const struct screen *screen, struct bytes bytes, struct err *err)
{
    static const char *const blocks[2][2] = {{" ", "\u2584"}, {"\u2580", "\u2588"}};
    QRcode *code;
    int failed = code_make(&code, bytes, err);
    if (failed)
        return failed;
    bool drawn = screen->colour;
    for (int row = -QUIET; row < code->width + QUIET; row += 2) {
        (void)fputs(screen->colour ? "\x1b[38;5;16;48;5;231m" : "", screen->out);
        for (int column = -QUIET; column < code->width + QUIET; column++)
            (void)fputs(blocks[is_dark(code, row, column) == drawn]
                              [is_dark(code, row + 1, column) == drawn],
                        screen->out);
        (void)fputs(screen->colour ? "\x1b[0m\n" : "\n", screen->out);
    }
    QRcode_free(code);
    return 0;
}

static void svg_row(struct buf *svg, const QRcode *code, int row)
{
    for (int column = 0; column < code->width;) {
        int end = column;
        while (is_dark(code, row, end))
            end++;
        if (end > column)
            buf_format(svg, "M%d %dh%dv1h-%dz\n", column + QUIET, row + QUIET, end - column,
                       end - column);
        column = end + 1;
    }
}

int qr_write(const char *path, struct bytes bytes, struct err *err)
{
    struct buf svg = buf_with_max(SVG_MAX);
    QRcode *made;
    int code = code_make(&made, bytes, err);
    if (code)
        return code;
    int side = made->width + 2 * QUIET;
    buf_format(&svg,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
               "viewBox=\"0 0 %d %d\" stroke=\"none\" shape-rendering=\"crispEdges\">\n"
               "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path fill=\"#000\" d=\"\n",
               PIXELS * side, PIXELS * side, side, side, side, side);
    for (int row = 0; row < made->width; row++)
        svg_row(&svg, made, row);
    buf_text(&svg, "\"/>\n</svg>\n");
    QRcode_free(made);
    sanad_assert(!svg.bad); /* at most 177 rows of 89 runs */
    code = file_write(path, buf_bytes(&svg), err);
    buf_free(&svg);
    return code;
}
