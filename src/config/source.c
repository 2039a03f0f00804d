/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/utf8.h"
#include "config/json-text.h"
#include "config/source-guess.h"
#include "config/source.h"

PRINTF(4, 5) static int refuse(DiagList *diags, const char *name, uint32_t line, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        diag_vadd(diags, DIAG_ERROR, (DiagAt){.file = name, .line = line}, NULL, fmt, ap);
        va_end(ap);
        return SOURCE_E_INVALID;
}

/* ---- the file ------------------------------------------------------------ */

static int check_kind(const char *name, const struct stat *st, DiagList *diags)
{
        if (S_ISDIR(st->st_mode))
                return refuse(diags, name, 0, "is a directory: name the file in it");
        if (!S_ISREG(st->st_mode))
                return refuse(diags, name, 0, "is not a regular file");
        if (st->st_size > LIMIT_CONFIG_FILE)
                return refuse(diags, name, 0, "is larger than %d KiB", LIMIT_CONFIG_FILE / 1024);
        if (st->st_mode & S_IWOTH)
                return refuse(
                        diags, name, 0,
                        "may be written by everybody, who so could run commands as this user: chmod o-w it");
        return 0;
}

/* Who else could have written it? `dir` is the directory that holds it. */
static void check_owner(const char *name, const struct stat *st, const char *path, DiagList *diags)
{
        const char *slash = strrchr(path, '/');
        CLEANUP_FREE char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
        struct stat d = {.st_uid = st->st_uid};
        if (dir)
                (void)stat(dir, &d);
        DiagAt at = {.file = name};
        if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != d.st_uid)
                diag_add(diags, DIAG_WARNING, at, NULL,
                         "belongs to user %u, who is neither root, nor this user, nor the owner of its "
                         "directory",
                         (unsigned)st->st_uid);
        if (st->st_mode & S_IWGRP)
                diag_add(diags, DIAG_WARNING, at, NULL, "may be written by its group: chmod g-w it");
}

static bool same_file(const struct stat *a, const struct stat *b)
{
        return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
               a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int read_regular(int fd, const char *path, Source *s, DiagList *diags)
{
        struct stat before, after;
        if (fstat(fd, &before) < 0)
                return -errno;
        int r = check_kind(s->name, &before, diags);
        if (r)
                return r;
        check_owner(s->name, &before, path, diags);
        s->world_readable = before.st_mode & S_IROTH;

        r = fd_read_all(fd, &s->text);
        if (r == -ENOBUFS)
                return refuse(diags, s->name, 0, "is larger than %d KiB", LIMIT_CONFIG_FILE / 1024);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return refuse(diags, s->name, 0, "cannot be read: %s", strerror(-r));
        if (fstat(fd, &after) < 0)
                return -errno;
        if (!same_file(&before, &after) || s->text.len != (size_t)after.st_size)
                return refuse(diags, s->name, 0,
                              "was changed while it was read: try again (replace a file by renaming a "
                              "complete one over it)");
        return 0;
}

static int read_fd(int fd, Source *s, DiagList *diags)
{
        int r = fd_read_all(fd, &s->text);
        if (r == -ENOBUFS)
                return refuse(diags, s->name, 0, "is larger than %d KiB", LIMIT_CONFIG_FILE / 1024);
        if (r < 0 && r != -ENOMEM)
                return refuse(diags, s->name, 0, "cannot be read: %s", strerror(-r));
        return r;
}

static int read_path(const char *path, Source *s, DiagList *diags)
{
        /* Followed once, here; from now on only the descriptor counts. */
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 && errno == ENOENT)
                return refuse(diags, s->name, 0, "there is no such file");
        if (fd < 0)
                return refuse(diags, s->name, 0, "cannot be opened: %s", strerror(errno));
        return read_regular(fd, path, s, diags);
}

/* ---- the text ------------------------------------------------------------ */

