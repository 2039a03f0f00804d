#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values inside a line of JSON, as they stand there, for servers that tests
 * play: the line is looked at, not validated. Knows no protocol.
 */

#include "base/macro.h"

typedef struct Text {
        const char *at;
        size_t n;
} Text;

/* The value of a member of the object that the text is, as it stands there; empty when there is none. */
Text member(Text object, const char *key);
/* Whether it is that string. */
bool is(Text t, const char *word);
/* The number, or `otherwise` when there is none. */
long long number_of(Text t, long long otherwise);
/* What the string says, in memory of the caller's, with its length; NULL when it is no string. */
char *string_of(Text t, size_t *ret_n);
/* The bytes that a string of hexadecimal digits says; NULL when it is none. */
char *bytes_of(Text t, size_t *ret_n);
/* The next element of the array, and `at` moves behind it; empty at its end. Begins with *at NULL. */
Text element(Text array, const char **at);
