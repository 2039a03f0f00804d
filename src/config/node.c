/* SPDX-License-Identifier: Apache-2.0 */
#include <yaml.h>

#include "base/json-writer.h"
#include "base/limit-table.h"
#include "base/utf8.h"
#include "config/node.h"
#include "config/source.h"

typedef struct Level {
        Node *node;
        Node **tail;
        const Node *key; /* of a map: the key that waits for its value */
} Level;

typedef struct Parse {
        Arena *arena;
        const char *file;
        Span text;
        DiagList *diags;
        yaml_parser_t yaml;
        Level stack[LIMIT_CONFIG_DEPTH];
        size_t depth;
        size_t nodes;
        size_t documents;
        Node *root;
} Parse;

static DiagAt at_mark(const Parse *p, const yaml_mark_t *m)
{
        return (DiagAt){.file = p->file, .line = (uint32_t)m->line + 1, .col = (uint32_t)m->column + 1};
}

PRINTF(3, 4) static int refuse(Parse *p, const yaml_mark_t *m, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        diag_vadd(p->diags, DIAG_ERROR, at_mark(p, m), NULL, fmt, ap);
        va_end(ap);
        return NODE_E_INVALID;
}

typedef struct Hint {
        const char *problem, *say;
} Hint;

/* libyaml's words for the commonest slips, in words that say what to do. */
static const Hint hints[] = {
        {"found character that cannot start any token",
         "this character cannot begin a value (tabs cannot indent YAML: use spaces; put a text that begins "
         "with @ ` or % into quotes)"},
        {"mapping values are not allowed in this context",
         "a \": \" is not expected here (is the indentation right? put a text with \": \" into quotes)"},
        {"could not find expected ':'",
         "a key without its ':' (is the line complete, and indented like its neighbours?)"},
        {"did not find expected key",
         "a key is expected here: the indentation does not match the lines above"},
        {"did not find expected '-' indicator",
         "an item of the list is expected here: the indentation does not match the lines above"},
        {"did not find expected ',' or '}'", "a ',' or '}' is missing before this"},
        {"did not find expected ',' or ']'", "a ',' or ']' is missing before this"},
        {"did not find expected node content", "a value is expected here"},
        {"found unknown escape character",
         "an unknown escape in double quotes (write \\\\ for a backslash, or use single quotes)"},
        {"found invalid Unicode character escape code",
         "this escape stands for no character (half of a surrogate pair, or too large a number)"},
        {"found undefined tag handle",
         "tags are not accepted: leave it out (put a text that begins with ! into quotes)"},
        {"did not find expected hexdecimal number", "an escape without its hexadecimal digits"},
        {"block sequence entries are not allowed in this context",
         "an item of a list is not expected here (is the indentation right? a list begins on the next line)"},
        {"mapping keys are not allowed in this context",
         "a key is not expected here (is the indentation right?)"},
        {"found unexpected document indicator", "a document begins or ends inside a quoted text"},
        {"did not find expected <document start>",
         "the document ended above: nothing but a second document could begin here"},
        {"did not find expected alphabetic or numeric character",
         "anchors and aliases are not accepted: put a text that begins with & or * into quotes"},
};

/* A character that YAML does not allow: libyaml tells the byte, not the line. */
static int refuse_character(Parse *p, const char *problem)
{
        yaml_mark_t m = {0};
        Span before = span_first(p->text, p->yaml.problem_offset), line;
        while (source_line(&before, &line)) {
                m.line += before.ptr != NULL;
                m.column = utf8_length(line);
        }
        if (strcmp(problem, "control characters are not allowed") == 0)
                return refuse(p, &m, "a control character (U+%04X) stands here",
                              (unsigned)p->yaml.problem_value);
        return refuse(p, &m, "%s", problem);
}

