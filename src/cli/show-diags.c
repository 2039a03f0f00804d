/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show-diags.h"

enum { SHOWN_MOST = 64 * 1024 }; /* bytes of one finding */

int show_diags_text(const DiagList *l, const Terminal *t)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(SHOWN_MOST);
        for (const Diag *d = l->first; d; d = d->next) {
                buf_clear(&b);
                int r = diag_format_text(d, t->err_color, &b);
                if (r < 0)
                        return r;
                fputs(buf_text(&b), stderr);
        }
        if (l->dropped)
                fprintf(stderr, "%u more not shown\n", l->dropped);
        return 0;
}

int show_diags_json(const DiagList *l)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(SHOWN_MOST);
        for (const Diag *d = l->first; d; d = d->next) {
                buf_clear(&b);
                int r = diag_format_json(d, &b);
                if (r < 0)
                        return r;
                fputs(buf_text(&b), stdout);
        }
        return 0;
}

void show_diags_count(const DiagList *l, char *text, size_t size)
{
        unsigned e = l->count[DIAG_ERROR], w = l->count[DIAG_WARNING];
        int n = e ? snprintf(text, size, "%u error%s", e, e == 1 ? "" : "s")
                  : snprintf(text, size, "no errors");
        if (w && n > 0 && (size_t)n < size)
                (void)snprintf(text + n, size - (size_t)n, ", %u warning%s", w, w == 1 ? "" : "s");
}
