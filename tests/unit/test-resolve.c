/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include <config.h> /* configure's */
#endif

#include "support/config.h"
#include "support/oom.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "validator/resolve.h"

/* ---- a small world in a directory ------------------------------------------- */

static void make_file(const char *dir, const char *name, const char *text, mode_t mode)
{
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, span_of(text)), 0);
        assert_int_equal(fchmod(fd, mode), 0);
}

static void make_dir(const char *dir, const char *name)
{
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        assert_int_equal(mkdir(path, 0700), 0);
}

static int world_setup(void **state)
{
        static const struct {
                const char *name, *text;
                mode_t mode;
        } files[] = {
                {"one/found", "binary", 0755},
                {"two/found", "binary", 0755},
                {"two/second", "binary", 0755},
                {"one/plain", "text", 0644},
                {"two/later", "binary", 0755},
                {"one/later", "text", 0644},
                {"one/script", "#!/bin/sh\n", 0755},
                {"one/space", "#! /bin/sh -e\n", 0755},
                {"one/lost", "#!/no/such/interpreter -x\n", 0755},
                {"one/datei", "#!/etc\n", 0755},
                {"one/env", "#!/usr/bin/env found\n", 0755},
                {"one/env-lost", "#!/usr/bin/env nosuchprogram\n", 0755},
                {"one/env-s", "#!/usr/bin/env -S found -x\n", 0755},
                {"one/env-s-lost", "#!/usr/bin/env -S nosuchprogram -x\n", 0755},
                {"one/env-opt", "#!/usr/bin/env -i nosuchprogram\n", 0755},
                {"one/env-none", "#!/usr/bin/env\n", 0755},
                {"one/empty", "", 0755},
                {"one/bang", "#!", 0755},
        };
        if (test_dir_setup(state) < 0)
                return -1;
        make_dir(*state, "one");
        make_dir(*state, "two");
        make_dir(*state, "one/dir");
        make_dir(*state, "two/dir");
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                make_file(*state, files[i].name, files[i].text, files[i].mode);
        return 0;
}

typedef struct Resolved {
        Config *config;
        DiagList diags;
} Resolved;

/* Resolves a text in which DIR stands for the directory. */
static void resolve(const char *dir, const char *text, Resolved *r)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        for (Span rest = span_of(text); rest.len;) {
                size_t n = span_find_span(rest, SPAN("DIR"));
                assert_int_equal(buf_append(&b, rest.ptr, n), 0);
                if (n < rest.len)
                        assert_int_equal(buf_append_str(&b, dir), 0);
                rest = span_skip(rest, n + 3);
        }
        r->config = config_of(b.data);
        diag_list_init(&r->diags);
        assert_int_equal(resolve_config(r->config, "f", &r->diags), 0);
}

static void resolved_done(Resolved *r)
{
        config_unref(r->config);
        diag_list_done(&r->diags);
}

static bool said(const Resolved *r, DiagSeverity severity, const char *text)
{
        for (const Diag *d = r->diags.first; d; d = d->next)
                if (d->severity == severity && strstr(d->message, text))
                        return true;
        for (const Diag *d = r->diags.first; d; d = d->next)
                print_error("%s: %s: %s\n", diag_severity_name(d->severity), d->key ? d->key : "",
                            d->message);
        return false;
}

#define P "\n    env: {PATH: \"relative:DIR/one::DIR/two\"}\n"

typedef struct CommandRow {
        const char *command;
        const char *path;        /* below the directory; NULL: an error */
        const char *interpreter; /* or NULL */
        const char *say;         /* of the error */
} CommandRow;

