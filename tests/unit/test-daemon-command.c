/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"
#include "support/oom.h"

#include <sys/stat.h>

#include "base/fd.h"
#include "cli/cli.h"
#include "cli/cmd-run.h"
#include "cli/cmd-serve.h"
#include "config/check.h"

extern char **environ;

/* What the daemon was called with, as one text. */
static Buf heard;
static Buf text; /* of the memfd */
static unsigned calls;

enum { DAEMON_STATUS = 42 };

static void hear(const char *name, const char *value)
{
        if (value)
                assert_int_equal(buf_appendf(&heard, "%s %s\n", name, value), 0);
}

static int fake_daemon(const DaemonOptions *o)
{
        oom_hold();
        calls++;
        hear("mode", o->mode == DAEMON_RUN ? "run" : "serve");
        hear("path", o->path);
        for (size_t i = 0; i < o->n_set; i++)
                hear("set", o->set[i]);
        hear("runtime", o->runtime_dir);
        hear("state", o->state_dir);
        hear("token", o->token);
        hear("keep-going", o->keep_going ? "yes" : NULL);
        hear("listen", o->listen_given ? "given" : NULL);
        assert_true(!o->helper && !o->gateway_exe && !o->no_cgroup && !o->no_pidns);
        assert_int_equal(o->mode == DAEMON_RUN, o->text_fd > 2);
        if (o->text_fd >= 0) {
                assert_true(lseek(o->text_fd, 0, SEEK_SET) == 0);
                assert_int_equal(fd_read_all(o->text_fd, &text), 0);
                assert_true(write(o->text_fd, "x", 1) < 0); /* sealed */
        }
        oom_release();
        return DAEMON_STATUS;
}

static void forget(void)
{
        buf_clear(&heard);
        buf_clear(&text);
        calls = 0;
}

static char *world[8], rooms[ARRAY_SIZE(world)][64];

static int setup(void **state UNUSED)
{
        heard = BUF_INIT(BUF_CAP_NONE);
        text = BUF_INIT(BUF_CAP_NONE);
        calls = 0;
        memset(world, 0, sizeof(world));
        environ = world;
        return 0;
}

/* A room may be used again: its variable is moved to the end. */
static void set_env(const char *name, const char *value)
{
        static size_t next;
        size_t n = 0;
        assert_int_equal(unsetenv(name), 0);
        while (world[n])
                n++;
        assert_true(n + 1 < ARRAY_SIZE(world));
        world[n] = rooms[next++ % ARRAY_SIZE(rooms)];
        (void)snprintf(world[n], sizeof(rooms[0]), "%s=%s", name, value);
}

static int teardown(void **state UNUSED)
{
        buf_done(&heard);
        buf_done(&text);
        environ = NULL;
        return 0;
}

/* Words separated by a blank. */
static int call_with(const Command *c, const char *words, DaemonEntry *daemon)
{
        char line[1024], *argv[64], *rest = line;
        CommandContext context = {.daemon = daemon};
        int argc = 0;
        (void)snprintf(line, sizeof(line), "%s", words);
        for (char *w; (w = strsep(&rest, " "));)
                argv[argc++] = w;
        return command_run(c, c->name, &context, argc, argv);
}

static void assert_called(const Command *c, const char *words, const char *want)
{
        forget();
        assert_int_equal(call_with(c, words, fake_daemon), DAEMON_STATUS);
        assert_int_equal(calls, 1);
        assert_string_equal(buf_text(&heard), want);
}

static void assert_refused(const Command *c, const char *words)
{
        forget();
        assert_row(call_with(c, words, fake_daemon) == EXIT_CODE_USAGE, "%s", words);
        assert_row(calls == 0, "%s", words);
}

/* ---- serve ------------------------------------------------------------------ */

