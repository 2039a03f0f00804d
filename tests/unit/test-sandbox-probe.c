/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sandbox/explain.h"
#include "sandbox/probe.h"
#include "sandbox/survey.h"

/* ---- a machine that is made up ------------------------------------------------------------ */

typedef struct Fake {
        int refused[_OFFER_MAX];
        int abi;
} Fake;

static int fake_try(void *data, SandboxOffer offer)
{
        return ((const Fake *)data)->refused[offer];
}

static int fake_abi(void *data)
{
        return ((const Fake *)data)->abi;
}

static void test_fake(void **state UNUSED)
{
        Fake fake = {.abi = 3};
        const ProbeCalls calls = {fake_try, fake_abi, &fake};
        SandboxMachine m;
        fake.refused[OFFER_PIDNS] = EPERM;
        assert_int_equal(probe(&calls, &m), 0);
        for (unsigned i = 0; i < _OFFER_MAX; i++)
                assert_int_equal(m.refused[i], i == OFFER_PIDNS ? EPERM : 0);
        assert_int_equal(m.landlock_abi, 3);
        assert_int_equal(m.uid, geteuid());
        assert_true(machine_is_privileged(&m));
        fake.refused[OFFER_LANDLOCK] = EOPNOTSUPP; /* built in, and off */
        fake.refused[OFFER_CHANGE_IDS] = EPERM;
        assert_int_equal(probe(&calls, &m), 0);
        assert_int_equal(m.landlock_abi, 0);
        assert_false(machine_is_privileged(&m));
        fake.refused[OFFER_IPCNS] = -EAGAIN; /* could not be found out */
        m.landlock_abi = 42;
        assert_int_equal(probe(&calls, &m), -EAGAIN);
        assert_int_equal(m.landlock_abi, 42);
}

/* ---- this one -------------------------------------------------------------------------------- */

static unsigned open_fds(void)
{
        unsigned n = 0;
        for (int fd = 0; fd < 256; fd++)
                n += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
        return n;
}

/* Nothing of what was tried stays: no process, no descriptor, no namespace, no privilege less. */
static void test_here(void **state UNUSED)
{
        char before[64] = "", after[64] = "";
        SandboxMachine m;
        unsigned fds = open_fds();
        assert_true(readlink("/proc/self/ns/uts", before, sizeof(before) - 1) > 0);
        assert_int_equal(probe(&probe_calls, &m), 0);
        assert_true(readlink("/proc/self/ns/uts", after, sizeof(after) - 1) > 0);
        assert_string_equal(before, after);
        assert_int_equal(open_fds(), fds);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
        assert_true(machine_has(&m, OFFER_NO_NEW_PRIVS));
        /* Two ways to the same answer. */
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
        if (machine_has(&m, OFFER_LANDLOCK))
                assert_int_equal(m.landlock_abi, abi);
        else
                assert_int_equal(m.landlock_abi, 0);
        if (geteuid() != 0)
                assert_false(machine_has(&m, OFFER_CHANGE_IDS));
}

static void test_words(void **state UNUSED)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        SandboxMachine m = {.landlock_abi = 4};
        m.refused[OFFER_USERNS] = EPERM;
        assert_int_equal(explain_machine_text(&m, &b), 0);
        assert_non_null(strstr(buf_text(&b), "landlock        yes  a Landlock ruleset, ABI 4\n"));
        assert_non_null(
                strstr(buf_text(&b), "userns          NO   a user namespace: Operation not permitted\n"));
        assert_non_null(strstr(buf_text(&b), "user.max_user_namespaces"));
        buf_clear(&b);
        JsonWriter w = JSON_WRITER(&b);
        explain_machine_json(&m, &w);
        assert_int_equal(json_write_done(&w), 0);
        assert_non_null(
                strstr(buf_text(&b),
                       "{\"landlock_abi\":4,\"offers\":[{\"name\":\"no-new-privs\",\"available\":true,"));
        assert_non_null(
                strstr(buf_text(&b),
                       "{\"name\":\"userns\",\"available\":false,\"why\":\"Operation not permitted\""));
}

/* ---- the file system ------------------------------------------------------------------------------ */

static char *below(const char *dir, const char *name)
{
        char *path;
        assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
        return path;
}

static void test_survey(void **state)
{
        char *real = realpath(*state, NULL), *sub = below(real, "sub"), *link = below(real, "link"),
             *file = below(real, "sub/file"), *absent = below(real, "absent");
        assert_int_equal(mkdir(sub, 0700), 0);
        assert_int_equal(symlink("sub", link), 0);
        fclose(fopen(file, "w"));
        const char *const paths[] = {link, absent, file, NULL}, *const own[] = {sub, NULL};
        SandboxSurvey s;
        assert_int_equal(survey_make(&(SurveyArgs){paths, own, UINT64_MAX, UINT64_MAX}, &s), 0);
        assert_string_equal(survey_path(&s, link)->real, sub);
        assert_int_equal(survey_path(&s, link)->type, SURVEY_DIRECTORY);
        assert_null(survey_path(&s, absent)->real);
        assert_int_equal(survey_path(&s, file)->type, SURVEY_FILE);
        assert_true(survey_path(&s, file)->writable);
        assert_string_equal(s.own[0], sub);
        assert_null(s.own[1]);
        const SurveyDirectory *d = survey_directory(&s, span_of(real)),
                              *root = survey_directory(&s, SPAN("/"));
        assert_non_null(root);
        assert_true(root->n > 3);
        assert_non_null(d); /* it holds what is ours */
        assert_int_equal(d->n, 2);
        assert_string_equal(d->entries[0].name, "link");
        assert_string_equal(d->entries[0].link, "sub");
        assert_int_equal(d->entries[1].type, SURVEY_DIRECTORY);
        assert_null(survey_directory(&s, span_of(sub)));
        survey_done(&s);
        /* Somebody else may not. */
        assert_int_equal(survey_make(&(SurveyArgs){paths, own, 61000, 61000}, &s), 0);
        assert_false(survey_path(&s, file)->writable);
        survey_done(&s);
        free(real);
        free(sub);
        free(link);
        free(file);
        free(absent);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fake),
                cmocka_unit_test(test_here),
                cmocka_unit_test(test_words),
                cmocka_unit_test_setup_teardown(test_survey, test_dir_setup, test_dir_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
