/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sandbox.h"

/* ---- a machine ---------------------------------------------------------------------- */

SandboxMachine sandbox_machine(void)
{
        return (SandboxMachine){.landlock_abi = 7, .no_groups = false};
}

/* ---- a file system ------------------------------------------------------------------- */

static const SurveyEntry in_root[] = {
        {"bin", SURVEY_SYMLINK, "usr/bin"}, {"dev", SURVEY_DIRECTORY, NULL},
        {"etc", SURVEY_DIRECTORY, NULL},    {"home", SURVEY_DIRECTORY, NULL},
        {"init", SURVEY_FILE, NULL},        {"lib", SURVEY_SYMLINK, "usr/lib"},
        {"opt", SURVEY_DIRECTORY, NULL},    {"proc", SURVEY_DIRECTORY, NULL},
        {"root", SURVEY_DIRECTORY, NULL},   {"run", SURVEY_DIRECTORY, NULL},
        {"socket", SURVEY_SOCKET, NULL},    {"srv", SURVEY_DIRECTORY, NULL},
        {"sys", SURVEY_DIRECTORY, NULL},    {"tmp", SURVEY_DIRECTORY, NULL},
        {"usr", SURVEY_DIRECTORY, NULL},    {"var", SURVEY_DIRECTORY, NULL},
};
static const SurveyEntry in_etc[] = {
        {"mcpvisor", SURVEY_DIRECTORY, NULL},
        {"passwd", SURVEY_FILE, NULL},
        {"resolv.conf", SURVEY_SYMLINK, "../run/systemd/resolve/stub-resolv.conf"},
        {"shadow", SURVEY_FILE, NULL},
        {"ssl", SURVEY_DIRECTORY, NULL},
};
static const SurveyEntry in_var[] = {
        {"cache", SURVEY_DIRECTORY, NULL}, {"lib", SURVEY_DIRECTORY, NULL}, {"log", SURVEY_DIRECTORY, NULL},
        {"run", SURVEY_SYMLINK, "/run"},   {"tmp", SURVEY_DIRECTORY, NULL},
};
static const SurveyDirectory directories[] = {
        {"/", in_root, ARRAY_SIZE(in_root)},
        {"/etc", in_etc, ARRAY_SIZE(in_etc)},
        {"/var", in_var, ARRAY_SIZE(in_var)},
};

#define DIRECTORY(p)                                               \
        {                                                          \
                .path = (p), .real = (p), .type = SURVEY_DIRECTORY \
        }
#define PLAIN(p)                                              \
        {                                                     \
                .path = (p), .real = (p), .type = SURVEY_FILE \
        }
static const SurveyPath paths[] = {
        {"/etc/resolv.conf", "/run/systemd/resolve/stub-resolv.conf", SURVEY_FILE, false, false},
        PLAIN("/usr/bin/server"),
        PLAIN("/home/ann/.nvm/v20/bin/node"),
        PLAIN("/home/ann/bin/own"),
        PLAIN("/home/ann/.local/bin/tool"),
        PLAIN("/home/ann/project/server.js"),
        {"/home/ann/venv/bin/python", "/usr/bin/python3", SURVEY_FILE, false, false},
        DIRECTORY("/"),
        DIRECTORY("/etc"),
        DIRECTORY("/etc/mcpvisor"),
        DIRECTORY("/home/ann/docs"),
        DIRECTORY("/home/ann/docs/secret"),
        {"/home/ann/link", "/srv/data", SURVEY_DIRECTORY, true, false},
        {"/home/ann/away", "/var/lib/mcpvisor", SURVEY_DIRECTORY, false, false},
        DIRECTORY("/proc/1"),
        DIRECTORY("/run"),
        DIRECTORY("/sys"),
        DIRECTORY("/var/lib"),
        DIRECTORY("/var/lib/mcpvisor"),
        {"/gone", NULL, SURVEY_ABSENT, false, false},
};
static const char *const own[] = {"/etc/mcpvisor", "/run/mcpvisor", "/var/lib/mcpvisor", NULL};

const SandboxSurvey sandbox_survey = {
        .directories = directories,
        .n_directories = ARRAY_SIZE(directories),
        .paths = paths,
        .n_paths = ARRAY_SIZE(paths),
        .own = own,
};

/* ---- plans --------------------------------------------------------------------------- */

Config *sandbox_config(const char *sandbox, const char *more)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        assert_int_equal(buf_appendf(&text,
                                     "servers:\n  fs:\n    command: /usr/bin/server\n    sandbox: %s\n%s",
                                     sandbox, more ? more : ""),
                         0);
        return config_of(buf_text(&text));
}

void plan_of(const SandboxMachine *m, const char *sandbox, const char *more, Planned *ret)
{
        enum { UID = 61000, DAEMON = 4321 };
        ret->config = sandbox_config(sandbox, more);
        const SandboxArgs args = {
                .server = config_server(ret->config, 0),
                .machine = m,
                .survey = &sandbox_survey,
                .home = SANDBOX_HOME,
                .uid = m->uid ? UINT64_MAX : UID,
                .gid = m->uid ? UINT64_MAX : UID,
                .supervisor = DAEMON,
        };
        assert_int_equal(sandbox_plan_make(&args, &ret->plan), 0);
}

void planned_done(Planned *p)
{
        sandbox_plan_done(&p->plan);
        p->config = config_unref(p->config);
}

size_t count_steps(const SandboxPlan *p, SandboxStepKind kind)
{
        size_t n = 0;
        for (size_t i = 0; i < p->n; i++)
                n += p->steps[i].kind == kind;
        return n;
}

const SandboxStep *find_step(const SandboxPlan *p, SandboxStepKind kind, const char *text)
{
        for (size_t i = 0; i < p->n; i++)
                if (p->steps[i].kind == kind &&
                    (!text || (p->steps[i].text && strcmp(p->steps[i].text, text) == 0)))
                        return &p->steps[i];
        return NULL;
}
