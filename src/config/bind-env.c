/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "base/utf8.h"
#include "config/bind-text.h"
#include "config/env-file.h"

static DiagAt at_key(const Bind *b, const ConfigText *key)
{
        return (DiagAt){.file = b->file, .line = key->line, .col = key->col, .width = 1};
}

PRINTF(3, 4) static int refuse(Bind *b, const ConfigText *key, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        diag_vadd(b->diags, DIAG_ERROR, at_key(b, key), buf_text(&b->path), fmt, ap);
        va_end(ap);
        return 0;
}

static char escape_of(char c)
{
        return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

/* A value without its backslashes, in the snapshot's memory. */
static char *keep_value(Arena *arena, const EnvLine *line)
{
        char *text = arena_strdup(arena, line->value);
        if (!text || !line->escaped)
                return text;
        size_t n = 0;
        for (size_t i = 0; i < line->value.len; i++) {
                bool escape = text[i] == '\\' && i + 1 < line->value.len;
                text[n++] = escape ? escape_of(text[++i]) : text[i];
        }
        text[n] = '\0';
        return text;
}

static size_t count_lines(Span text)
{
        size_t n = 1;
        for (size_t i = 0; i < text.len; i++)
                n += text.ptr[i] == '\n';
        return n;
}

static ConfigPair *find_name(ConfigPair *items, size_t n, Span name)
{
        for (size_t i = 0; i < n; i++)
                if (span_equal(span_of(items[i].name), name))
                        return &items[i];
        return &items[n];
}

static int keep_lines(Bind *b, const ConfigText *key, Span text, ConfigMap *ret)
{
        size_t room = count_lines(text), n = 0;
        uint32_t number = 0;
        EnvLine line;
        if (room > LIMIT_CONFIG_LIST)
                return refuse(b, key, "%.200s has more than %d lines", config_shown(key), LIMIT_CONFIG_LIST);
        ConfigPair *items = ARENA_NEW_N(&b->config->arena, ConfigPair, room);
        if (!items)
                return -ENOMEM;
        for (;;) {
                int r = env_file_next(&text, &number, &line);
                if (r == ENV_FILE_E_END)
                        break;
                if (r > 0)
                        return refuse(b, key, "%.200s:%u: %s", config_shown(key), number,
                                      r == ENV_FILE_E_NAME
                                              ? "is no KEY=VALUE"
                                              : "a quote is not closed, or something follows it");
                ConfigPair *p = find_name(items, n, line.name);
                n += p == &items[n];
                p->name = arena_strdup(&b->config->arena, line.name);
                p->text = (ConfigText){.value = keep_value(&b->config->arena, &line), .secret = true};
                if (!p->name || !p->text.value)
                        return -ENOMEM;
        }
        *ret = (ConfigMap){items, n};
        return 0;
}

int bind_env_file(Bind *b, ServerConfig *s)
{
        const ConfigText *key = &s->env_file;
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_CONFIG_ENV_FILE);
        if (!key->value || !b->env)
                return 0;
        size_t back;
        int r = bind_path_key(b, SPAN("env_file"), &back);
        if (r == 0)
                r = b->env->read(b->env, key->value, &text);
        if (r == -ENOBUFS)
                r = refuse(b, key, "%.200s is larger than %d KiB", config_shown(key),
                           LIMIT_CONFIG_ENV_FILE / 1024);
        else if (r < 0 && r != -ENOMEM)
                r = refuse(b, key, "cannot read %.200s: %s", config_shown(key), expand_read_error(r));
        else if (r == 0 && (!utf8_valid(buf_span(&text)) || (text.len && memchr(text.data, 0, text.len))))
                r = refuse(b, key, "%.200s is not a text: it holds bytes that are not UTF-8",
                           config_shown(key));
        else if (r == 0)
                r = keep_lines(b, key, buf_span(&text), &s->resolved.env);
        bind_path_back(b, back);
        return r;
}
