/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/option.h"
#include "base/nearest.h"
#include "cli/option-value.h"

/* How far a parse has come. */
typedef struct Walk {
        const OptionParse *p;
        int argc, at; /* argv[at] is looked at */
        char **argv;
        OptionArgs args;
} Walk;

/* An option as found: the row, the struct it fills, the text that named it. */
typedef struct Found {
        const Option *row;
        void *values;
        Span typed; /* with its dashes */
} Found;

bool option_takes_value(const Option *o)
{
        return o->kind != OPTION_FLAG;
}

static bool find_long(const OptionParse *p, Span name, Found *ret)
{
        for (size_t s = 0; s < p->n_sets; s++)
                for (size_t i = 0; i < p->sets[s].n; i++)
                        if (span_equal(name, span_of(p->sets[s].rows[i].name))) {
                                ret->row = &p->sets[s].rows[i];
                                ret->values = p->sets[s].values;
                                return true;
                        }
        return false;
}

static bool find_letter(const OptionParse *p, char letter, Found *ret)
{
        for (size_t s = 0; s < p->n_sets; s++)
                for (size_t i = 0; i < p->sets[s].n; i++)
                        if (letter && p->sets[s].rows[i].letter == letter) {
                                ret->row = &p->sets[s].rows[i];
                                ret->values = p->sets[s].values;
                                return true;
                        }
        return false;
}

static int refuse_unknown(const OptionParse *p, Span typed, Span name)
{
        Nearest near = NEAREST_INIT(name);
        for (size_t s = 0; s < p->n_sets; s++)
                for (size_t i = 0; i < p->sets[s].n; i++)
                        nearest_offer(&near, p->sets[s].rows[i].name);

        int r = buf_append_str(p->why, "unknown option ");
        if (r == 0)
                r = option_show(typed, p->why);
        if (r == 0 && near.best)
                r = buf_appendf(p->why, " (did you mean --%s?)", near.best);
        return r < 0 ? r : OPTION_E_USAGE;
}

static int refuse_value(const OptionParse *p, const Found *f)
{
        int r = option_show(f->typed, p->why);
        if (r == 0)
                r = buf_append_str(p->why, " takes no value");
        return r < 0 ? r : OPTION_E_USAGE;
}

static int refuse_missing(const OptionParse *p, const Found *f)
{
        int r = option_show(f->typed, p->why);
        if (r == 0)
                r = buf_appendf(p->why, " needs a value %s: ", f->row->arg);
        if (r == 0)
                r = option_expects(f->row, p->why);
        return r < 0 ? r : OPTION_E_USAGE;
}

/* Takes the next word as a value. One that looks like a long option, or `--`, is not
 * taken: the value was forgotten. --name=--value says that it is meant. */
static int store_next(Walk *w, const Found *f)
{
        const char *next = w->at + 1 < w->argc ? w->argv[w->at + 1] : NULL;
        if (!next || (next[0] == '-' && next[1] == '-'))
                return refuse_missing(w->p, f);
        w->at++;
        return option_store(w->p, f->row, (char *)f->values + f->row->offset, f->typed, next);
}

static int take_long(Walk *w)
{
        Span word = span_of(w->argv[w->at]);
        size_t equals = span_find(word, '=');
        Found f = {.typed = span_first(word, equals)};
        Span name = span_skip(f.typed, 2);
        if (!find_long(w->p, name, &f))
                return refuse_unknown(w->p, f.typed, name);

        char *place = (char *)f.values + f.row->offset;
        if (!option_takes_value(f.row)) {
                if (equals < word.len)
                        return refuse_value(w->p, &f);
                *(bool *)place = true;
                return 0;
        }
        if (equals < word.len)
                return option_store(w->p, f.row, place, f.typed, word.ptr + equals + 1);
        return store_next(w, &f);
}

/* -abc: flags, of which the last may be an option whose value is the rest or the next word. */
static int take_letters(Walk *w)
{
        for (const char *c = w->argv[w->at] + 1; *c; c++) {
                char typed[] = {'-', *c, '\0'};
                Found f = {.typed = span_of(typed)};
                if (!find_letter(w->p, *c, &f)) { /* perhaps -name for --name: show the whole word */
                        bool first = c == w->argv[w->at] + 1;
                        Span word = first ? span_of(w->argv[w->at]) : f.typed;
                        return refuse_unknown(w->p, word, span_skip(word, 1));
                }
                char *place = (char *)f.values + f.row->offset;
                if (!option_takes_value(f.row)) {
                        *(bool *)place = true;
                        continue;
                }
                if (c[1])
                        return option_store(w->p, f.row, place, f.typed, c + 1);
                return store_next(w, &f);
        }
        return 0;
}

static void take_rest(Walk *w, int from)
{
        for (int i = from; i < w->argc; i++)
                w->args.items[w->args.n++] = w->argv[i];
        w->at = w->argc;
}

static int walk_step(Walk *w)
{
        const char *word = w->argv[w->at];
        if (strcmp(word, "--") == 0) {
                take_rest(w, w->at + 1);
                return 0;
        }
        int r = 0;
        if (word[0] == '-' && word[1] == '-')
                r = take_long(w);
        else if (word[0] == '-' && word[1]) /* a lone "-" is an argument */
                r = take_letters(w);
        else if (w->p->stop_at_positional)
                take_rest(w, w->at);
        else
                w->args.items[w->args.n++] = w->argv[w->at];
        w->at++;
        return r;
}

int option_parse(const OptionParse *p, int argc, char **argv, OptionArgs *ret)
{
        Walk w = {.p = p, .argc = argc, .argv = argv};
        w.args.items = arena_alloc_array(p->arena, (size_t)argc + 1, sizeof(char *));
        if (!w.args.items)
                return -ENOMEM;
        while (w.at < argc) {
                int r = walk_step(&w);
                if (r != 0)
                        return r;
        }
        *ret = w.args;
        return 0;
}
