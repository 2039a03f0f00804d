/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/parse.h"
#include "ipc/token.h"
#include "supervisor/token-file.h"
#include "supervisor/token.h"
#include "support/oom.h"

#define HASH "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char path[PATH_MAX];

static int setup(void **state)
{
        int r = test_dir_setup(state);
        (void)snprintf(path, sizeof(path), "%s/token", (char *)*state);
        return r;
}

static size_t entries_of(const char *dir)
{
        size_t n = 0;
        DIR *d = opendir(dir);
        assert_non_null(d);
        for (const struct dirent *e; (e = readdir(d));)
                n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
        (void)closedir(d);
        return n;
}

static void write_file(const char *text, size_t n, mode_t mode)
{
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(fd_write_all(fd, span_from(text, n)), 0);
        assert_int_equal(fchmod(fd, mode), 0);
}

/* ---- the file ----------------------------------------------------------------- */

static void test_make(void **state UNUSED)
{
        char a[TOKEN_TEXT], b[TOKEN_TEXT];
        assert_int_equal(token_make(a), 0);
        assert_int_equal(token_make(b), 0);
        assert_string_not_equal(a, b);
        assert_int_equal(strlen(a), TOKEN_TEXT - 1);
        assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                         strlen(a));
        assert_non_null(memchr("AEIMQUYcgkosw048", a[42], 16)); /* the last one has four bits */
}

static void test_write_and_read(void **state)
{
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        CLEANUP_FREE char *text = NULL;
        struct stat st;
        mode_t before = umask(0);
        assert_int_equal(token_file_read(path, &text, &why), TOKEN_FILE_E_MISSING);
        assert_null(text);
        assert_int_equal(token_file_write(path, "secret"), 0);
        (void)umask(before);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(st.st_size, 7);
        assert_int_equal(token_file_read(path, &text, &why), 0);
        assert_string_equal(text, "secret");
        assert_int_equal(token_file_write(path, "another"), -EEXIST);
        free(text);
        assert_int_equal(token_file_read(path, &text, &why), 0);
        assert_string_equal(text, "secret");
        assert_int_equal(entries_of(*state), 1);
        assert_int_equal(why.len, 0);
}

/* One that was left half written by an earlier life of this pid is no hindrance, wherever it points. */
static void test_left_over(void **state)
{
        CLEANUP(buf_done) Buf new = BUF_INIT(PATH_MAX), why = BUF_INIT(4096);
        CLEANUP_FREE char *text = NULL;
        assert_int_equal(buf_appendf(&new, "%s.new-%d", path, (int)getpid()), 0);
        assert_int_equal(symlink("/dev/null", buf_text(&new)), 0);
        assert_int_equal(token_file_write(path, "secret"), 0);
        assert_int_equal(token_file_read(path, &text, &why), 0);
        assert_string_equal(text, "secret");
        assert_int_equal(entries_of(*state), 1);
        assert_int_equal(token_file_write("/nowhere/at/all", "x"), -ENOENT);
}

