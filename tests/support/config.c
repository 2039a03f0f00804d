/* SPDX-License-Identifier: Apache-2.0 */
#include "support/config.h"

#include "base/utf8.h"

/* ---- a world in a table --------------------------------------------------- */

static const FakeRow *find_row(const ExpandEnv *env, const char *name)
{
        const FakeEnv *fake = CONTAINER_OF(env, const FakeEnv, env);
        for (const FakeRow *row = fake->rows; row && row->name; row++)
                if (strcmp(row->name, name) == 0)
                        return row;
        return NULL;
}

const char *fake_env_get(const ExpandEnv *env, const char *name)
{
        const FakeRow *row = find_row(env, name);
        return row ? row->text : NULL;
}

int fake_env_read(const ExpandEnv *env, const char *path, Buf *b)
{
        const FakeRow *row = find_row(env, path);
        if (!row)
                return -ENOENT;
        if (row->error)
                return row->error;
        return buf_append(b, row->text, row->len ? row->len : strlen(row->text));
}

/* ---- from text to snapshot ------------------------------------------------ */

void load_span(Span text, const FakeRow *rows, bool planned, Loaded *ret)
{
        FakeEnv fake = FAKE_ENV(rows);
        *ret = (Loaded){.said = BUF_INIT(BUF_CAP_NONE)};
        diag_list_init(&ret->diags);
        ret->result = source_from_text("test.yaml", text, &ret->diags, &ret->source);
        if (ret->result == 0) {
                const ConfigLoadArgs args = {.source = &ret->source, .env = &fake.env, .planned = planned};
                ret->result = config_load(&args, &ret->diags, &ret->config);
        }
        for (const Diag *d = ret->diags.first; d; d = d->next)
                assert_int_equal(diag_format_text(d, false, &ret->said), 0);
}

void load_text(const char *text, const FakeRow *rows, Loaded *ret)
{
        load_span(span_of(text), rows, true, ret);
}

void loaded_done(Loaded *l)
{
        source_done(&l->source);
        diag_list_done(&l->diags);
        config_unref(l->config);
        buf_done(&l->said);
}

Config *config_of(const char *text)
{
        Loaded l;
        load_text(text, NULL, &l);
        assert_valid(&l);
        Config *c = TAKE_PTR(l.config);
        loaded_done(&l);
        return c;
}

void assert_said(const Loaded *l, DiagSeverity severity, const char *text)
{
        for (const Diag *d = l->diags.first; d; d = d->next) {
                CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
                assert_int_equal(buf_appendf(&b, "%s: %s", d->key ? d->key : "", d->message), 0);
                if (d->severity == severity && strstr(b.data, text))
                        return;
        }
        fail_msg("nobody said: %s: %s\nbut:\n%s", diag_severity_name(severity), text, buf_text(&l->said));
}

void assert_not_said(const Loaded *l, const char *text)
{
        if (strstr(buf_text(&l->said), text))
                fail_msg("should not be said: %s\nbut:\n%s", text, buf_text(&l->said));
}

void assert_loaded(const Loaded *l, int want, const char *file, int line)
{
        if (l->result == want && (l->config != NULL) == (want == 0))
                return;
        (void)fprintf(stderr, "result %d, %d wanted; findings:\n%s", l->result, want, buf_text(&l->said));
        _fail(file, line);
}
