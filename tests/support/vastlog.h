/* vastlog: a log of empty entries. All subtrees of one height are the same, so that its tiles and
 * roots are known for any size up to what a size may be, and take no memory. */
#ifndef SANAD_TEST_VASTLOG_H
#define SANAD_TEST_VASTLOG_H

#include "support.h"
#include "tlog/tlog.h"

struct vastlog {
    struct hash256 heights[64]; /* roots of 2^h entries */
};

void vastlog_make(struct vastlog *ret_log);
void vastlog_root(const struct vastlog *log, struct hash256 *ret_root, uint64_t size);
/* Tiles and bundles of any size; any threads. */
struct tlog_reader vastlog_reader(const struct vastlog *log);

#endif
