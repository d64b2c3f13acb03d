/* verify: what a stranger needs to check us, and no more: the static core that also runs in a
 * browser. Its API is public. */
#ifndef SANAD_VERIFY_MODULE_H
#define SANAD_VERIFY_MODULE_H

#include "sanad/verify.h"

#endif