static void test_serve(void **state UNUSED)
{
        assert_called(&cmd_serve, "-c f", "mode serve\npath f\n");
        assert_called(&cmd_serve, "--config=a/b --keep-going --state-dir /s --runtime-dir /r",
                      "mode serve\npath a/b\nruntime /r\nstate /s\nkeep-going yes\n");
        assert_called(&cmd_serve, "-c f --listen a:1 --listen b$:2 --log-level debug --log-format json",
                      "mode serve\npath f\nset --listen listen=[\"a:1\", \"b$$:2\"]\n"
                      "set --log-format log.format=\"json\"\nset --log-level log.level=\"debug\"\n"
                      "listen given\n");
        assert_refused(&cmd_serve, "--keep-going");
        assert_refused(&cmd_serve, "-c -");
        assert_refused(&cmd_serve, "-c f more");
        assert_refused(&cmd_serve, "-c f --log-level loud");
        assert_int_equal(call_with(&cmd_serve, "-c f", NULL), EXIT_CODE_INTERNAL);
}

static void test_environment(void **state UNUSED)
{
        set_env("MCPVISOR_CONFIG", "/c");
        set_env("MCPVISOR_LISTEN", " a:1,,b:2 ");
        set_env("MCPVISOR_LOG_LEVEL", "loud"); /* the validator judges it */
        set_env("MCPVISOR_LOG_FORMAT", "");
        assert_called(&cmd_serve, "--state-dir=/s",
                      "mode serve\npath /c\nset MCPVISOR_LISTEN listen=[\"a:1\", \"b:2\"]\n"
                      "set MCPVISOR_LOG_LEVEL log.level=\"loud\"\nstate /s\nlisten given\n");
        assert_called(&cmd_serve, "-c f --listen=c:3 --log-level=info",
                      "mode serve\npath f\nset --listen listen=[\"c:3\"]\n"
                      "set --log-level log.level=\"info\"\nlisten given\n");
        assert_called(&cmd_run, "x",
                      "mode run\nset MCPVISOR_LISTEN listen=[\"a:1\", \"b:2\"]\n"
                      "set MCPVISOR_LOG_LEVEL log.level=\"loud\"\nlisten given\n");
        set_env("MCPVISOR_LISTEN", " , ");
        set_env("MCPVISOR_LOG_LEVEL", "\xff");
        assert_refused(&cmd_serve, "-c f");
        assert_called(&cmd_serve, "-c f --log-level=info",
                      "mode serve\npath f\nset --log-level log.level=\"info\"\n");
}

/* Gone from the environment, and from where others could look for it. */
static void test_token(void **state UNUSED)
{
        set_env("MCPVISOR_TOKEN", "hushhush");
        const char *place = getenv("MCPVISOR_TOKEN");
        assert_called(&cmd_serve, "-c f", "mode serve\npath f\ntoken hushhush\n");
        assert_null(getenv("MCPVISOR_TOKEN"));
        assert_int_equal(place[0], '\0');
        set_env("MCPVISOR_TOKEN", "");
        assert_called(&cmd_run, "x", "mode run\n");
}

