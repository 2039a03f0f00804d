/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "config/blob.h"
#include "gateway/snapshot.h"

void snapshot_done(Snapshot *s)
{
        config_unref(s->config);
        free(s->rows);
        free(s->tokens);
        *s = (Snapshot){0};
}

static int grow(Snapshot *s)
{
        size_t room = s->room ? s->room * 2 : 8;
        SnapshotRow *rows = realloc(s->rows, room * sizeof(*rows));
        if (!rows)
                return -ENOMEM;
        s->rows = rows;
        s->room = room;
        return 0;
}

int snapshot_add_row(Snapshot *s, const IpcServerRow *m, Span name)
{
        if (s->generation != m->generation) {
                snapshot_done(s);
                s->generation = m->generation;
        }
        int r = s->n == s->room ? grow(s) : 0;
        if (r < 0)
                return r;
        SnapshotRow *row = &s->rows[s->n++];
        *row = (SnapshotRow){.row = m->row, .index = m->index, .generation = m->row_generation};
        (void)snprintf(row->name, sizeof(row->name), "%.*s", (int)name.len, name.len ? name.ptr : "");
        return 0;
}

/* The rows name the servers of the blob, each once. */
static bool rows_fit(const Snapshot *s, const Config *c)
{
        if (s->n != c->servers.n)
                return false;
        for (size_t i = 0; i < s->n; i++)
                if (s->rows[i].index >= c->servers.n ||
                    strcmp(config_server(c, s->rows[i].index)->head.name, s->rows[i].name) != 0)
                        return false;
        return true;
}

static int decode(int fd, Config **ret)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size <= 0 || st.st_size > LIMIT_CONFIG_BLOB)
                return -EBADMSG;
        size_t size = (size_t)st.st_size;
        void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED)
                return -errno;
        int r = config_decode(span_from(map, size), VIEW_GATEWAY, ret);
        (void)munmap(map, size);
        return r;
}

int snapshot_prepare(Snapshot *s, uint64_t generation, const int fds[static 2], Buf *why)
{
        CLEANUP(config_unref_p) Config *c = NULL;
        CLEANUP_FREE IpcToken *tokens = NULL;
        size_t n_tokens = 0;
        if (s->generation != generation) { /* one without servers has no rows before it */
                snapshot_done(s);
                s->generation = generation;
        }
        int r = decode(fds[0], &c);
        if (r == 0)
                r = ipc_tokens_read(fds[1], &tokens, &n_tokens);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                r = buf_appendf(why, "the configuration cannot be read: %s", strerror(-r));
        else if (!rows_fit(s, c))
                r = buf_append_str(why, "the rows that were announced are not those of the servers");
        if (why->len || r < 0)
                return r < 0 ? r : SNAPSHOT_E_REFUSED;
        config_unref(s->config);
        s->config = TAKE_PTR(c);
        free(s->tokens);
        s->tokens = TAKE_PTR(tokens);
        s->n_tokens = n_tokens;
        return 0;
}

const char *snapshot_name(const Snapshot *s, uint32_t row)
{
        for (size_t i = 0; i < s->n; i++)
                if (s->rows[i].row == row)
                        return s->rows[i].name;
        return "?";
}
