/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/utf8.h"
#include "cli/import-json.h"
#include "cli/import-read.h"
#include "cli/import-server.h"

/* ---- places -------------------------------------------------------------- */

typedef struct Place {
        unsigned bit;
        const char *path[3]; /* keys, from the top; `*`: every key, which is a directory */
} Place;

static const Place places_table[] = {
        {IMPORT_AT_MCP_SERVERS, {"mcpServers", NULL}},         {IMPORT_AT_SERVERS, {"servers", NULL}},
        {IMPORT_AT_SETTINGS, {"mcp", "servers", NULL}},        {IMPORT_AT_SETTINGS, {"mcp.servers", NULL}},
        {IMPORT_AT_PROJECTS, {"projects", "*", "mcpServers"}},
};

typedef struct Reader {
        Import *im;
        const ImportFile *file;
        const char *project;
} Reader;

/* VS Code keeps what it asks of a person beside the servers. */
static int read_inputs(Reader *rd, const json_t *beside)
{
        const json_t *input;
        size_t i;
        json_array_foreach(json_object_get(beside, "inputs"), i, input)
        {
                const char *id = json_string_value(json_object_get(input, "id"));
                const char *text = json_string_value(json_object_get(input, "description"));
                ImportInput *in;
                if (!id || !text)
                        continue;
                int r = import_add_input(rd->im, rd->file, span_of(id), &in);
                if (r < 0)
                        return r;
                in->description = arena_strdup(&rd->im->arena, span_first(span_of(text), 200));
                if (!in->description)
                        return -ENOMEM;
        }
        return 0;
}

static int read_servers(Reader *rd, json_t *servers)
{
        const char *name;
        size_t n;
        json_t *entry;
        json_object_keylen_foreach(servers, name, n, entry)
        {
                ImportServer *s;
                int r = import_add_server(rd->im, rd->file, span_from(name, n), &s);
                if (r < 0)
                        return r;
                s->project = rd->project;
                r = import_server(rd->im, s, entry);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_place(Reader *rd, const Place *p, size_t depth, json_t *node, const json_t *parent)
{
        if (!json_is_object(node))
                return 0; /* absent, or not of a form that any host has */
        if (depth == ARRAY_SIZE(p->path) || !p->path[depth]) {
                int r = read_inputs(rd, parent);
                return r < 0 ? r : read_servers(rd, node);
        }
        if (strcmp(p->path[depth], "*") != 0)
                return read_place(rd, p, depth + 1, json_object_get(node, p->path[depth]), node);

        const char *dir;
        json_t *below;
        json_object_foreach(node, dir, below)
        {
                rd->project = dir[0] == '/' ? arena_strdup(&rd->im->arena, span_of(dir)) : NULL;
                if (dir[0] == '/' && !rd->project)
                        return -ENOMEM;
                int r = read_place(rd, p, depth + 1, below, node);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- files --------------------------------------------------------------- */

PRINTF(3, 4) static int refuse(const ImportFile *file, Buf *why, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        int r = utf8_escape(why, span_of(file->path));
        if (r == 0)
                r = buf_append_char(why, ':');
        if (r == 0)
                r = buf_vappendf(why, fmt, ap);
        va_end(ap);
        return r < 0 ? r : IMPORT_READ_E_INVALID;
}

int import_read_text(Import *im, const ImportFile *file, unsigned places, Buf *text, Buf *why)
{
        CLEANUP(import_json_done) json_t *root = NULL;
        CLEANUP(buf_done) Buf wrong = BUF_INIT(4096);
        int r = import_json(text, &root, &wrong);
        if (r == IMPORT_JSON_E_INVALID)
                return refuse(file, why, "%s", buf_text(&wrong));
        if (r < 0 || !root)
                return r;
        if (!json_is_object(root))
                return refuse(file, why, "1:1: error: the file is no JSON object");
        for (size_t i = 0; i < ARRAY_SIZE(places_table); i++) {
                Reader rd = {.im = im, .file = file, .project = file->project};
                if (!(places_table[i].bit & places))
                        continue;
                r = read_place(&rd, &places_table[i], 0, root, root);
                if (r == -E2BIG)
                        return refuse(file, why, " error: with it there are more than %d servers",
                                      LIMIT_CONFIG_LIST);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_file(const char *path, Buf *text)
{
        /* Non-blocking, so that a FIFO in the file's place cannot hold us. */
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
        return fd_read_all(fd, text);
}

int import_read(Import *im, const ImportFile *file, unsigned places, Buf *why)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_IMPORT_FILE);
        int r = read_file(file->path, &text);
        if (r == -ENOBUFS)
                return refuse(file, why, " error: is larger than %d MiB", LIMIT_IMPORT_FILE / 1024 / 1024);
        if (r == -ENOTSUP)
                return refuse(file, why, " error: is not a regular file");
        if (r < 0 && r != -ENOMEM)
                return refuse(file, why, " error: cannot be read: %s", strerror(-r));
        return r < 0 ? r : import_read_text(im, file, places, &text, why);
}
