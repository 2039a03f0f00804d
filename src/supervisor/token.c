/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/parse.h"
#include "ipc/token.h"
#include "supervisor/token-file.h"
#include "supervisor/token.h"

/* Names for logs of those that the configuration does not name. */
#define NAME_FILE  "token_file"
#define NAME_GIVEN "MCPVISOR_TOKEN"
#define HASH_FORM  "sha256:"

enum { OTHERS = 2 }; /* the file's, the environment's */

typedef struct TokenList {
        IpcToken *items; /* owned */
        size_t n;
} TokenList;

static void token_list_done(TokenList *l)
{
        free(l->items);
}

void tokens_done(Tokens *t)
{
        fd_close_p(&t->fd);
        if (t->text)
                explicit_bzero(t->text, strlen(t->text));
        free(t->text);
        free(t->path);
        *t = TOKENS_INIT;
}

/* ---- the token of the file --------------------------------------------------- */

static int file_make(Tokens *t, Buf *why)
{
        char text[TOKEN_TEXT];
        int r = token_make(text);
        if (r < 0)
                return r;
        r = token_file_write(t->path, text);
        explicit_bzero(text, sizeof(text));
        t->made = r == 0;
        if (r == 0 || r == -EEXIST || r == -ENOMEM)
                return r == -EEXIST ? 0 : r;
        r = buf_appendf(why, "the token file %s cannot be made: %s%s", t->path, strerror(-r),
                        r == -ENOENT ? ": make its directory first" : "");
        return r < 0 ? r : TOKENS_E_REFUSED;
}

static int file_token(Tokens *t, Buf *why)
{
        int r = token_file_read(t->path, &t->text, why);
        if (r == TOKEN_FILE_E_MISSING) {
                r = file_make(t, why);
                if (r == 0)
                        r = token_file_read(t->path, &t->text, why);
        }
        return r > 0 ? TOKENS_E_REFUSED : r;
}

/* There is nowhere to write it: it lasts as long as we do. */
static int made_up_token(const TokensArgs *args, Tokens *t)
{
        char text[TOKEN_TEXT];
        const Tokens *b = args->before;
        bool again = b && b->text && !b->path;
        int r = again ? 0 : token_make(text);
        if (r < 0)
                return r;
        t->text = strdup(again ? b->text : text);
        t->made = !again;
        explicit_bzero(text, sizeof(text));
        return t->text ? 0 : -ENOMEM;
}

static int choose_path(const TokensArgs *args, char **ret)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        const char *written = args->config->auth.token_file.value;
        int r = written ? buf_append_str(&b, written) : buf_appendf(&b, "%s/token", args->state);
        return r < 0 ? r : buf_steal(&b, ret);
}

static int plain_token(const TokensArgs *args, Tokens *t, Buf *why)
{
        const Config *c = args->config;
        if (!c->auth.token_file.value && (c->auth.tokens.n || args->given))
                return 0; /* who gives others does not ask for one more */
        if (!c->auth.token_file.value && !args->state)
                return made_up_token(args, t);
        int r = choose_path(args, &t->path);
        return r < 0 ? r : file_token(t, why);
}

/* ---- all of them ------------------------------------------------------------- */

static void add_text(TokenList *l, const char *name, const char *text)
{
        IpcToken *t = &l->items[l->n++];
        (void)snprintf(t->name, sizeof(t->name), "%s", name);
        sha256(span_of(text), t->hash);
}

static int add_hashes(TokenList *l, const ConfigGroup *g)
{
        const TokenConfig *tokens = g->items;
        for (size_t i = 0; i < g->n; i++) {
                IpcToken *t = &l->items[l->n++];
                Span digits = span_skip(span_of(tokens[i].hash.value), sizeof(HASH_FORM) - 1);
                int r = parse_hex(digits, t->hash, sizeof(t->hash));
                if (r < 0)
                        return r;
                (void)snprintf(t->name, sizeof(t->name), "%s", tokens[i].name.value);
        }
        return 0;
}

static int make_list(const TokensArgs *args, const Tokens *t, TokenList *l)
{
        const Config *c = args->config;
        l->items = calloc(c->auth.tokens.n + OTHERS, sizeof(*l->items));
        if (!l->items)
                return -ENOMEM;
        if (t->text)
                add_text(l, NAME_FILE, t->text);
        if (args->given)
                add_text(l, NAME_GIVEN, args->given);
        return add_hashes(l, &c->auth.tokens);
}

int tokens_gather(const TokensArgs *args, Tokens *ret, Buf *why)
{
        CLEANUP(token_list_done) TokenList list = {0};
        CLEANUP(tokens_done) Tokens t = TOKENS_INIT;
        int r = 0;
        if (args->config->auth.mode == AUTH_TOKEN) {
                r = plain_token(args, &t, why);
                if (r == 0)
                        r = make_list(args, &t, &list);
        }
        if (r == 0)
                r = ipc_tokens_write(list.items, list.n, &t.fd);
        if (r != 0)
                return r;
        *ret = t;
        t = TOKENS_INIT;
        return 0;
}
