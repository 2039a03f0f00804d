/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"
#include "support/oom.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "config/source.h"

/* ---- files ---------------------------------------------------------------- */

static void make_file(const char *path, Span text, mode_t mode)
{
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, text), 0);
        assert_int_equal(fchmod(fd, mode), 0);
}

static void assert_refused(const char *path, const char *say)
{
        Source s = {.name = NULL};
        DiagList diags;
        diag_list_init(&diags);
        assert_int_equal(source_read(path, &diags, &s), SOURCE_E_INVALID);
        assert_null(s.name);
        assert_int_equal(diags.count[DIAG_ERROR], 1);
        const Diag *d = diags.first;
        while (d->severity != DIAG_ERROR)
                d = d->next;
        assert_row(strstr(d->message, say), "%s: %s", path, d->message);
        assert_string_equal(d->at.file, path);
        diag_list_done(&diags);
}

static void assert_read(const char *path, Span text, const char *warning)
{
        Source s;
        DiagList diags;
        diag_list_init(&diags);
        assert_int_equal(source_read(path, &diags, &s), 0);
        assert_span_equal(buf_span(&s.text), text);
        assert_int_equal(diags.count[DIAG_WARNING], warning ? 1 : 0);
        if (warning)
                assert_non_null(strstr(diags.first->message, warning));
        source_done(&s);
        diag_list_done(&diags);
}

static void test_kinds(void **state)
{
        char path[512], link[512];
        const char *dir = *state;
        (void)snprintf(path, sizeof(path), "%s/f", dir);
        assert_refused(path, "no such file");
        make_file(path, SPAN("a: 1\n"), 0600);
        assert_read(path, SPAN("a: 1\n"), NULL);
        (void)snprintf(link, sizeof(link), "%s/link", dir);
        assert_int_equal(symlink("f", link), 0);
        assert_read(link, SPAN("a: 1\n"), NULL);
        make_file(path, SPAN(""), 0640);
        assert_read(path, SPAN_NONE, NULL);
        make_file(path, SPAN("x"), 0660);
        assert_read(path, SPAN("x"), "chmod g-w");
        make_file(path, SPAN("x"), 0602);
        assert_refused(path, "chmod o-w");
        assert_refused(dir, "is a directory");
        assert_refused("/dev/zero", "not a regular file");
        assert_refused("/dev/null", "not a regular file");
        (void)snprintf(path, sizeof(path), "%s/f/x", dir);
        assert_refused(path, "cannot be opened: Not a directory");
        (void)snprintf(path, sizeof(path), "%s/loop", dir);
        assert_int_equal(symlink("loop", path), 0);
        assert_refused(path, "symbolic links");
}

/* Nobody writes into it, and still we come back. */
static void test_fifo(void **state)
{
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/fifo", (const char *)*state);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_refused(path, "not a regular file");
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        (void)snprintf(a.sun_path, sizeof(a.sun_path), "%.90s/s", (const char *)*state);
        CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        assert_refused(a.sun_path, "cannot be opened");
}

static void test_size(void **state)
{
        char path[512];
        CLEANUP_FREE char *text = malloc(LIMIT_CONFIG_FILE + 1);
        assert_non_null(text);
        memset(text, '#', LIMIT_CONFIG_FILE + 1);
        (void)snprintf(path, sizeof(path), "%s/f", (const char *)*state);
        make_file(path, span_from(text, LIMIT_CONFIG_FILE), 0600);
        assert_read(path, span_from(text, LIMIT_CONFIG_FILE), NULL);
        make_file(path, span_from(text, LIMIT_CONFIG_FILE + 1), 0600);
        assert_refused(path, "larger than 1024 KiB");

        Source s;
        DiagList diags;
        diag_list_init(&diags);
        assert_int_equal(source_from_text("t", span_from(text, LIMIT_CONFIG_FILE + 1), &diags, &s),
                         SOURCE_E_INVALID);
        assert_non_null(strstr(diags.first->message, "larger than"));
        diag_list_done(&diags);
}

/* A foreign file: neither ours, nor root's, nor its directory's owner's. */
static void test_owner(void **state)
{
        char path[512];
        if (geteuid() != 0)
                skip();
        (void)snprintf(path, sizeof(path), "%s/f", (const char *)*state);
        make_file(path, SPAN("x"), 0600);
        assert_int_equal(chown(path, 12345, 0), 0);
        assert_read(path, SPAN("x"), "belongs to user 12345");
        assert_int_equal(chown(*state, 12345, 0), 0);
        assert_read(path, SPAN("x"), NULL);
        assert_int_equal(chdir(*state), 0);
        assert_read("f", SPAN("x"), NULL);
        assert_int_equal(chdir("/"), 0);
}