static void test_commands(void **state)
{
        static const CommandRow rows[] = {
                {"found", "one/found", NULL, NULL},
                {"second", "two/second", NULL, NULL},
                {"later", "two/later", NULL, NULL},
                {"DIR/two/found", "two/found", NULL, NULL},
                {"script", "one/script", "/bin/sh", NULL},
                {"space", "one/space", "/bin/sh", NULL},
                {"env", "one/env", "/usr/bin/env", NULL},
                {"env-s", "one/env-s", "/usr/bin/env", NULL},
                {"env-opt", "one/env-opt", "/usr/bin/env", NULL},
                {"env-none", "one/env-none", "/usr/bin/env", NULL},
                {"empty", "one/empty", NULL, NULL},
                {"bang", "one/bang", NULL, NULL},
                {"missing", NULL, NULL, "missing was not found (searched: relative:"},
                {"missing", NULL, NULL, "/two); give its absolute path, or set PATH in `env`"},
                {"plain", NULL, NULL, "plain was found in PATH, but is not executable"},
                {"dir", NULL, NULL, "dir was not found"},
                {"DIR/one/missing", NULL, NULL, "/one/missing: there is no such file"},
                {"DIR/one/plain", NULL, NULL, "/one/plain: is not executable for this user"},
                {"DIR/one/dir", NULL, NULL, "/one/dir: is a directory"},
                {"DIR/one/plain/x", NULL, NULL, "/one/plain/x: Not a directory"},
                {"/dev/null", NULL, NULL, "/dev/null: is not executable"},
                {"lost", "one/lost", "/no/such/interpreter",
                 "begins with #!/no/such/interpreter: there is no such file"},
                {"datei", "one/datei", "/etc", "begins with #!/etc: is a directory"},
                {"env-lost", "one/env-lost", "/usr/bin/env", "needs nosuchprogram, which was not found"},
                {"env-s-lost", "one/env-s-lost", "/usr/bin/env", "needs nosuchprogram, which was not found"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char text[1024], path[512];
                Resolved r;
                (void)snprintf(text, sizeof(text), "servers:\n  a:\n    command: \"%s\"" P, rows[i].command);
                resolve(*state, text, &r);
                const ServerConfig *s = config_server(r.config, 0);
                (void)snprintf(path, sizeof(path), "%s/%s", (const char *)*state,
                               rows[i].path ? rows[i].path : "");
                assert_row(!s->resolved.command.value == !rows[i].path, "%s", rows[i].command);
                if (rows[i].path)
                        assert_string_equal(s->resolved.command.value, path);
                assert_row(!s->resolved.interpreter.value == !rows[i].interpreter, "%s", rows[i].command);
                if (rows[i].interpreter)
                        assert_string_equal(s->resolved.interpreter.value, rows[i].interpreter);
                assert_row(diag_list_has_errors(&r.diags) == (rows[i].say != NULL), "%s", rows[i].command);
                if (rows[i].say)
                        assert_row(said(&r, DIAG_ERROR, rows[i].say), "%s", rows[i].command);
                resolved_done(&r);
        }
}

/* Each program is looked up once, and named once. */
static void test_shared_lookup(void **state)
{
        Resolved r;
        resolve(*state,
                "defaults: {env: {PATH: DIR/one}}\n"
                "servers: {a: {command: found}, b: {command: found}, c: {command: found}, d: {command: "
                "script}, e: {command: \"builtin:demo\"}}",
                &r);
        assert_true(said(&r, DIAG_NOTE, "servers.a (and 2 more): found is "));
        assert_true(said(&r, DIAG_NOTE, "servers.d: script is "));
        assert_int_equal(r.diags.count[DIAG_NOTE], 2);
        assert_ptr_equal(config_server(r.config, 0)->resolved.command.value,
                         config_server(r.config, 2)->resolved.command.value);
        /* A role of the executable that looks. */
        char self[4096] = "";
        assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
        assert_string_equal(config_server(r.config, 4)->resolved.command.value, self);
        resolved_done(&r);
}

/* PATH: of `env`, else of the file, else ours, else a short one. */
static void test_search(void **state)
{
        const char *dir = *state;
        char path[600];
        Resolved r;
        (void)snprintf(path, sizeof(path), "PATH=%s/two", dir);
        char *const ours[] = {path, NULL}, *const none[] = {NULL};
        char **before = environ;
        environ = (char **)(uintptr_t)ours;
        resolve(dir, "servers: {a: {command: second}}", &r);
        assert_false(diag_list_has_errors(&r.diags));
        resolved_done(&r);
        resolve(dir, "servers: {a: {command: second, env: {PATH: DIR/one}}}", &r);
        assert_true(said(&r, DIAG_ERROR, "/one)"));
        resolved_done(&r);
        environ = (char **)(uintptr_t)none;
        resolve(dir, "servers: {a: {command: nosuchprogram}}", &r);
        assert_true(said(&r, DIAG_ERROR, "(searched: /usr/local/bin:/usr/bin:/bin)"));
        resolved_done(&r);
        environ = before;

        ServerConfig *s;
        resolve(dir, "servers: {a: {command: second, env: {PATH: DIR/one}}}", &r);
        resolved_done(&r);
        CLEANUP(config_unref_p) Config *c = config_of("servers: {a: {command: second}}");
        ConfigPair pair = {.name = "PATH", .text = {.value = path + 5}};
        s = (ServerConfig *)(uintptr_t)c->servers.items;
        s->resolved.env = (ConfigMap){&pair, 1};
        DiagList diags;
        diag_list_init(&diags);
        assert_int_equal(resolve_config(c, "f", &diags), 0);
        assert_false(diag_list_has_errors(&diags));
        diag_list_done(&diags);
}

typedef struct OtherRow {
        const char *text;
        DiagSeverity severity;
        const char *key, *say;
} OtherRow;

#define A "servers:\n  a:\n    command: /bin/sh\n    "

static void test_others(void **state)
{
        static const OtherRow rows[] = {
                {A "user: nosuchuser", DIAG_ERROR, "servers.a.user", "there is no user nosuchuser"},
                {A "user: \"3999999999\"", DIAG_ERROR, "servers.a.user", "there is no user 3999999999"},
                {A "cwd: DIR/nothing", DIAG_ERROR, "servers.a.cwd", "there is no such directory"},
                {A "cwd: DIR/one/found", DIAG_ERROR, "servers.a.cwd", "is not a directory"},
                {A "cwd: DIR/one/found/x", DIAG_ERROR, "servers.a.cwd", "Not a directory"},
                {A "sandbox: {ro: [/, DIR/nothing]}", DIAG_ERROR, "servers.a.sandbox.ro",
                 "there is no such file or directory"},
                {A "sandbox: {rw: [DIR/one/found/x]}", DIAG_ERROR, "servers.a.sandbox.rw", "Not a directory"},
                {A "env_pass: [MCPVISOR_NOT_SET]", DIAG_WARNING, "servers.a.env_pass",
                 "is not set in this environment"},
                {"auth: {token_file: DIR/nothing/token}\n" A, DIAG_ERROR, "auth.token_file",
                 "there is no such directory"},
                {"auth: {token_file: DIR/one/found/x}\n" A, DIAG_ERROR, "auth.token_file", "Not a directory"},
                {"auth: {token_file: DIR/one}\n" A, DIAG_ERROR, "auth.token_file", "is no regular file"},
                {"auth: {token_file: DIR/one/found}\n" A, DIAG_ERROR, "auth.token_file", "is open to others"},
#ifndef HAVE_OPENSSL
                {"tls: {cert: DIR/one/found, key: DIR/one/plain}\n" A, DIAG_ERROR, "tls.cert",
                 "built without OpenSSL"},
#endif
#ifndef HAVE_SYSTEMD
                {"log: {output: journald}\n" A, DIAG_ERROR, "log.output", "built without systemd"},
#endif
                {"state_dir: DIR/one/found\n" A, DIAG_ERROR, "state_dir", "is not a directory"},
                {"log: {dir: DIR/one/found}\n" A, DIAG_ERROR, "log.dir", "is not a directory"},
                {"control: {group: nosuchgroup}\n" A, DIAG_ERROR, "control.group",
                 "there is no group nosuchgroup"},
                {"listen: [{address: \"unix:/x\", group: nosuchgroup}]\n" A, DIAG_ERROR, "listen",
                 "there is no group"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Resolved r;
                resolve(*state, rows[i].text, &r);
                assert_row(said(&r, rows[i].severity, rows[i].say), "%s", rows[i].text);
                const Diag *d = r.diags.first;
                while (d->severity != rows[i].severity)
                        d = d->next;
                assert_string_equal(d->key, rows[i].key);
                assert_true(d->at.line > 0);
                resolved_done(&r);
        }
}

static void test_fine(void **state)
{
        const struct group *group = getgrgid(0);
        assert_non_null(group);
        static const char *const texts[] = {
                A "cwd: DIR",
                A "sandbox: {ro: [/], rw: [DIR]}",
                A "env_pass: [PATH]",
#ifdef HAVE_OPENSSL
                "tls: {cert: DIR/one/found, key: DIR/one/plain}\n" A,
#endif
#ifdef HAVE_SYSTEMD
                "log: {output: journald}\n" A,
#endif
                "state_dir: DIR/new\nruntime_dir: DIR\n" A,
                "auth: {token_file: DIR/new}\n" A,
                "auth: {token_file: /new}\n" A,
                A "user: dynamic",
                "control: {group: \"12345\"}\nlisten: [{address: \"unix:/x\", group: root}]\n" A,
                "servers: {}"};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                Resolved r;
                resolve(*state, texts[i], &r);
                assert_row(!diag_list_has_errors(&r.diags) && !r.diags.count[DIAG_WARNING], "%s: %s",
                           texts[i], r.diags.first->message);
                resolved_done(&r);
        }
}

/* verify knows root by its name only; whoever has its uid is root as well. */
static void test_root(void **state UNUSED)
{
        static const SandboxProfile profiles[] = {PROFILE_NONE, PROFILE_STANDARD};
        for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
                Resolved r = {.config = config_of(A "user: root\n    sandbox: {profile: none}")};
                ((ServerConfig *)(uintptr_t)r.config->servers.items)->sandbox.profile = (int)profiles[i];
                diag_list_init(&r.diags);
                assert_int_equal(resolve_config(r.config, "f", &r.diags), 0);
                assert_int_equal(diag_list_has_errors(&r.diags), profiles[i] != PROFILE_NONE);
                if (profiles[i] != PROFILE_NONE)
                        assert_true(said(&r, DIAG_ERROR, "root has uid 0"));
                resolved_done(&r);
        }
}

