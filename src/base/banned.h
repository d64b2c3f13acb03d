/* Names that do not compile here: functions that cannot be told how much room there is,
 * that cannot say that they failed, or that keep hidden state. The build puts this header
 * before every source file; tools/banned_test.sh looks for what macros cannot see.
 *
 *   atoi, strtol ...  number_parse, amount_parse: they refuse instead of guessing
 *   strcpy, sprintf   snprintf, struct buf
 *   scanf             struct cursor, number_parse
 *   strtok            a loop over the bytes
 *   localtime ...     time_format, date_format: no locale, no static result
 *   system, alloca    nothing here runs a shell or grows the stack by outside numbers */
#ifndef SANAD_BANNED_H
#define SANAD_BANNED_H

/* The declarations must be read before their names are taken away. */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#undef alloca
#undef atof
#undef atoi
#undef atol
#undef atoll
#undef bcopy
#undef bzero
#undef index
#undef rindex
#undef strcat
#undef strcpy
#undef strncat
#undef strncpy
#undef strtok

#define SANAD_BANNED(name) this_function_is_banned_##name
#define alloca(...) SANAD_BANNED(alloca)
#define asctime(...) SANAD_BANNED(asctime)
#define atof(...) SANAD_BANNED(atof)
#define atoi(...) SANAD_BANNED(atoi)
#define atol(...) SANAD_BANNED(atol)
#define atoll(...) SANAD_BANNED(atoll)
#define ctime(...) SANAD_BANNED(ctime)
#define fscanf(...) SANAD_BANNED(fscanf)
#define gets(...) SANAD_BANNED(gets)
#define gmtime(...) SANAD_BANNED(gmtime)
#define localtime(...) SANAD_BANNED(localtime)
#define mktemp(...) SANAD_BANNED(mktemp)
#define rand() SANAD_BANNED(rand)
#define scanf(...) SANAD_BANNED(scanf)
#define sprintf(...) SANAD_BANNED(sprintf)
#define sscanf(...) SANAD_BANNED(sscanf)
#define stpcpy(...) SANAD_BANNED(stpcpy)
#define strcat(...) SANAD_BANNED(strcat)
#define strcpy(...) SANAD_BANNED(strcpy)
#define strncat(...) SANAD_BANNED(strncat)
#define strncpy(...) SANAD_BANNED(strncpy)
#define strtok(...) SANAD_BANNED(strtok)
#define strtok_r(...) SANAD_BANNED(strtok_r)
#define strtol(...) SANAD_BANNED(strtol)
#define strtoll(...) SANAD_BANNED(strtoll)
#define strtoul(...) SANAD_BANNED(strtoul)
#define strtoull(...) SANAD_BANNED(strtoull)
#define system(...) SANAD_BANNED(system)
#define tmpnam(...) SANAD_BANNED(tmpnam)
#define vfscanf(...) SANAD_BANNED(vfscanf)
#define vscanf(...) SANAD_BANNED(vscanf)
#define vsprintf(...) SANAD_BANNED(vsprintf)
#define vsscanf(...) SANAD_BANNED(vsscanf)

#endif