typedef struct Writer {
        const char *path;
        atomic_bool stop;
} Writer;

static void *write_on(void *arg)
{
        Writer *w = arg;
        char text[4096];
        memset(text, '#', sizeof(text));
        while (!w->stop) {
                CLEANUP_FD int fd = open(w->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
                for (int i = 0; i < 16 && !w->stop; i++)
                        if (fd < 0 || write(fd, text, sizeof(text)) < 0)
                                return NULL;
        }
        return NULL;
}

/* Against a writer: what is accepted is what the file was at one moment, never a mixture of lengths. */
static void test_racing_writer(void **state)
{
        char path[512];
        pthread_t thread;
        (void)snprintf(path, sizeof(path), "%s/f", (const char *)*state);
        make_file(path, SPAN("#"), 0600);
        Writer w = {.path = path};
        assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
        bool seen = false;
        for (int i = 0; i < 20000 && !seen; i++) {
                Source s;
                DiagList diags;
                diag_list_init(&diags);
                int r = source_read(path, &diags, &s);
                if (r == 0)
                        source_done(&s);
                else
                        seen = strstr(diags.first->message, "was changed while it was read") != NULL;
                diag_list_done(&diags);
        }
        w.stop = true;
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(seen);
}

static int read_stdin(int fd, DiagList *diags, Source *ret)
{
        int keep = dup(STDIN_FILENO);
        assert_true(keep >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
        int r = source_read("-", diags, ret);
        assert_int_equal(dup2(keep, STDIN_FILENO), STDIN_FILENO);
        close(keep);
        return r;
}

static void test_stdin(void **state)
{
        Source s;
        DiagList diags;
        CLEANUP_FD int fd = -EBADF, dir = open(*state, O_RDONLY | O_CLOEXEC),
                       zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        diag_list_init(&diags);
        assert_int_equal(fd_memfd_new("t", &fd), 0);
        assert_int_equal(fd_write_all(fd, SPAN("a: 1")), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(read_stdin(fd, &diags, &s), 0);
        assert_string_equal(s.name, "<stdin>");
        assert_span_equal(buf_span(&s.text), SPAN("a: 1"));
        source_done(&s);
        assert_int_equal(read_stdin(dir, &diags, &s), SOURCE_E_INVALID);
        assert_non_null(strstr(diags.first->message, "cannot be read"));
        assert_int_equal(read_stdin(zero, &diags, &s), SOURCE_E_INVALID);
        assert_non_null(strstr(diags.first->next->message, "larger than"));
        diag_list_done(&diags);
}

/* From its beginning, whoever read it before. */
static void test_fd(void **state)
{
        Source s;
        DiagList diags;
        int ends[2];
        CLEANUP_FD int fd = -EBADF, dir = open(*state, O_RDONLY | O_CLOEXEC);
        diag_list_init(&diags);
        assert_int_equal(fd_memfd_new("t", &fd), 0);
        assert_int_equal(fd_write_all(fd, SPAN("a: 1")), 0);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(source_read_fd(fd, "name", &diags, &s), 0);
                assert_string_equal(s.name, "name");
                assert_false(s.world_readable);
                assert_span_equal(buf_span(&s.text), SPAN("a: 1"));
                source_done(&s);
        }
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(fd_write_all(ends[1], SPAN("b")), 0);
        close(ends[1]);
        assert_int_equal(source_read_fd(ends[0], "pipe", &diags, &s), 0);
        assert_span_equal(buf_span(&s.text), SPAN("b"));
        source_done(&s);
        close(ends[0]);
        assert_int_equal(source_read_fd(dir, "dir", &diags, &s), SOURCE_E_INVALID);
        assert_int_equal(source_read_fd(-EBADF, "none", &diags, &s), SOURCE_E_INVALID);
        assert_int_equal(diags.count[DIAG_ERROR], 2);
        assert_string_equal(diags.first->next->at.file, "none");
        diag_list_done(&diags);
}

/* ---- texts ---------------------------------------------------------------- */

static void test_text(void **state UNUSED)
{
        static const struct {
                Span text, kept;
                const char *say;
                uint32_t line;
        } rows[] = {
                {{"a: 1", 4}, {"a: 1", 4}, NULL, 0},
                {{"\xef\xbb\xbf"
                  "a: 1",
                  7},
                 {"a: 1", 4},
                 NULL,
                 0},
                {{"", 0}, {NULL, 0}, NULL, 0},
                {{"{} // c", 7}, {"{}     ", 7}, NULL, 0},
                {{"\xff\xfe"
                  "a\0",
                  4},
                 {NULL, 0},
                 "UTF-16",
                 0},
                {{"\xfe\xff\0a", 4}, {NULL, 0}, "UTF-16", 0},
                {{"a\0:\0", 4}, {NULL, 0}, "UTF-16", 0},
                {{"\0a\0:", 4}, {NULL, 0}, "UTF-16", 0},
                {{"a\nb\xff\n", 5}, {NULL, 0}, "0xff", 2},
                {{"a\xc3", 2}, {NULL, 0}, "0xc3", 1},
                {{"\xed\xa0\x80", 3}, {NULL, 0}, "0xed", 1},
                {{"a\r\nb\rc\xe9", 7}, {NULL, 0}, "0xe9", 3},
                {{"a: b\n\n\0", 7}, {NULL, 0}, "NUL", 3},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Source s;
                DiagList diags;
                diag_list_init(&diags);
                int r = source_from_text("t", rows[i].text, &diags, &s);
                assert_row((r == 0) == !rows[i].say, "%zu", i);
                if (r == 0) {
                        assert_span_equal(buf_span(&s.text), rows[i].kept);
                        source_done(&s);
                } else {
                        assert_row(strstr(diags.first->message, rows[i].say), "%zu: %s", i,
                                   diags.first->message);
                        assert_row(diags.first->at.line == rows[i].line, "%zu: %u", i, diags.first->at.line);
                }
                diag_list_done(&diags);
        }
}

static void test_line_at(void **state UNUSED)
{
        Span t = SPAN("a\nb\r\nc\rd\xc2\x85"
                      "e\xe2\x80\xa8"
                      "f\xe2\x80\xa9"
                      "g\xc3\xa9h\n");
        for (size_t i = 0; i < t.len; i++)
                if (t.ptr[i] >= 'a' && t.ptr[i] <= 'g')
                        assert_int_equal(source_line_at(t, i), t.ptr[i] - 'a' + 1);
        assert_int_equal(source_line_at(t, t.len), 8);
        assert_int_equal(source_line_at(SPAN_NONE, 0), 1);
        assert_int_equal(source_line_at(SPAN(""), 0), 1);
}

/* ---- lines for messages ---------------------------------------------------- */

static void note(DiagList *l, const char *file, uint32_t line)
{
        diag_add(l, DIAG_ERROR, (DiagAt){.file = file, .line = line, .col = 1}, NULL, "here");
}

/* Attaches the lines of a text: `want` is what each line shows, from 1; NULL ends it. */
static void assert_lines(Span text, const SourceMask *masks, size_t n, const char *const *want)
{
        Source s;
        DiagList diags;
        uint32_t lines = 0;
        diag_list_init(&diags);
        assert_int_equal(source_from_text("t", text, &diags, &s), 0);
        while (want[lines])
                note(&diags, "t", ++lines);
        assert_int_equal(source_attach(&s, masks, n, &diags), 0);
        for (const Diag *d = diags.first; d; d = d->next) {
                const char *line = want[d->at.line - 1];
                assert_string_equal(d->source ? d->source : "", line);
        }
        source_done(&s);
        diag_list_done(&diags);
}

static void test_lines(void **state UNUSED)
{
        assert_lines(SPAN("one\ntwo\n\n  four\n"), NULL, 0,
                     (const char *const[]){"one", "two", "", "  four", "", NULL});
        assert_lines(SPAN("one\r\ntwo\r\n"), NULL, 0, (const char *const[]){"one", "two", "", NULL});
        assert_lines(SPAN("one\rtwo\xe2\x80\xa8three\xc2\x85"
                          "four"),
                     NULL, 0, (const char *const[]){"one", "two", "three", "four", "", NULL});
}

static void test_masks(void **state UNUSED)
{
        static const SourceMask one[] = {{1, 4, 1, 10}};
        assert_lines(SPAN("k: secret, x\nsecret"), one, 1,
                     (const char *const[]){"k: ******, x", "secret", NULL});
        assert_lines(SPAN("\xc3\xa9: \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9, x"), one, 1,
                     (const char *const[]){"\xc3\xa9: ******, x", NULL});
        /* From the middle of line 2 into line 4. */
        static const SourceMask many[] = {{2, 4, 4, 3}};
        assert_lines(SPAN("a\nb: \"se\n  cret\nxy\", c\nd"), many, 1,
                     (const char *const[]){"a", "b: ***", "******", "**\", c", "d", NULL});
        assert_lines(SPAN("a\r\nb: \"se\r\n  cret\r\nxy\", c\r\nd"), many, 1,
                     (const char *const[]){"a", "b: ***", "******", "**\", c", "d", NULL});
        static const SourceMask two[] = {{1, 1, 1, 2}, {1, 3, 1, 4}};
        assert_lines(SPAN("abcd"), two, 2, (const char *const[]){"*b*d", NULL});
}

/* So many masks in a line that not all of them can be looked at: the line is not shown. */
static void test_too_many_masks(void **state UNUSED)
{
        SourceMask masks[256];
        for (size_t i = 0; i < ARRAY_SIZE(masks); i++)
                masks[i] = (SourceMask){1, (uint32_t)i + 1, 1, (uint32_t)i + 2};
        assert_lines(SPAN("secret\nnext"), masks, ARRAY_SIZE(masks), (const char *const[]){"", "next", NULL});
        assert_lines(SPAN("secret\nnext"), masks, ARRAY_SIZE(masks) - 1,
                     (const char *const[]){"******", "next", NULL});
}

/* Only findings of this file that have no line yet get one. */
static void test_attach_others(void **state UNUSED)
{
        Source s;
        DiagList diags;
        diag_list_init(&diags);
        assert_int_equal(source_from_text("t", SPAN("one\ntwo"), &diags, &s), 0);
        note(&diags, "t", 2);
        assert_int_equal(source_attach(&s, NULL, 0, &diags), 0);
        const char *first = diags.first->source;
        note(&diags, "t", 1);
        note(&diags, "other", 1);
        note(&diags, NULL, 1);
        note(&diags, "t", 0);
        note(&diags, "t", 99);
        note(&diags, "t", 1);
        assert_int_equal(source_attach(&s, NULL, 0, &diags), 0);
        for (const Diag *d = diags.first; d; d = d->next) {
                bool ours = d->at.file && strcmp(d->at.file, "t") == 0;
                if (ours && d->at.line == 2)
                        assert_ptr_equal(d->source, first);
                else if (ours && d->at.line == 1)
                        assert_string_equal(d->source, "one");
                else
                        assert_null(d->source);
        }
        source_done(&s);
        diag_list_done(&diags);
}

static int read_it(void *path)
{
        Source s;
        DiagList diags;
        diag_list_init(&diags);
        int r = source_read(path, &diags, &s);
        if (r == 0) {
                oom_hold();
                note(&diags, path, 1);
                oom_release();
                static const SourceMask mask[] = {{1, 1, 1, 2}};
                r = source_attach(&s, mask, 1, &diags);
                source_done(&s);
        }
        diag_list_done(&diags);
        return r;
}

static void test_out_of_memory(void **state)
{
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/f", (const char *)*state);
        make_file(path, SPAN("{\"a\": \"\\ud83d\\ude00\"} // c"), 0600);
        for (unsigned n = 1;; n++) {
                oom_arm(n);
                int r = read_it(path);
                if (!oom_disarm()) {
                        assert_int_equal(r, 0);
                        assert_true(n > 4);
                        break;
                }
                assert_true(r == -ENOMEM ||
                            r == 0); /* the directory's owner, and one line, may stay unknown */
        }
}

int main(void)
{
#define IN_DIR(t) cmocka_unit_test_setup_teardown(t, test_dir_setup, test_dir_teardown)
        const struct CMUnitTest tests[] = {
                IN_DIR(test_kinds),
                IN_DIR(test_fifo),
                IN_DIR(test_size),
                IN_DIR(test_owner),
                IN_DIR(test_racing_writer),
                IN_DIR(test_stdin),
                IN_DIR(test_fd),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_line_at),
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_masks),
                cmocka_unit_test(test_too_many_masks),
                cmocka_unit_test(test_attach_others),
                IN_DIR(test_out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
