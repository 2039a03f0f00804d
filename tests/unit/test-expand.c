/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/limit-table.h"

static const char nul_file[] = "a\0b";

static const FakeRow world[] = {
        {.name = "A", .text = "alpha"},
        {.name = "EMPTY", .text = ""},
        {.name = "HOME", .text = "/home/u"},
        {.name = "RAW", .text = "$A ${A}"},
        {.name = "BAD", .text = "\xff"},
        {.name = "/f/plain", .text = "text"},
        {.name = "/f/newline", .text = "text\n"},
        {.name = "/f/crlf", .text = "text\r\n"},
        {.name = "/f/two", .text = "text\n\n"},
        {.name = "/f/empty", .text = ""},
        {.name = "/f/nul", .text = nul_file, .len = 3},
        {.name = "/f/latin", .text = "caf\xe9"},
        {.name = "/f/dollar", .text = "$A"},
        {.name = "/f/denied", .error = -EACCES},
        {.name = "/f/perm", .error = -EPERM},
        {.name = "/f/dir", .error = -EISDIR},
        {.name = "/f/fifo", .error = -ENOTSUP},
        {.name = "/f/loop", .error = -ELOOP},
        {.name = "/f/io", .error = -EIO},
        {.name = "/f/large", .error = -ENOBUFS},
        {.name = "CREDENTIALS_DIRECTORY", .text = "/cred"},
        {.name = "/cred/token", .text = "secret\n"},
        {.name = NULL},
};

typedef struct ExpandRow {
        const char *text, *value;
        bool references, secret;
} ExpandRow;

static void test_forms(void **state UNUSED)
{
        static const ExpandRow rows[] = {
                {"", "", false, false},
                {"plain", "plain", false, false},
                {"$$", "$", false, false},
                {"$$$$", "$$", false, false},
                {"$$$", "$$", false, false},
                {"$", "$", false, false},
                {"a$b", "a$b", false, false},
                {"$A", "$A", false, false},
                {"100%$", "100%$", false, false},
                {"$${A}", "${A}", false, false},
                {"${A}", "alpha", true, false},
                {"x${A}y${A}", "xalphayalpha", true, false},
                {"${A:-no}", "alpha", true, false},
                {"${EMPTY}", "", true, false},
                {"${EMPTY:-d}", "d", true, false},
                {"${UNSET:-}", "", true, false},
                {"${UNSET:-a:-b}", "a:-b", true, false},
                {"${UNSET:-{}x", "{x", true, false},
                {"${env:A}", "alpha", true, false},
                {"${env:UNSET:-z}", "z", true, false},
                {"${userHome}/x", "/home/u/x", true, false},
                {"${RAW}", "$A ${A}", true, false},
                {"${file:/f/plain}", "text", true, true},
                {"${file:/f/newline}", "text", true, true},
                {"${file:/f/crlf}", "text", true, true},
                {"${file:/f/two}", "text\n", true, true},
                {"${file:/f/empty}", "", true, true},
                {"${file:/f/dollar}", "$A", true, true},
                {"a ${credential:token} b", "a secret b", true, true},
        };
        FakeEnv fake = FAKE_ENV(world);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                CLEANUP(buf_done) Buf out = BUF_INIT(1024), why = BUF_INIT(1024);
                Expansion e;
                int r = expand(&fake.env, span_of(rows[i].text), &out, &e, &why);
                assert_row(r == 0, "%s: %s", rows[i].text, buf_text(&why));
                assert_row(strcmp(buf_text(&out), rows[i].value) == 0, "%s: %s", rows[i].text,
                           buf_text(&out));
                assert_row(e.references == rows[i].references && e.secret == rows[i].secret, "%s",
                           rows[i].text);
        }
}