/* What came from a file is not shown, not even as a path that was found. */
static void test_secret_command(void **state)
{
        Resolved r;
        resolve(*state, "servers:\n  a:\n    command: DIR/one/lost", &r);
        diag_list_done(&r.diags);
        diag_list_init(&r.diags);
        ((ServerConfig *)(uintptr_t)r.config->servers.items)->command.secret = true;
        assert_int_equal(resolve_config(r.config, "f", &r.diags), 0);
        assert_true(said(&r, DIAG_ERROR, "the value begins with #!"));
        for (const Diag *d = r.diags.first; d; d = d->next)
                assert_null(strstr(d->message, "one/lost"));
        resolved_done(&r);

        r.config = config_of("servers:\n  a:\n    command: missing\n    env: {PATH: /hush}");
        ConfigPair *path = (ConfigPair *)(uintptr_t)config_server(r.config, 0)->env.items;
        path->text.secret = true;
        diag_list_init(&r.diags);
        assert_int_equal(resolve_config(r.config, "f", &r.diags), 0);
        assert_true(said(&r, DIAG_ERROR, "missing was not found (searched: the value)"));
        resolved_done(&r);
}

static void test_users(void **state)
{
        Resolved r;
        const struct passwd *p = getpwnam("nobody");
        if (!p)
                skip();
        uint64_t uid = p->pw_uid, gid = p->pw_gid;
        resolve(*state, A "user: nobody", &r);
        assert_int_equal(config_server(r.config, 0)->resolved.uid, uid);
        assert_int_equal(config_server(r.config, 0)->resolved.gid, gid);
        resolved_done(&r);
        char text[128];
        (void)snprintf(text, sizeof(text), A "user: \"%u\"", (unsigned)uid);
        resolve(*state, text, &r);
        assert_int_equal(config_server(r.config, 0)->resolved.gid, gid);
        resolved_done(&r);
        resolve(*state, A "user: dynamic", &r);
        assert_true(config_server(r.config, 0)->resolved.uid == UINT64_MAX);
        resolved_done(&r);
}