static void test_not_built_yet(void **state UNUSED)
{
        static const struct {
                SchemaFeature feature;
                const char *words;
        } rows[] = {
                {FEATURE_GATEWAY, "--allow-host h x"},   {FEATURE_GATEWAY, "--insecure-no-auth x"},
                {FEATURE_GATEWAY, "--token-file /t x"},  {FEATURE_GATEWAY, "--timeout 5s x"},
                {FEATURE_SANDBOX, "--net none x"},       {FEATURE_SANDBOX, "--memory 1G x"},
                {FEATURE_SANDBOX, "--pids 5 x"},         {FEATURE_SANDBOX, "--cpus 1.5 x"},
                {FEATURE_SANDBOX, "--profile strict x"}, {FEATURE_SANDBOX, "--ro / x"},
                {FEATURE_SANDBOX, "--rw / x"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                bool built = schema_features[rows[i].feature].present;
                forget();
                assert_row(call_with(&cmd_run, rows[i].words, fake_daemon) ==
                                   (built ? DAEMON_STATUS : EXIT_CODE_USAGE),
                           "%s", rows[i].words);
        }
        if (!schema_features[FEATURE_GATEWAY].present) {
                set_env("MCPVISOR_ALLOWED_HOSTS", "h");
                assert_refused(&cmd_serve, "-c f");
        }
}

/* ---- run --------------------------------------------------------------------- */

/* The text of the last call as a snapshot. */
static void load_run(const char *words, Loaded *ret)
{
        static const FakeRow rows[] = {{.name = "/e", .text = "F=file\n"}, {.name = NULL}};
        forget();
        assert_int_equal(call_with(&cmd_run, words, fake_daemon), DAEMON_STATUS);
        load_span(buf_span(&text), rows, false, ret);
}

static const ServerConfig *only_server(const Loaded *l)
{
        assert_loaded(l, 0, __FILE__, __LINE__);
        assert_int_equal(l->config->servers.n, 1);
        return config_server(l->config, 0);
}

static void test_run(void **state UNUSED)
{
        Loaded l;
        load_run("-- npx -y @scope/server-x@1.0.0 --flag $HOME ${A}", &l);
        const ServerConfig *s = only_server(&l);
        assert_string_equal(s->head.name, "server-x");
        assert_string_equal(s->command.value, "npx");
        assert_int_equal(s->args.n, 5);
        assert_string_equal(s->args.items[2].value, "--flag");
        assert_string_equal(s->args.items[3].value, "$HOME"); /* no shell, and no references */
        assert_string_equal(s->args.items[4].value, "${A}");
        assert_int_equal(s->restart.policy, RESTART_NEVER);
        assert_int_equal(s->share, SHARE_SHARED);
        loaded_done(&l);

        load_run("--name n --user nobody --share session --restart on-failure --profile none --env-file /e "
                 "--workdir / -e A=1 -eB --env A=2=$x -e C=x -e C /bin/x -c --net",
                 &l);
        s = only_server(&l);
        assert_string_equal(s->head.name, "n");
        assert_string_equal(s->user.value, "nobody");
        assert_int_equal(s->share, SHARE_SESSION);
        assert_int_equal(s->restart.policy, RESTART_ON_FAILURE);
        assert_int_equal(s->sandbox.profile, PROFILE_NONE);
        assert_string_equal(s->env_file.value, "/e");
        assert_string_equal(s->cwd.value, "/");
        assert_int_equal(s->env.n, 1);
        assert_string_equal(s->env.items[0].text.value, "2=$x");
        assert_int_equal(s->env_pass.n, 2);
        assert_string_equal(s->env_pass.items[0].value, "B");
        assert_string_equal(s->env_pass.items[1].value, "C");
        assert_int_equal(s->args.n, 2);
        loaded_done(&l);
}

/* What the sandbox will take, written as it will be read. */
static void test_run_sandbox(void **state UNUSED)
{
        if (!schema_features[FEATURE_SANDBOX].present)
                skip();
        Loaded l;
        load_run("--ro / --rw /tmp --net loopback --memory 512M --pids 9 --cpus 1.5 x", &l);
        const ServerConfig *s = only_server(&l);
        assert_int_equal(s->sandbox.net, NET_LOOPBACK);
        assert_int_equal(s->sandbox.memory, 512U << 20);
        assert_int_equal(s->sandbox.pids, 9);
        assert_int_equal(s->sandbox.cpu, 150);
        loaded_done(&l);
}

static void test_run_refused(void **state UNUSED)
{
        static const char *const rows[] = {
                "--restart never", "--name= x",      "--name a.b x", "-e =1 x",
                "-e 1A=2 x",       "-e A-B x",       "\xff",         "-e A=\xff x",
                "--user \xff x",   "--restart no x", "--share a x",
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_refused(&cmd_run, rows[i]);
        assert_int_equal(call_with(&cmd_run, "x", NULL), EXIT_CODE_INTERNAL);
}

/* Paths are relative to where the command was typed. */
static void test_paths(void **state)
{
        char want[512], *here = getcwd(NULL, 0);
        Loaded l;
        assert_non_null(here);
        assert_int_equal(chdir(*state), 0);
        char *dir = getcwd(NULL, 0);
        assert_int_equal(mkdir("sub", 0700), 0);
        (void)snprintf(want, sizeof(want), "mode serve\npath f\nruntime %s/sub\nstate %s/new/deep\n", dir,
                       dir);
        assert_called(&cmd_serve, "-c f --state-dir ./new/deep --runtime-dir sub/../sub", want);
        load_run("--workdir sub ./server", &l);
        const ServerConfig *s = only_server(&l);
        (void)snprintf(want, sizeof(want), "%s/sub", dir);
        assert_string_equal(s->cwd.value, want);
        (void)snprintf(want, sizeof(want), "%s/server", dir);
        assert_string_equal(s->command.value, want);
        loaded_done(&l);
        assert_int_equal(chdir("/"), 0);
        assert_called(&cmd_serve, "-c f --state-dir nowhere", "mode serve\npath f\nstate /nowhere\n");
        assert_int_equal(chdir(here), 0);
        free(here);
        free(dir);
}

static void test_out_of_memory(void **state UNUSED)
{
        unsigned n = 1, refused = 0;
        for (;; n++) {
                forget();
                oom_arm(n);
                int r = call_with(&cmd_run, "-e A=$1 -e B --listen a:1 --workdir . npx -y pkg", fake_daemon);
                bool failed = oom_disarm();
                assert_true(r == EXIT_CODE_INTERNAL || r == DAEMON_STATUS);
                refused += r == EXIT_CODE_INTERNAL;
                if (!failed)
                        break;
        }
        assert_true(refused > 5);
}

/* A daemon begins with what main blocked; whoever is none gets back what was. */
static int daemon_sees_term;

static int signal_daemon(const DaemonOptions *o UNUSED)
{
        sigset_t now;
        assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &now), 0);
        daemon_sees_term = sigismember(&now, SIGTERM);
        return DAEMON_STATUS;
}

