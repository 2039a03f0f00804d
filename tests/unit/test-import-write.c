/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "cli/import-write.h"

typedef struct Fixture {
        char dir[64], a[96], b[96], sub[96], inner[128];
        Buf why;
} Fixture;

static int setup(void **state)
{
        Fixture *f = calloc(1, sizeof(*f));
        if (!f)
                return -1;
        memcpy(f->dir, "/tmp/test-import-write.XXXXXX", 30);
        if (!mkdtemp(f->dir))
                return -1;
        (void)snprintf(f->a, sizeof(f->a), "%s/a", f->dir);
        (void)snprintf(f->b, sizeof(f->b), "%s/b", f->dir);
        (void)snprintf(f->sub, sizeof(f->sub), "%s/sub", f->dir);
        (void)snprintf(f->inner, sizeof(f->inner), "%s/x", f->sub);
        f->why = BUF_INIT(4096);
        *state = f;
        return 0;
}

/* Fails when anything else is there: nothing may be left behind. */
static int teardown(void **state)
{
        Fixture *f = *state;
        (void)unlink(f->inner);
        (void)rmdir(f->sub);
        (void)rmdir(f->a);
        (void)unlink(f->a);
        (void)unlink(f->b);
        int r = rmdir(f->dir);
        buf_done(&f->why);
        free(f);
        return r;
}

static void make(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, span_of(text)), 0);
        (void)close(fd);
}

static void holds(const char *path, const char *text)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(4096);
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(fd_read_all(fd, &b), 0);
        assert_string_equal(buf_text(&b), text);
}

static unsigned mode_of(const char *path)
{
        struct stat st;
        assert_int_equal(lstat(path, &st), 0);
        return st.st_mode & 07777;
}

static void test_all_appear(void **state)
{
        Fixture *f = *state;
        ImportWrite w = {0};
        mode_t before = umask(0277);
        assert_int_equal(import_write_file(&w, f->a, SPAN("1"), &f->why), 0);
        (void)umask(0);
        assert_int_equal(import_write_dir(&w, f->sub, &f->why), 0);
        assert_int_equal(import_write_file(&w, f->inner, SPAN("2"), &f->why), 0);
        (void)umask(before);
        assert_int_not_equal(access(f->a, F_OK), 0); /* not yet */
        assert_int_equal(import_write_commit(&w, &f->why), 0);
        import_write_done(&w);
        holds(f->a, "1");
        holds(f->inner, "2");
        assert_int_equal(mode_of(f->a), 0600);
        assert_int_equal(mode_of(f->inner), 0600);
        assert_int_equal(mode_of(f->sub), 0700);
}

static void test_none_appears(void **state)
{
        Fixture *f = *state;
        ImportWrite w = {0};
        make(f->a, "old");
        assert_int_equal(import_write_file(&w, f->a, SPAN("1"), &f->why), 0);
        assert_int_equal(import_write_file(&w, f->b, SPAN("2"), &f->why), 0);
        assert_int_equal(import_write_dir(&w, f->sub, &f->why), 0);
        assert_int_equal(import_write_file(&w, f->inner, SPAN("3"), &f->why), 0);
        assert_int_equal(import_write_commit(&w, &f->why), IMPORT_WRITE_E_FAILED);
        assert_non_null(strstr(buf_text(&f->why), "/a exists: --force replaces it"));
        holds(f->b, "2"); /* it has its name already, and is taken back */
        import_write_done(&w);
        holds(f->a, "old");
        assert_int_equal(mode_of(f->a), 0644);
        assert_int_not_equal(access(f->b, F_OK), 0);
        assert_int_not_equal(access(f->sub, F_OK), 0);
}

static void test_what_was_replaced_comes_back(void **state)
{
        Fixture *f = *state;
        ImportWrite w = {.force = true};
        make(f->b, "old");
        assert_int_equal(mkdir(f->a, 0700), 0);
        assert_int_equal(import_write_file(&w, f->a, SPAN("1"), &f->why), 0);
        assert_int_equal(import_write_file(&w, f->b, SPAN("2"), &f->why), 0);
        assert_int_equal(import_write_commit(&w, &f->why), IMPORT_WRITE_E_FAILED);
        assert_non_null(strstr(buf_text(&f->why), "/a is a directory"));
        import_write_done(&w);
        holds(f->b, "old");
}

static void test_force(void **state)
{
        Fixture *f = *state;
        ImportWrite w = {.force = true};
        make(f->a, "old");
        assert_int_equal(import_write_file(&w, f->a, SPAN("1"), &f->why), 0);
        assert_int_equal(import_write_commit(&w, &f->why), 0);
        import_write_done(&w);
        holds(f->a, "1");
        assert_int_equal(mode_of(f->a), 0600);
}

static void test_links_are_not_followed(void **state)
{
        Fixture *f = *state;
        ImportWrite w = {.force = true};
        make(f->b, "old");
        assert_int_equal(symlink(f->b, f->a), 0);
        assert_int_equal(import_write_check(f->a, true, &f->why), IMPORT_WRITE_E_FAILED);
        assert_int_equal(import_write_file(&w, f->a, SPAN("1"), &f->why), 0);
        assert_int_equal(import_write_commit(&w, &f->why), IMPORT_WRITE_E_FAILED);
        import_write_done(&w);
        holds(f->b, "old");
}

static void test_directories(void **state)
{
        Fixture *f = *state;
        ImportWrite w = {0};
        assert_int_equal(mkdir(f->sub, 0755), 0);
        assert_int_equal(import_write_dir(&w, f->sub, &f->why), 0);
        import_write_done(&w);
        assert_int_equal(mode_of(f->sub), 0755); /* not ours to change or remove */
        assert_int_equal(chmod(f->sub, 0775), 0);
        assert_int_equal(import_write_dir(&w, f->sub, &f->why), IMPORT_WRITE_E_FAILED);
        make(f->a, "");
        assert_int_equal(import_write_dir(&w, f->a, &f->why), IMPORT_WRITE_E_FAILED);
        assert_int_equal(symlink(f->sub, f->b), 0);
        assert_int_equal(import_write_dir(&w, f->b, &f->why), IMPORT_WRITE_E_FAILED);
        assert_int_equal(import_write_file(&w, "/nowhere/x", SPAN(""), &f->why), IMPORT_WRITE_E_FAILED);
        assert_null(w.files);
        assert_null(w.made_dir);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_all_appear), T(test_none_appears),           T(test_what_was_replaced_comes_back),
                T(test_force),      T(test_links_are_not_followed), T(test_directories),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