static int refuse_syntax(Parse *p)
{
        const char *problem = p->yaml.problem ? p->yaml.problem : "not YAML";
        if (p->yaml.error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
                if (strcmp(problem, hints[i].problem) == 0)
                        return refuse(p, &p->yaml.problem_mark, "%s", hints[i].say);
        if (strcmp(problem, "found unexpected end of stream") == 0)
                return refuse(p, &p->yaml.problem_mark,
                              "the file ends inside the quoted text that begins on line %zu",
                              p->yaml.context_mark.line + 1);
        if (p->yaml.error == YAML_READER_ERROR)
                return refuse_character(p, problem);
        return refuse(p, &p->yaml.problem_mark, "%s%s%s", problem, p->yaml.context ? " " : "",
                      p->yaml.context ? p->yaml.context : "");
}

static int new_node(Parse *p, NodeKind kind, const yaml_event_t *e, Node **ret)
{
        if (++p->nodes > LIMIT_CONFIG_NODES)
                return refuse(p, &e->start_mark, "more than %d values: split the configuration",
                              LIMIT_CONFIG_NODES);
        Node *n = ARENA_NEW(p->arena, Node);
        if (!n)
                return -ENOMEM;
        *n = (Node){
                .kind = kind,
                .line = (uint32_t)e->start_mark.line + 1,
                .col = (uint32_t)e->start_mark.column + 1,
                .end_line = (uint32_t)e->end_mark.line + 1,
                .end_col = (uint32_t)e->end_mark.column + 1,
        };
        *ret = n;
        return 0;
}

/* A key stands in messages, and in `config print` on one line. */
static int check_key(Parse *p, Span key, const yaml_event_t *e)
{
        if (key.len > LIMIT_CONFIG_KEY)
                return refuse(p, &e->start_mark, "a key of %zu bytes: at most %d are accepted", key.len,
                              LIMIT_CONFIG_KEY);
        for (; key.len; key = span_skip(key, 1)) {
                bool c1 = key.ptr[0] == '\xc2' && key.len > 1 && (uint8_t)key.ptr[1] < 0xa0;
                if ((uint8_t)key.ptr[0] < 0x20 || key.ptr[0] == 0x7f || c1)
                        return refuse(p, &e->start_mark, "a control character in a key");
        }
        return 0;
}

static int attach_key(Parse *p, Level *l, const Node *n, const yaml_event_t *e)
{
        if (n->kind != NODE_SCALAR)
                return refuse(p, &e->start_mark, "a key must be a plain text, not %s", node_kind_name(n));
        if (!n->quoted && span_equal(n->text, SPAN("<<")))
                return refuse(p, &e->start_mark,
                              "merge keys are not accepted: write the keys out, or use `defaults`");
        l->key = n;
        return check_key(p, n->text, e);
}

/* Hangs a finished scalar or a begun container into the tree. */
static int attach(Parse *p, Node *n, const yaml_event_t *e)
{
        if (p->depth == 0) {
                p->root = n;
                return 0;
        }
        Level *l = &p->stack[p->depth - 1];
        if (l->node->kind == NODE_MAP && !l->key)
                return attach_key(p, l, n, e);
        n->key = l->key;
        l->key = NULL;
        *l->tail = n;
        l->tail = &n->next;
        l->node->count++;
        if (l->node->count > LIMIT_CONFIG_LIST)
                return refuse(p, &e->start_mark, "more than %d entries", LIMIT_CONFIG_LIST);
        return 0;
}

static int on_scalar(Parse *p, const yaml_event_t *e)
{
        Node *n;
        int r = new_node(p, NODE_SCALAR, e, &n);
        if (r)
                return r;
        n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        n->text = span_from((const char *)e->data.scalar.value, e->data.scalar.length);
        if (memchr(n->text.ptr, 0, n->text.len))
                return refuse(p, &e->start_mark, "a NUL byte in a text");
        n->text.ptr = arena_strdup(p->arena, n->text);
        return n->text.ptr ? attach(p, n, e) : -ENOMEM;
}

static int on_begin(Parse *p, NodeKind kind, const yaml_event_t *e)
{
        Node *n;
        int r = new_node(p, kind, e, &n);
        if (r == 0)
                r = attach(p, n, e);
        if (r)
                return r;
        if (p->depth == ARRAY_SIZE(p->stack))
                return refuse(p, &e->start_mark, "nested more than %d levels deep", LIMIT_CONFIG_DEPTH);
        p->stack[p->depth++] = (Level){.node = n, .tail = &n->first};
        return 0;
}

static int compare_keys(const void *a, const void *b)
{
        const Node *x = *(Node *const *)a, *y = *(Node *const *)b;
        int r = span_compare(x->key->text, y->key->text);
        return r ? r
               : (x->key->line > y->key->line || (x->key->line == y->key->line && x->key->col > y->key->col))
                       ? 1
                       : -1;
}

static int check_duplicates(Parse *p, const Node *map)
{
        if (map->count < 2)
                return 0;
        CLEANUP_FREE Node **sorted = malloc(map->count * sizeof(Node *));
        if (!sorted)
                return -ENOMEM;
        size_t n = 0;
        for (Node *c = map->first; c; c = c->next)
                sorted[n++] = c;
        qsort(sorted, n, sizeof(*sorted), compare_keys);

        int result = 0;
        for (size_t i = 1; i < n; i++) {
                const Node *first = sorted[i - 1]->key, *again = sorted[i]->key;
                if (!span_equal(first->text, again->text))
                        continue;
                diag_add(p->diags, DIAG_ERROR, node_at(p->file, again), NULL,
                         "the key \"%s\" stands here for the second time: it is already on line %u",
                         again->text.ptr, first->line);
                result = NODE_E_INVALID;
        }
        return result;
}

/* A map with a key that stands twice is refused when its end is reached, so that all are told. */
static int on_end(Parse *p, const yaml_event_t *e)
{
        Level *l = &p->stack[--p->depth];
        l->node->end_line = (uint32_t)e->end_mark.line + 1;
        l->node->end_col = (uint32_t)e->end_mark.column + 1;
        return l->node->kind == NODE_MAP ? check_duplicates(p, l->node) : 0;
}

static int refuse_tag(Parse *p, const yaml_event_t *e, const yaml_char_t *anchor, const yaml_char_t *tag)
{
        if (anchor)
                return refuse(p, &e->start_mark,
                              "anchors are not accepted: write the values out, or use `defaults` (put a text "
                              "that begins with & into quotes)");
        if (tag) /* not quoted here: it may be a password that nobody put into quotes */
                return refuse(
                        p, &e->start_mark,
                        "tags are not accepted: leave it out (put a text that begins with ! into quotes)");
        return 0;
}

static int on_event(Parse *p, const yaml_event_t *e)
{
        int r = 0;
        switch (e->type) {
        case YAML_DOCUMENT_START_EVENT:
                if (++p->documents > 1)
                        return refuse(p, &e->start_mark,
                                      "a second document begins here: a configuration is one document");
                if (e->data.document_start.version_directive ||
                    e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end)
                        return refuse(p, &e->start_mark,
                                      "directives (lines that begin with %%) are not accepted");
                return 0;
        case YAML_ALIAS_EVENT:
                return refuse(p, &e->start_mark,
                              "aliases are not accepted: write the values out, or use `defaults` (put a text "
                              "that begins with * into quotes)");
        case YAML_SCALAR_EVENT:
                r = refuse_tag(p, e, e->data.scalar.anchor, e->data.scalar.tag);
                return r ? r : on_scalar(p, e);
        case YAML_SEQUENCE_START_EVENT:
                r = refuse_tag(p, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
                return r ? r : on_begin(p, NODE_LIST, e);
        case YAML_MAPPING_START_EVENT:
                r = refuse_tag(p, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
                return r ? r : on_begin(p, NODE_MAP, e);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                return on_end(p, e);
        default:
                return 0;
        }
}

/* Duplicate keys are noted and the rest is read on; everything else ends it at once. */
static int run(Parse *p)
{
        int result = 0;
        for (bool more = true; more;) {
                yaml_event_t e;
                if (!yaml_parser_parse(&p->yaml, &e))
                        return refuse_syntax(p);
                more = e.type != YAML_STREAM_END_EVENT;
                bool end = e.type == YAML_MAPPING_END_EVENT;
                int r = on_event(p, &e);
                yaml_event_delete(&e);
                if (r < 0 || (r > 0 && !end))
                        return r;
                if (r > 0)
                        result = r;
        }
        return result;
}

int node_parse(Arena *arena, const char *file, Span text, DiagList *diags, Node **ret)
{
        Parse p = {.arena = arena, .file = file, .diags = diags, .text = text};
        if (!yaml_parser_initialize(&p.yaml))
                return -ENOMEM;
        yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&p.yaml, (const unsigned char *)(text.len ? text.ptr : ""), text.len);
        int r = run(&p);
        yaml_parser_delete(&p.yaml);
        if (r == 0)
                *ret = p.root;
        return r;
}

void node_forget_places(Node *n)
{
        n->line = n->col = n->end_line = n->end_col = 0;
        for (Node *c = n->first; c; c = c->next)
                node_forget_places(c);
}

bool node_is_null(const Node *n)
{
        if (n->kind != NODE_SCALAR || n->quoted)
                return false;
        return n->text.len == 0 || span_equal(n->text, SPAN("~")) || span_equal_nocase(n->text, SPAN("null"));
}

Node *node_get(const Node *map, Span key)
{
        for (Node *c = map->kind == NODE_MAP ? map->first : NULL; c; c = c->next)
                if (span_equal(c->key->text, key))
                        return c;
        return NULL;
}

const char *node_kind_name(const Node *n)
{
        static const char *const names[] = {
                [NODE_SCALAR] = "a text", [NODE_MAP] = "a map", [NODE_LIST] = "a list"};
        return names[n->kind];
}

static size_t skip_digits(Span s, size_t i)
{
        while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
                i++;
        return i;
}

/* The grammar of RFC 8259, section 6. */
static bool is_json_number(Span s)
{
        size_t i = s.len && s.ptr[0] == '-', start = i;
        i = skip_digits(s, i);
        if (i == start || (s.ptr[start] == '0' && i - start > 1))
                return false;
        if (i < s.len && s.ptr[i] == '.') {
                start = ++i;
                i = skip_digits(s, i);
                if (i == start)
                        return false;
        }
        if (i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E')) {
                i++;
                i += i < s.len && (s.ptr[i] == '+' || s.ptr[i] == '-');
                start = i;
                i = skip_digits(s, i);
                if (i == start)
                        return false;
        }
        return i == s.len;
}

static void write_json(const Node *n, JsonWriter *w)
{
        if (n->kind == NODE_SCALAR) {
                bool word = span_equal(n->text, SPAN("true")) || span_equal(n->text, SPAN("false"));
                if (node_is_null(n))
                        json_write_null(w);
                else if (!n->quoted && (word || is_json_number(n->text)))
                        json_write_raw(w, n->text);
                else
                        json_write_string(w, n->text);
                return;
        }
        (n->kind == NODE_MAP ? json_write_object : json_write_array)(w);
        for (const Node *c = n->first; c; c = c->next) {
                if (n->kind == NODE_MAP)
                        json_write_key_span(w, c->key->text);
                write_json(c, w);
        }
        (n->kind == NODE_MAP ? json_write_object_end : json_write_array_end)(w);
}

int node_to_json(const Node *n, Buf *b)
{
        JsonWriter w = JSON_WRITER(b);
        write_json(n, &w);
        return json_write_done(&w);
}