static void test_signals(void **state UNUSED)
{
        const char *const serve[] = {"mcpvisor", "serve", "-c", "f", NULL}, *const run[] = {"mcpvisor", "run",
                                                                                            "x", NULL};
        const char *const wrong[] = {"mcpvisor", "nonsense", NULL}, *const option[] = {"mcpvisor",
                                                                                       "--nonsense", NULL};
        const struct {
                const char *const *argv;
                int argc, status;
                bool blocked;
        } rows[] = {{serve, 4, DAEMON_STATUS, true},
                    {run, 3, DAEMON_STATUS, true},
                    {wrong, 2, EXIT_CODE_USAGE, false},
                    {option, 2, EXIT_CODE_USAGE, false}};
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                sigset_t all, before, after;
                sigfillset(&all);
                daemon_sees_term = -1;
                assert_int_equal(sigprocmask(SIG_SETMASK, &all, &before), 0);
                int status = cli_main(rows[i].argc, (char **)(uintptr_t)rows[i].argv, signal_daemon, &before);
                assert_int_equal(sigprocmask(SIG_SETMASK, &before, &after), 0);
                assert_int_equal(status, rows[i].status);
                assert_int_equal(sigismember(&after, SIGTERM), rows[i].blocked);
                assert_int_equal(daemon_sees_term, rows[i].blocked ? 1 : -1);
        }
}

int main(void)
{
#define CHECKED(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
        const struct CMUnitTest tests[] = {
                CHECKED(test_serve),         CHECKED(test_environment), CHECKED(test_token),
                CHECKED(test_not_built_yet), CHECKED(test_run),         CHECKED(test_run_sandbox),
                CHECKED(test_run_refused),   CHECKED(test_signals),     CHECKED(test_out_of_memory),
        };
        const struct CMUnitTest in_dir[] = {
                cmocka_unit_test_setup_teardown(test_paths, test_dir_setup, test_dir_teardown),
        };
        int failed = cmocka_run_group_tests(tests, NULL, NULL);
        (void)setup(NULL);
        failed += cmocka_run_group_tests(in_dir, NULL, NULL);
        (void)teardown(NULL);
        return failed;
}
