#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of KEY=VALUE lines, as other programs have them (`.env`): blank lines
 * and # comments, an optional `export`, single quotes for the text as it is,
 * double quotes with \n \t \" \\ \$ escapes. Nothing is expanded.
 */

#include "base/span.h"

typedef struct EnvLine {
        Span name;  /* borrowed from the file */
        Span value; /* borrowed; with its escapes, when `escaped` */
        bool escaped;
} EnvLine;

enum {
        _ENV_FILE_E_SUCCESS,
        ENV_FILE_E_END,   /* no more lines */
        ENV_FILE_E_NAME,  /* no legal name before the = */
        ENV_FILE_E_QUOTE, /* a quote without its end, or something after it */
};

/* Takes the next assignment off *text, counting lines in *line (which begins with 0). */
int env_file_next(Span *text, uint32_t *line, EnvLine *ret) MUST_CHECK;
