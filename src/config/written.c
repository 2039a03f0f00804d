/* SPDX-License-Identifier: Apache-2.0 */
#include "config/written.h"

const ConfigWritten *config_written(const ConfigHead *head, const SchemaRow *row)
{
        for (const ConfigWritten *w = head->written; w; w = w->next)
                if (w->row == schema_index(row))
                        return w;
        return NULL;
}

static const ConfigWritten *find(WrittenKey key)
{
        const SchemaRow *row = schema_find(key.owner, span_of(key.local));
        return row ? config_written(key.head, row) : NULL;
}

bool written_has(WrittenKey key)
{
        return find(key) != NULL;
}

void written_vsay(DiagList *diags, const char *file, DiagSeverity severity, WrittenKey key, const char *fmt,
                  va_list ap)
{
        char path[512];
        const ConfigHead *head = key.head;
        const ConfigWritten *w = find(key);
        const char *group = key.owner == OWNER_SERVER ? "servers." : key.owner == OWNER_VIEW ? "views." : "";
        (void)snprintf(path, sizeof(path), "%s%s%s%s", group, head->name ? head->name : "",
                       head->name && *key.local ? "." : "", key.local);
        DiagAt at = {.file = file, .line = head->line, .col = head->col, .width = 1};
        if (w)
                at = (DiagAt){.file = w->place ? w->place : file,
                              .line = w->line,
                              .col = w->col,
                              .width = w->width};
        diag_vadd(diags, severity, at, path, fmt, ap);
}

void written_say(DiagList *diags, const char *file, DiagSeverity severity, WrittenKey key, const char *fmt,
                 ...)
{
        va_list ap;
        va_start(ap, fmt);
        written_vsay(diags, file, severity, key, fmt, ap);
        va_end(ap);
}
