/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/limit-table.h"
#include "supervisor/core.h"
#include "supervisor/instance-private.h"

/* The first of what is said counts: what follows from an end is not its cause. */
void instance_note_cause(Instance *i, const ExitFacts *f)
{
        if (i->noted)
                return;
        i->noted = true;
        i->cause = *f;
        if (f->text) {
                snprintf(i->cause_text, sizeof(i->cause_text), "%s", f->text);
                i->cause.text = i->cause_text;
        }
}

/* ---- what a tree says ------------------------------------------------------- */

static void tree_execed(Tree *t)
{
        Instance *i = t->owner;
        if (!i)
                return;
        if (i->state == SERVER_STATE_STARTING || i->state == SERVER_STATE_PROBING)
                instance_arm(i, STATE_EVENT_START_DEADLINE,
                             nsec_add(t->execed_at, i->server->config->start_timeout));
        log_info_with(
                LOG_FIELDS(LOG_SERVER(i->server->name), LOG_INSTANCE(i->generation), LOG_PID(t->leader)),
                "%s: started, pid %d", i->server->name, (int)t->leader);
        server_log_note(&i->server->log, "started, pid %d", (int)t->leader);
        instance_announce(i, false);
        server_touch(i->server);
}

static void tree_exec_failed(Tree *t, const StepError *error)
{
        Instance *i = t->owner;
        if (!i)
                return;
        instance_note_cause(i, &(const ExitFacts){.cause = EXIT_CAUSE_SPAWN, .error = *error});
        instance_event(i, STATE_EVENT_EXEC_FAILED);
}

static void tree_leader_exited(Tree *t, const SpawnReport *how)
{
        Instance *i = t->owner;
        if (!i)
                return;
        ExitFacts f = {.cause = how ? EXIT_CAUSE_LEADER : EXIT_CAUSE_WARDEN};
        if (how) {
                f.code = how->code;
                f.status = how->status;
                i->server->usage = how->usage;
        }
        instance_note_cause(i, &f);
        instance_event(i, STATE_EVENT_LEADER_EXITED);
}

static uint64_t oom_kills(const Tree *t)
{
        CgroupUsage u;
        return t->group.fd >= 0 && cgroup_usage(&t->group, &u) == 0 ? u.oom_kills : 0;
}

/* The life is over: what it was, for the history and for the decision. */
void instance_end_life(Instance *i)
{
        ExitFacts f = i->cause;
        ExitVerdict v;
        Tree *t = i->tree;
        if (!i->noted)
                f.cause = EXIT_CAUSE_WARDEN;
        f.planned = i->planned;
        f.handshake = i->protocol[0] != '\0';
        if (t) {
                f.our_kill = t->killed;
                f.oom_kills = oom_kills(t);
        }
        exit_classify(&f, &v);
        i->last_class = v.exit_class;
        server_record(i->server, i, &v);
        i->tree = NULL;
        tree_free(t);
}

static void tree_empty(Tree *t)
{
        Instance *i = t->owner;
        if (i)
                instance_event(i, STATE_EVENT_EMPTY);
        else
                tree_free(t);
}

static void tree_log_line(Tree *t)
{
        Instance *i = t->owner;
        if (i)
                askers_log_grew(instance_sup(i), i->server);
}

static const TreeOps instance_tree_ops = {.execed = tree_execed,
                                          .exec_failed = tree_exec_failed,
                                          .leader_exited = tree_leader_exited,
                                          .empty = tree_empty,
                                          .log_line = tree_log_line};

/* ---- a new life ------------------------------------------------------------- */

/* What an exec would say of a command that was not resolved. */
static int refuse(const Server *s, StepError *e)
{
        const char *command = s->config->command.value;
        struct stat st;
        int error = ENOENT;
        if (strchr(command, '/') && stat(command, &st) == 0)
                error = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
        *e = (StepError){.stage = SPAWN_STAGE_EXEC, .error = error};
        snprintf(e->detail, sizeof(e->detail), "%s", s->refused);
        return -error;
}

/* The pid table, the group and the pipes of a new life. */
void instance_go(Instance *i)
{
        Server *s = i->server;
        StepError error;
        char group[80];
        i->starting = true;
        i->generation = ++s->generations;
        snprintf(group, sizeof(group), "%.48s-%llu", s->name, (unsigned long long)i->generation);
        const TreeArgs args = {.config = s->config,
                               .log = &s->log,
                               .secrets = instance_sup(i)->secrets,
                               .group = group,
                               .generation = i->generation,
                               .instance = i->generation,
                               .owner = i};
        int r = s->refused ? refuse(s, &error)
                           : tree_spawn(instance_sup(i), &instance_tree_ops, &args, &i->tree, &error);
        if (r < 0) {
                instance_note_cause(i, &(const ExitFacts){.cause = EXIT_CAUSE_SPAWN, .error = error});
                instance_event(i, STATE_EVENT_EXEC_FAILED);
                return;
        }
        score_add(&s->score->ours.starts, 1);
        instance_arm(i, STATE_EVENT_START_DEADLINE, nsec_add(instance_now(i), s->config->start_timeout));
}