static void assert_refused(const FakeRow *rows, Span text, const char *say)
{
        FakeEnv fake = FAKE_ENV(rows);
        CLEANUP(buf_done) Buf out = BUF_INIT(LIMIT_CONFIG_VALUE), why = BUF_INIT(EXPAND_WHY);
        Expansion e;
        int r = expand(&fake.env, text, &out, &e, &why);
        assert_row(r == EXPAND_E_INVALID, "%.100s: %d", text.ptr, r);
        assert_row(strstr(buf_text(&why), say), "%.100s: %s", text.ptr, buf_text(&why));
}

static void test_errors(void **state UNUSED)
{
        static const char *const rows[][2] = {
                {"${A", "without its \"}\""},
                {"${", "without its"},
                {"${a${A}}", "inside a reference"},
                {"${UNSET:-${A}}", "inside a reference"},
                {"${UNSET}", "UNSET is not set"},
                {"${UNSET:x}", "is no reference"},
                {"${}", "is no reference"},
                {"${1}", "is no reference"},
                {"${A B}", "is no reference"},
                {"${:-x}", "is no reference"},
                {"${BAD}", "BAD is not UTF-8"},
                {"${file:}", "is empty"},
                {"${file:x}", "absolute"},
                {"${file:~/x}", "${HOME}"},
                {"${file:/a/../b}", ".."},
                {"${file:/f/missing}", "cannot read the file /f/missing: there is no such file"},
                {"${file:/f/denied}", "may not be read by this user"},
                {"${file:/f/perm}", "may not be read by this user"},
                {"${file:/f/dir}", "is a directory"},
                {"${file:/f/fifo}", "not a regular file"},
                {"${file:/f/loop}", "too many symbolic links"},
                {"${file:/f/io}", "Input/output error"},
                {"${file:/f/large}", "the file /f/large is larger than 65536 bytes"},
                {"${file:/f/nul}", "not UTF-8"},
                {"${file:/f/latin}", "not UTF-8"},
                {"${credential:}", "no name of a credential"},
                {"${credential:a/b}", "no name of a credential"},
                {"${credential:..}", "no name of a credential"},
                {"${credential:missing}", "cannot read the credential /cred/missing"},
                {"${input:x}", "cannot ask a person"},
                {"${command:x}", "not known to a daemon"},
                {"${config:x}", "not known to a daemon"},
                {"${workspaceFolder}/x", "no workspace"},
                {"${workspaceFolderBasename}", "no workspace"},
                {"${pathSeparator}", "write / instead"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_refused(world, span_of(rows[i][0]), rows[i][1]);
        assert_refused(NULL, SPAN("${credential:token}"), "LoadCredential=token:PATH");
        assert_refused(NULL, SPAN("${userHome}"), "HOME is not set");
}

/* Errors that name what was written are sentences, however long that was. */
static void test_long_names(void **state UNUSED)
{
        char text[8192];
        memset(text, 'a', sizeof(text));
        memcpy(text, "${file:/", 8);
        text[8 + 4094] = '}';
        assert_refused(NULL, span_from(text, 8 + 4095), "no such file");
        text[8 + 4094] = 'a';
        text[8 + 4095] = '}';
        assert_refused(NULL, span_from(text, 8 + 4096), "longer than a path");
        memset(text, 'A', sizeof(text));
        memcpy(text, "${", 2);
        text[2 + 255] = '}';
        assert_refused(NULL, span_from(text, 2 + 256), "is not set");
        text[2 + 255] = 'A';
        text[2 + 256] = '}';
        assert_refused(NULL, span_from(text, 2 + 257), "is no reference");

        memset(text, 'd', sizeof(text));
        memcpy(text, "/", 1);
        text[8191] = '\0';
        const FakeRow rows[] = {{.name = "CREDENTIALS_DIRECTORY", .text = text}, {.name = NULL}};
        assert_refused(rows, SPAN("${credential:token}"), "credential");
}

static void test_cap(void **state UNUSED)
{
        CLEANUP_FREE char *big = calloc(1, LIMIT_CONFIG_VALUE + 2);
        assert_non_null(big);
        memset(big, 'x', LIMIT_CONFIG_VALUE + 1);
        const FakeRow rows[] = {{.name = "/big", .text = big, .len = LIMIT_CONFIG_VALUE},
                                {.name = "/more", .text = big, .len = LIMIT_CONFIG_VALUE + 1},
                                {.name = NULL}};
        FakeEnv fake = FAKE_ENV(rows);
        CLEANUP(buf_done) Buf out = BUF_INIT(LIMIT_CONFIG_VALUE), why = BUF_INIT(1024);
        Expansion e;
        assert_int_equal(expand(&fake.env, span_from(big, LIMIT_CONFIG_VALUE), &out, &e, &why), 0);
        assert_int_equal(out.len, LIMIT_CONFIG_VALUE);
        buf_clear(&out);
        assert_int_equal(expand(&fake.env, SPAN("${file:/big}"), &out, &e, &why), 0);
        assert_int_equal(out.len, LIMIT_CONFIG_VALUE);
        assert_refused(rows, span_from(big, LIMIT_CONFIG_VALUE + 1), "longer than 65536 bytes");
        assert_refused(rows, SPAN("a${file:/big}"), "longer than 65536 bytes");
        assert_refused(rows, SPAN("${file:/more}"), "larger than 65536 bytes");
        big[10] = '$';
        big[11] = '\0';
        assert_refused(rows, span_from(big, LIMIT_CONFIG_VALUE + 1), "longer than 65536 bytes");
}

/* expand() gives back what expand_quote() took. */
static void test_quote_gives_back(void **state UNUSED)
{
        static const char alphabet[] = "$${}:-aA \n\"\\/env";
        SeededRandom random;
        FakeEnv fake = FAKE_ENV(world);
        test_random_init(&random);
        for (int round = 0; round < 20000; round++) {
                char text[40];
                size_t n = random_below(&random.random, sizeof(text));
                for (size_t i = 0; i < n; i++)
                        text[i] = alphabet[random_below(&random.random, sizeof(alphabet) - 1)];
                CLEANUP(buf_done) Buf quoted = BUF_INIT(1024), out = BUF_INIT(1024), why = BUF_INIT(1024);
                Expansion e;
                assert_int_equal(expand_quote(span_from(text, n), &quoted), 0);
                assert_int_equal(expand(&fake.env, buf_span(&quoted), &out, &e, &why), 0);
                assert_span_equal(buf_span(&out), span_from(text, n));
                assert_false(e.references || e.secret);
        }
}

static int read_real(const char *dir, const char *name, Buf *b)
{
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        return expand_real.read(&expand_real, path, b);
}

static void test_real(void **state)
{
        const char *dir = *state;
        char path[512];
        CLEANUP(buf_done) Buf b = BUF_INIT(8);
        (void)snprintf(path, sizeof(path), "%s/file", dir);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "12345678", 8), 8);
        assert_int_equal(read_real(dir, "file", &b), 0);
        assert_string_equal(b.data, "12345678");
        buf_clear(&b);
        assert_int_equal(write(fd, "9", 1), 1);
        assert_int_equal(read_real(dir, "file", &b), -ENOBUFS);
        close(fd);
        (void)snprintf(path, sizeof(path), "%s/fifo", dir);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(read_real(dir, "fifo", &b), -ENOTSUP);
        assert_int_equal(read_real(dir, "missing", &b), -ENOENT);
        assert_int_equal(read_real(dir, "", &b), -EISDIR);
        assert_non_null(expand_real.get(&expand_real, "PATH"));
        assert_null(expand_real.get(&expand_real, "MCPVISOR_NO_SUCH_VARIABLE"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forms),
                cmocka_unit_test(test_errors),
                cmocka_unit_test(test_long_names),
                cmocka_unit_test(test_cap),
                cmocka_unit_test(test_quote_gives_back),
                cmocka_unit_test_setup_teardown(test_real, test_dir_setup, test_dir_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