static void test_refused_files(void **state)
{
        static const struct {
                const char *text;
                size_t n;
                mode_t mode;
                const char *why;
        } rows[] = {
                {"abc\n", 4, 0644, "open to others (mode 0644)"},
                {"abc\n", 4, 0640, "open to others (mode 0640)"},
                {"abc\n", 4, 0602, "open to others"},
                {"", 0, 0600, "is empty"},
                {" \n\n", 3, 0600, "is empty"},
                {"abc def\n", 8, 0600, "more than one word"},
                {"abc\ndef\n", 8, 0600, "more than one word"},
                {"abc\0def", 7, 0600, "more than one word"},
                {"caf\xc3\xa9", 5, 0600, "more than one word"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf why = BUF_INIT(4096);
                char *text = NULL;
                write_file(rows[i].text, rows[i].n, rows[i].mode);
                assert_row(token_file_read(path, &text, &why) == TOKEN_FILE_E_REFUSED, "%zu", i);
                assert_row(strstr(buf_text(&why), rows[i].why) && strstr(buf_text(&why), path), "%zu: %s", i,
                           buf_text(&why));
                assert_null(text);
        }
        CLEANUP(buf_done) Buf why = BUF_INIT(4096), longest = BUF_INIT(BUF_CAP_NONE);
        char *text = NULL;
        for (size_t i = 0; i < LIMIT_TOKEN; i++)
                assert_int_equal(buf_append_char(&longest, 'a'), 0);
        write_file(longest.data, longest.len, 0600);
        assert_int_equal(token_file_read(path, &text, &why), 0);
        assert_int_equal(strlen(text), LIMIT_TOKEN);
        free(text);
        text = NULL;
        assert_int_equal(buf_append_char(&longest, 'a'), 0);
        write_file(longest.data, longest.len, 0600);
        assert_int_equal(token_file_read(path, &text, &why), TOKEN_FILE_E_REFUSED);
        assert_non_null(strstr(buf_text(&why), "longer than"));
        buf_clear(&why);
        assert_int_equal(token_file_read((char *)*state, &text, &why), TOKEN_FILE_E_REFUSED);
        assert_non_null(strstr(buf_text(&why), "no regular file"));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        buf_clear(&why);
        assert_int_equal(token_file_read(path, &text, &why), TOKEN_FILE_E_REFUSED); /* and does not wait */
}

/* ---- which ones --------------------------------------------------------------- */

static size_t read_tokens(const Tokens *t, IpcToken ret[static 4])
{
        CLEANUP_FREE IpcToken *got = NULL;
        size_t n = 0;
        assert_int_equal(ipc_tokens_read(t->fd, &got, &n), 0);
        assert_true(n <= 4);
        if (n)
                memcpy(ret, got, n * sizeof(*got));
        return n;
}

static void gather(const char *yaml, const char *given, const char *state, Tokens *ret)
{
        CLEANUP(config_unref_p) Config *c = config_of(yaml);
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        const TokensArgs args = {.config = c, .given = given, .state = state};
        int r = tokens_gather(&args, ret, &why);
        if (r != 0)
                fail_msg("%d: %s", r, buf_text(&why));
}

static void test_default_file(void **state)
{
        CLEANUP(tokens_done) Tokens a = TOKENS_INIT, b = TOKENS_INIT;
        IpcToken got[4];
        gather("servers: {}", NULL, *state, &a);
        assert_string_equal(a.path, path);
        assert_true(a.made);
        assert_int_equal(strlen(a.text), TOKEN_TEXT - 1);
        assert_int_equal(read_tokens(&a, got), 1);
        assert_string_equal(got[0].name, "token_file");
        assert_ptr_equal(ipc_token_find(got, 1, span_of(a.text)), &got[0]);
        gather("servers: {}", NULL, *state, &b);
        assert_false(b.made);
        assert_string_equal(b.text, a.text);
}

static void test_mode_none(void **state)
{
        CLEANUP(tokens_done) Tokens t = TOKENS_INIT;
        IpcToken got[4];
        gather("auth: {mode: none, tokens: [{name: a, hash: \"" HASH "\"}]}", "given", *state, &t);
        assert_int_equal(read_tokens(&t, got), 0);
        assert_null(t.path);
        assert_null(t.text);
        assert_int_equal(entries_of(*state), 0);
}

/* Who gives another token gets no file, and one of earlier opens nothing any more. */
static void test_others_without_file(void **state)
{
        static const struct {
                const char *yaml, *given, *name;
        } rows[] = {
                {"servers: {}", "given", "MCPVISOR_TOKEN"},
                {"auth: {tokens: [{name: ci, hash: \"" HASH "\"}]}", NULL, "ci"},
        };
        for (int earlier = 0; earlier < 2; earlier++) {
                for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                        CLEANUP(tokens_done) Tokens t = TOKENS_INIT;
                        IpcToken got[4];
                        gather(rows[i].yaml, rows[i].given, *state, &t);
                        assert_int_equal(read_tokens(&t, got), 1);
                        assert_string_equal(got[0].name, rows[i].name);
                        assert_null(t.path);
                        assert_null(t.text);
                        assert_int_equal(entries_of(*state), earlier);
                }
                write_file("old\n", 4, 0600);
        }
}