uint32_t source_line_at(Span text, size_t offset)
{
        Span before = span_first(text, offset), line;
        uint32_t n = 0;
        while (source_line(&before, &line))
                n++;
        return MAX(n, 1U);
}

static int check_text(Source *s, DiagList *diags)
{
        Span t = buf_span(&s->text);
        if (span_starts(t, SPAN("\xff\xfe")) || span_starts(t, SPAN("\xfe\xff")) ||
            (t.len >= 2 && (t.ptr[0] == '\0') != (t.ptr[1] == '\0')))
                return refuse(diags, s->name, 0, "is UTF-16: save it as UTF-8");
        if (span_starts(t, SPAN("\xef\xbb\xbf")))
                buf_consume(&s->text, 3);

        t = buf_span(&s->text);
        for (Span rest = t; rest.len;) {
                size_t n = utf8_sequence(rest), at = t.len - rest.len;
                if (n == 0)
                        return refuse(diags, s->name, source_line_at(t, at),
                                      "is not UTF-8: the byte 0x%02x stands here",
                                      (unsigned)(uint8_t)rest.ptr[0]);
                if (rest.ptr[0] == '\0')
                        return refuse(diags, s->name, source_line_at(t, at),
                                      "has a NUL byte here: it is not a text");
                rest = span_skip(rest, n);
        }
        return json_text_prepare(&s->text);
}

static int source_new(const char *name, Source *s)
{
        *s = (Source){.name = strdup(name), .text = BUF_INIT(LIMIT_CONFIG_FILE)};
        return s->name ? 0 : -ENOMEM;
}

static int source_finish(int r, Source *s, DiagList *diags, Source *ret)
{
        if (r == 0)
                r = check_text(s, diags);
        if (r == 0)
                *ret = *s;
        else
                source_done(s);
        return r;
}

int source_read(const char *path, DiagList *diags, Source *ret)
{
        bool is_stdin = strcmp(path, "-") == 0;
        Source s;
        int r = source_new(is_stdin ? "<stdin>" : path, &s);
        if (r == 0)
                r = is_stdin ? read_fd(STDIN_FILENO, &s, diags) : read_path(path, &s, diags);
        return source_finish(r, &s, diags, ret);
}

