/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"
#include "sandbox/explain.h"

enum { COLUMN = 16 };

static const char *const verdicts[] = {
        [SANDBOX_OK] = "ok",
        [SANDBOX_DEGRADED] = "degraded",
        [SANDBOX_REFUSED] = "refused",
};

static const char *const view_words[_VIEW_KIND_MAX] = {
        [VIEW_READ] = "read",     [VIEW_WRITE] = "write", [VIEW_LINK] = "link",    [VIEW_MEMORY] = "memory",
        [VIEW_DEVICE] = "device", [VIEW_PROC] = "proc",   [VIEW_MASK] = "covered", [VIEW_LOCKED] = "read",
};

static const char *const nets[] = {
        [NET_NONE] = "none: no network at all",
        [NET_LOOPBACK] = "loopback: one of its own; the machine's is not reachable",
        [NET_HOST] = "host: the network of the machine, its loopback and everything it reaches",
        [NET_ALLOW] = "the hosts of the list, by a proxy",
};

/* ---- text ------------------------------------------------------------------------------- */

static int why_text(const ExplainArgs *a, const FenceState *f, Buf *b)
{
        const SandboxMachine *m = a->machine;
        int r = f->needs_abi && m->landlock_abi
                        ? buf_appendf(b, "needs Landlock ABI %u, this kernel has %u", f->needs_abi,
                                      m->landlock_abi)
                        : buf_appendf(b, "%s: %s", offer_what(f->lacking), strerror(m->refused[f->lacking]));
        return r == 0 && f->instead ? buf_appendf(b, "; instead: %s", f->instead) : r;
}

static int fence_text(const ExplainArgs *a, SandboxFence i, Buf *b)
{
        const FenceState *f = &a->plan->fences[i];
        if (!f->wanted)
                return 0;
        int r = buf_appendf(b, "  %-*s", COLUMN, fence_name(i));
        if (r == 0 && f->effective)
                return buf_append_str(b, "yes\n");
        if (r == 0)
                r = buf_append_str(b, "MISSING  ");
        if (r == 0)
                r = why_text(a, f, b);
        return r < 0 ? r : buf_appendf(b, "\n  %*slost: %s\n", COLUMN, "", fence_lost(i));
}

static int view_text(const ExplainArgs *a, Buf *b)
{
        const FilesystemView *v = &a->plan->view;
        int r = v->n ? buf_append_str(b, "\nFiles that it sees:\n") : 0;
        for (size_t i = 0; r == 0 && i < v->n; i++) {
                const ViewItem *item = &v->items[i];
                if (item->kind == VIEW_LINK || item->kind == VIEW_MASK || item->kind == VIEW_LOCKED)
                        continue;
                r = buf_appendf(b, "  %-8s%s  (%s)\n", view_words[item->kind], item->path, item->key);
        }
        return r;
}

/* An argument that names a file which it does not see is the commonest surprise. */
static int notes_text(const ExplainArgs *a, Buf *b)
{
        const ConfigList *args = &a->server->args;
        int r = 0;
        for (size_t i = 0; r == 0 && a->plan->view.n && i < args->n; i++) {
                const char *path = args->items[i].value;
                if (*path == '/' && view_right(&a->plan->view, path, NULL) == VIEW_RIGHT_NONE)
                        r = buf_appendf(b,
                                        "\nnote: argument %zu, %s, is not in its view; see sandbox.ro and "
                                        "sandbox.rw\n",
                                        i + 1, config_shown(&args->items[i]));
        }
        return r;
}

static int size_text(const char *name, uint64_t v, Buf *b)
{
        int r = buf_appendf(b, "  %-*s", COLUMN, name);
        if (r == 0)
                r = format_size(b, v);
        return r < 0 ? r : buf_append_char(b, '\n');
}

static int limits_text(const ExplainArgs *a, Buf *b)
{
        const ServerConfig *s = a->server;
        int r = buf_append_str(b, "\nLimits:\n");
        if (r == 0)
                r = size_text("memory", s->sandbox.memory, b);
        if (r == 0)
                r = buf_appendf(b, "  %-*s%llu\n  %-*s%llu\n", COLUMN, "processes",
                                (unsigned long long)s->sandbox.pids, COLUMN, "open files",
                                (unsigned long long)s->sandbox.nofile);
        return r;
}

static int steps_text(const ExplainArgs *a, Buf *b)
{
        static const char *const phases[_PHASE_MAX] = {"daemon",   "helper", "privileged",
                                                       "unmapped", "last",   "warden"};
        int r = a->steps && a->plan->n ? buf_append_str(b, "\nSteps:\n") : 0;
        for (size_t i = 0; r == 0 && a->steps && i < a->plan->n; i++) {
                const SandboxStep *s = &a->plan->steps[i];
                r = buf_appendf(b, "  %-11s%-15s%s%s%s 0x%llx 0x%llx 0x%llx\n", phases[s->phase],
                                step_name(s->kind), s->text ? s->text : "-", s->other ? " <- " : "",
                                s->other ? s->other : "", (unsigned long long)s->a, (unsigned long long)s->b,
                                (unsigned long long)s->c);
        }
        return r;
}

