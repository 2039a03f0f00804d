/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/ioctl.h>

#include "cli/terminal.h"
#include "base/parse.h"

enum { WIDTH_UNKNOWN = 80, WIDTH_LEAST = 20, WIDTH_MOST = 1000 };

bool terminal_wants_color(ColorMode mode, bool tty, const char *no_color, const char *term)
{
        if (mode != COLOR_AUTO)
                return mode == COLOR_ALWAYS;
        if (!tty || (no_color && *no_color)) /* an empty NO_COLOR counts as none */
                return false;
        return term && *term && strcmp(term, "dumb") != 0;
}

unsigned terminal_parse_columns(const char *columns)
{
        uint64_t v;
        if (!columns || parse_u64(span_of(columns), &v) < 0 || v < WIDTH_LEAST || v > WIDTH_MOST)
                return 0;
        return (unsigned)v;
}

static unsigned probe_width(void)
{
        struct winsize size;
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST)
                return size.ws_col;
        unsigned columns = terminal_parse_columns(getenv("COLUMNS"));
        return columns ? columns : WIDTH_UNKNOWN;
}

void terminal_probe(ColorMode mode, Terminal *ret)
{
        const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
        bool out = isatty(STDOUT_FILENO), err = isatty(STDERR_FILENO);
        *ret = (Terminal){
                .out_tty = out,
                .err_tty = err,
                .out_color = terminal_wants_color(mode, out, no_color, term),
                .err_color = terminal_wants_color(mode, err, no_color, term),
                .width = probe_width(),
        };
}