static void test_all_together(void **state)
{
        CLEANUP(tokens_done) Tokens t = TOKENS_INIT;
        CLEANUP(buf_done) Buf yaml = BUF_INIT(8192);
        uint8_t hash[SHA256_SIZE];
        IpcToken got[4];
        assert_int_equal(buf_appendf(&yaml, "auth: {token_file: %s/mine, tokens: [{name: ci, hash: \"%s\"}]}",
                                     (char *)*state, HASH),
                         0);
        gather(buf_text(&yaml), "given", "/nowhere", &t);
        assert_true(t.made && strstr(t.path, "/mine"));
        assert_int_equal(read_tokens(&t, got), 3);
        assert_string_equal(got[0].name, "token_file");
        assert_string_equal(got[1].name, "MCPVISOR_TOKEN");
        assert_string_equal(got[2].name, "ci");
        assert_int_equal(parse_hex(span_skip(SPAN(HASH), 7), hash, sizeof(hash)), 0);
        assert_memory_equal(got[2].hash, hash, sizeof(hash));
        assert_ptr_equal(ipc_token_find(got, 3, SPAN("given")), &got[1]);
}

/* Without a state directory: made up once, and the same at each reload. */
static void test_made_up(void **state UNUSED)
{
        CLEANUP(config_unref_p) Config *c = config_of("servers: {}");
        CLEANUP(tokens_done) Tokens a = TOKENS_INIT, b = TOKENS_INIT, d = TOKENS_INIT;
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        TokensArgs args = {.config = c};
        assert_int_equal(tokens_gather(&args, &a, &why), 0);
        assert_null(a.path);
        assert_true(a.made);
        args.before = &a;
        assert_int_equal(tokens_gather(&args, &b, &why), 0);
        assert_string_equal(a.text, b.text);
        assert_false(b.made);
        args.before = &TOKENS_INIT;
        assert_int_equal(tokens_gather(&args, &d, &why), 0);
        assert_string_not_equal(a.text, d.text);
}

static void test_refused(void **state)
{
        CLEANUP(config_unref_p)
        Config *c = config_of("auth: {token_file: /nowhere/at/all}"), *usual = config_of("servers: {}");
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        Tokens t = TOKENS_INIT;
        TokensArgs args = {.config = c, .state = *state};
        assert_int_equal(tokens_gather(&args, &t, &why), TOKENS_E_REFUSED);
        assert_string_equal(buf_text(&why), "the token file /nowhere/at/all cannot be made: No such file or "
                                            "directory: make its directory first");
        write_file("abc\n", 4, 0644);
        buf_clear(&why);
        args.config = usual;
        assert_int_equal(tokens_gather(&args, &t, &why), TOKENS_E_REFUSED);
        assert_non_null(strstr(buf_text(&why), "chmod 600"));
        assert_true(t.fd == -EBADF && !t.path && !t.text);
}

static int op_gather(void *arg)
{
        Tokens t = TOKENS_INIT;
        CLEANUP(buf_done) Buf why = BUF_INIT(4096);
        oom_hold();
        (void)unlink(path);
        oom_release();
        int r = tokens_gather(arg, &t, &why);
        if (r != 0)
                assert_true(t.fd == -EBADF && !t.path && !t.text);
        tokens_done(&t);
        return r;
}

static void test_oom(void **state)
{
        CLEANUP(config_unref_p)
        Config *c = config_of("auth: {tokens: [{name: ci, hash: \"" HASH "\"}]}"),
               *usual = config_of("servers: {}");
        TokensArgs args = {.config = c, .given = "given", .state = *state};
        oom_each(op_gather, &args);
        args = (TokensArgs){.config = usual, .state = *state};
        oom_each(op_gather, &args);
        args.state = NULL;
        oom_each(op_gather, &args);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, test_dir_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_make),
                TEST(test_write_and_read),
                TEST(test_left_over),
                TEST(test_refused_files),
                TEST(test_default_file),
                TEST(test_mode_none),
                TEST(test_others_without_file),
                TEST(test_all_together),
                TEST(test_made_up),
                TEST(test_refused),
                TEST(test_oom),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