int explain_text(const ExplainArgs *args, Buf *b)
{
        const SandboxPlan *p = args->plan;
        int r = buf_appendf(b, "%s: profile %s, %s\n", args->server->head.name, profile_name(p->profile),
                            verdicts[p->verdict]);
        if (r == 0 && p->why)
                r = buf_appendf(b, "%s\n", p->why);
        if (r == 0)
                r = buf_append_str(b, "\nFences:\n");
        for (unsigned i = 0; r == 0 && i < _FENCE_MAX; i++)
                r = fence_text(args, (SandboxFence)i, b);
        if (r == 0 && p->profile != PROFILE_NONE)
                r = buf_appendf(b, "\nNetwork: %s\n", nets[server_net(args->server)]);
        if (r == 0)
                r = limits_text(args, b);
        if (r == 0)
                r = view_text(args, b);
        if (r == 0)
                r = notes_text(args, b);
        return r < 0 ? r : steps_text(args, b);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void member(JsonWriter *w, const char *key, const char *value)
{
        json_write_key(w, key);
        json_write_str(w, value);
}

static void fence_json(const ExplainArgs *a, SandboxFence i, JsonWriter *w)
{
        const FenceState *f = &a->plan->fences[i];
        CLEANUP(buf_done) Buf why = BUF_INIT(BUF_CAP_NONE);
        bool missing = f->wanted && !f->effective;
        if (missing && why_text(a, f, &why) < 0)
                w->error = w->error ? w->error : -ENOMEM;
        json_write_object(w);
        member(w, "name", fence_name(i));
        json_write_key(w, "requested");
        json_write_bool(w, f->wanted);
        json_write_key(w, "effective");
        json_write_bool(w, f->wanted && f->effective);
        member(w, "why", missing ? buf_text(&why) : NULL);
        member(w, "lost", missing ? fence_lost(i) : NULL);
        json_write_object_end(w);
}

static void view_json(const ExplainArgs *a, JsonWriter *w)
{
        json_write_key(w, "files");
        json_write_array(w);
        for (size_t i = 0; i < a->plan->view.n; i++) {
                const ViewItem *item = &a->plan->view.items[i];
                json_write_object(w);
                member(w, "path", item->path);
                member(w, "kind", view_words[item->kind]);
                member(w, "source", item->source);
                member(w, "key", item->key);
                json_write_object_end(w);
        }
        json_write_array_end(w);
}

static void missing_json(const SandboxPlan *p, JsonWriter *w)
{
        json_write_key(w, "missing");
        json_write_array(w);
        for (unsigned i = 0; i < _FENCE_MAX; i++)
                if (p->missing & FENCE_BIT(i))
                        json_write_str(w, fence_name((SandboxFence)i));
        json_write_array_end(w);
}

void explain_json(const ExplainArgs *args, JsonWriter *w)
{
        const SandboxPlan *p = args->plan;
        json_write_object(w);
        member(w, "name", args->server->head.name);
        member(w, "profile", profile_name(p->profile));
        member(w, "verdict", verdicts[p->verdict]);
        member(w, "why", p->why);
        missing_json(p, w);
        json_write_key(w, "fences");
        json_write_array(w);
        for (unsigned i = 0; i < _FENCE_MAX; i++)
                fence_json(args, (SandboxFence)i, w);
        json_write_array_end(w);
        view_json(args, w);
        json_write_object_end(w);
}

/* ---- the machine ------------------------------------------------------------------------------ */

int explain_machine_text(const SandboxMachine *m, Buf *b)
{
        int r = 0;
        for (unsigned i = 0; r == 0 && i < _OFFER_MAX; i++) {
                SandboxOffer o = (SandboxOffer)i;
                r = buf_appendf(b, "%-*s", COLUMN, offer_name(o));
                if (r == 0 && !machine_has(m, o))
                        r = buf_appendf(b, "NO   %s: %s\n%*s     %s\n", offer_what(o),
                                        strerror(m->refused[o]), COLUMN, "", offer_remedy(o));
                else if (r == 0 && o == OFFER_LANDLOCK)
                        r = buf_appendf(b, "yes  %s, ABI %u\n", offer_what(o), m->landlock_abi);
                else if (r == 0)
                        r = buf_appendf(b, "yes  %s\n", offer_what(o));
        }
        return r;
}

void explain_machine_json(const SandboxMachine *m, JsonWriter *w)
{
        json_write_object(w);
        json_write_key(w, "landlock_abi");
        json_write_uint(w, m->landlock_abi);
        json_write_key(w, "offers");
        json_write_array(w);
        for (unsigned i = 0; i < _OFFER_MAX; i++) {
                SandboxOffer o = (SandboxOffer)i;
                bool has = machine_has(m, o);
                json_write_object(w);
                member(w, "name", offer_name(o));
                json_write_key(w, "available");
                json_write_bool(w, has);
                member(w, "why", has ? NULL : strerror(m->refused[o]));
                member(w, "remedy", has ? NULL : offer_remedy(o));
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_object_end(w);
}