int source_read_fd(int fd, const char *name, DiagList *diags, Source *ret)
{
        Source s;
        int r = source_new(name, &s);
        if (r == 0 && lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
                r = refuse(diags, name, 0, "cannot be read: %s", strerror(errno));
        if (r == 0)
                r = read_fd(fd, &s, diags);
        return source_finish(r, &s, diags, ret);
}

int source_from_text(const char *name, Span text, DiagList *diags, Source *ret)
{
        Source s;
        int r = source_new(name, &s);
        if (r == 0)
                r = buf_append_span(&s.text, text);
        if (r == -ENOBUFS)
                r = refuse(diags, name, 0, "is larger than %d KiB", LIMIT_CONFIG_FILE / 1024);
        return source_finish(r, &s, diags, ret);
}

void source_done(Source *s)
{
        free(s->name);
        buf_done(&s->text);
        *s = (Source){0};
}

/* ---- lines for messages -------------------------------------------------- */

/* Length of the line end at the start of s, 0 if there is none. */
static size_t line_end(Span s)
{
        static const Span ends[] = {{"\r\n", 2},     {"\n", 1},           {"\r", 1},
                                    {"\xc2\x85", 2}, {"\xe2\x80\xa8", 3}, {"\xe2\x80\xa9", 3}};
        if (!strchr("\r\n\xc2\xe2", s.ptr[0]))
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
                if (span_starts(s, ends[i]))
                        return ends[i].len;
        return 0;
}

bool source_line(Span *text, Span *ret_line)
{
        if (!text->ptr)
                return false;
        for (size_t i = 0; i < text->len; i++) {
                size_t n = line_end(span_skip(*text, i));
                if (n == 0)
                        continue;
                *ret_line = span_first(*text, i);
                *text = span_skip(*text, i + n);
                return true;
        }
        *ret_line = *text;
        *text = SPAN_NONE;
        return true;
}

static bool masked(const SourceMask *masks, size_t n, uint32_t line, uint32_t col)
{
        for (size_t i = 0; i < n; i++) {
                const SourceMask *m = &masks[i];
                bool begun = line > m->line || (line == m->line && col >= m->col);
                bool ended = line > m->end_line || (line == m->end_line && col >= m->end_col);
                if (begun && !ended)
                        return true;
        }
        return false;
}

static int copy_masked(Span line, uint32_t number, const SourceMask *masks, size_t n, Buf *b)
{
        if (n == 0)
                return buf_append_span(b, line);
        int r = 0;
        for (uint32_t col = 1; line.len && r == 0; col++) {
                size_t size = MAX(utf8_sequence(line), (size_t)1);
                r = masked(masks, n, number, col) ? buf_append_char(b, '*') : buf_append(b, line.ptr, size);
                line = span_skip(line, size);
        }
        return r;
}

/* The masks that touch a line, moved to the front of `out`. */
static size_t masks_of_line(const SourceMask *masks, size_t n, uint32_t line, SourceMask *out, size_t room)
{
        size_t k = 0;
        for (size_t i = 0; i < n && k < room; i++)
                if (masks[i].line <= line && masks[i].end_line >= line)
                        out[k++] = masks[i];
        return k;
}

typedef struct Attach {
        const SourceMask *masks; /* borrowed; NULL: guess */
        size_t n_masks;
        Span rest, line;
        uint32_t number; /* of `line` */
        SourceGuess guess;
} Attach;

/* Goes forward to a line; false when the text has none of that number (the mark of its end). */
static bool seek_line(Attach *a, uint32_t number)
{
        while (a->number < number && source_line(&a->rest, &a->line)) {
                a->number++;
                if (!a->masks)
                        source_guess(&a->guess, a->line);
        }
        return a->number == number;
}

/* The current line as it may be seen; nothing when it is blank, or too much of it is secret. */
static int show_line(const Attach *a, Buf *b)
{
        enum { MASKS_OF_A_LINE = 256 };
        SourceMask here[MASKS_OF_A_LINE];
        buf_clear(b);
        if (span_trim(a->line).len == 0)
                return 0;
        if (!a->masks)
                return source_copy_guessed(&a->guess, a->line, b);
        size_t k = masks_of_line(a->masks, a->n_masks, a->number, here, ARRAY_SIZE(here));
        return k == ARRAY_SIZE(here) ? 0 : copy_masked(a->line, a->number, here, k, b);
}

int source_attach(const Source *s, const SourceMask *masks, size_t n_masks, DiagList *diags)
{
        enum { LINES_TOTAL = 2 * 1024 * 1024 }; /* bytes of lines that travel with one list */
        CLEANUP(buf_done) Buf shown = BUF_INIT(LIMIT_CONFIG_FILE);
        Attach a = {.masks = masks, .n_masks = n_masks, .rest = buf_span(&s->text)};
        const char *text = NULL; /* of line `number`: findings of one line share it */
        uint32_t number = 0;
        size_t total = 0;

        diag_list_sort(diags);
        for (Diag *d = diags->first; d; d = d->next) {
                if (d->source || !d->at.line || !d->at.file || strcmp(d->at.file, s->name) != 0)
                        continue;
                if (!seek_line(&a, d->at.line))
                        continue;
                if (number != a.number) {
                        int r = show_line(&a, &shown);
                        if (r < 0)
                                return r;
                        number = a.number;
                        text = shown.len ? arena_strdup(&diags->arena, buf_span(&shown)) : NULL;
                }
                total += text ? strlen(text) : 0;
                if (total <= LINES_TOTAL)
                        d->source = text;
        }
        return 0;
}