/* Only root can become another user. */
static void test_other_user(void **state)
{
        const struct passwd *p = getpwnam("nobody");
        if (!p || geteuid() != 0)
                skip();
        for (int own = 0; own < 2; own++) {
                Resolved r = {.config = config_of(A "user: nobody")};
                diag_list_init(&r.diags);
                assert_int_equal(seteuid(own ? p->pw_uid : p->pw_uid - 1), 0);
                int k = resolve_config(r.config, "f", &r.diags);
                assert_int_equal(seteuid(0), 0);
                assert_int_equal(k, 0);
                assert_int_equal(said(&r, DIAG_WARNING, "nobody is another user than this one"), !own);
                resolved_done(&r);
        }
        (void)state;
}

static void test_open_files(void **state)
{
        struct rlimit before;
        Resolved r;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        if (before.rlim_max == RLIM_INFINITY)
                skip();
        resolve(*state, "limits: {max_connections: 1000000}\n" A, &r);
        assert_true(said(&r, DIAG_WARNING, "1000000 connections are no more than "));
        assert_false(said(&r, DIAG_WARNING, "open files may be needed"));
        resolved_done(&r);
}

static int resolve_it(void *arg)
{
        DiagList diags;
        diag_list_init(&diags);
        oom_hold();
        Config *c = config_of(arg);
        oom_release();
        int r = resolve_config(c, "f", &diags);
        diag_list_done(&diags);
        config_unref(c);
        return r;
}

static void test_out_of_memory(void **state)
{
        char text[2048];
        unsigned n = 1;
        (void)snprintf(text, sizeof(text),
                       "servers: {a: {command: env, env: {PATH: %s/one}}, b: {command: missing}, c: "
                       "{command: lost, cwd: /no, user: nosuchuser}}",
                       (const char *)*state);
        for (bool failed = true; failed; n++) {
                oom_arm(n);
                int r = resolve_it(text);
                failed = oom_disarm();
                assert_true(r == 0 || (failed && r == -ENOMEM));
        }
        assert_true(n > 3);
}

int main(void)
{
#define IN_WORLD(t) cmocka_unit_test_setup_teardown(t, world_setup, test_dir_teardown)
        const struct CMUnitTest tests[] = {
                IN_WORLD(test_commands),
                IN_WORLD(test_shared_lookup),
                IN_WORLD(test_search),
                IN_WORLD(test_others),
                IN_WORLD(test_fine),
                IN_WORLD(test_users),
                cmocka_unit_test(test_other_user),
                cmocka_unit_test(test_root),
                IN_WORLD(test_secret_command),
                IN_WORLD(test_open_files),
                IN_WORLD(test_out_of_memory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
