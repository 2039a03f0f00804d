/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "base/json-writer.h"
#include "base/limit-table.h"
#include "gateway/listing.h"
#include "jsonrpc/json.h"
#include "mcp/uri-template.h"

static Arena *arena_free(Arena *a)
{
        arena_done(a);
        free(a);
        return NULL;
}

void listing_done(Listing *l)
{
        free(l->entries);
        free(l->buckets);
        buf_done(&l->text);
        if (l->memory)
                arena_free(l->memory);
        *l = (Listing){0};
}

/* ---- by name: places in an array that is at most half full; 0: empty, else the entry's index + 1 ---- */

static uint32_t *slot_of(const Listing *l, Span exposed)
{
        uint64_t at = hash_span(exposed, l->seed);
        for (;; at++) {
                uint32_t *slot = &l->buckets[at & (l->n_buckets - 1)];
                if (*slot == 0 || span_equal(l->entries[*slot - 1].exposed, exposed))
                        return slot;
        }
}

const ListingEntry *listing_find(const Listing *l, Span exposed)
{
        uint32_t slot = l->n ? *slot_of(l, exposed) : 0;
        return slot ? &l->entries[slot - 1] : NULL;
}

/* ---- one item ---- */

/* What becomes of it. Empty: nothing. */
typedef struct Edit {
        Span name, description; /* JSON strings */
} Edit;

/* A member that comes twice is replaced twice: whichever a client believes is the right one. */
static int write_item(Buf *b, Span item, const Edit *e)
{
        Span name, value;
        const char *done = item.ptr, *end = item.ptr + item.len;
        bool described = false;
        int r = 0;
        if (!e->name.len && !e->description.len)
                return buf_append_span(b, item);
        for (JspanWalk w = jspan_walk(item); r >= 0 && jspan_next(&w, &name, &value);) {
                Span put = SPAN_NONE;
                if (e->name.len && jspan_is(name, "name"))
                        put = e->name;
                else if (e->description.len && jspan_is(name, "description")) {
                        put = e->description;
                        described = true;
                }
                if (!put.len)
                        continue;
                r = buf_append(b, done, (size_t)(value.ptr - done));
                if (r >= 0)
                        r = buf_append_span(b, put);
                done = value.ptr + value.len;
        }
        if (r >= 0 && e->description.len && !described) { /* at the end: there is a name before it */
                r = buf_append(b, done, (size_t)(end - 1 - done));
                if (r >= 0)
                        r = buf_append_str(b, ",\"description\":");
                if (r >= 0)
                        r = buf_append_span(b, e->description);
                done = end - 1;
        }
        return r < 0 ? r : buf_append(b, done, (size_t)(end - done));
}

/* ---- a list in the making ---- */

typedef struct Build {
        Listing l;
        McpList list;
        Buf scratch; /* JSON strings of one item's edit */
} Build;

static void build_done(Build *b)
{
        listing_done(&b->l);
        buf_done(&b->scratch);
}

/* The text of the pair with that name; `fallback` when there is none. */
static Span pair_text(const Span *pairs, size_t n, Span name, Span fallback)
{
        for (size_t i = 0; i < n; i++)
                if (span_equal(pairs[2 * i], name))
                        return pairs[2 * i + 1];
        return fallback;
}

static bool passes(const ListingSource *s, McpList list, Span own, Buf *scratch, int *ret_error)
{
        if (!mcp_filter(&s->filter, own))
                return false;
        if (list != MCP_LIST_TOOLS || (!s->view.allow && s->view.n_deny == 0))
                return true;
        buf_clear(scratch);
        *ret_error = buf_append_span(scratch, s->server);
        if (*ret_error >= 0)
                *ret_error = buf_append_str(scratch, "__");
        if (*ret_error >= 0)
                *ret_error = buf_append_span(scratch, own);
        return *ret_error >= 0 && mcp_filter_either(&s->view, buf_span(scratch), own);
}

static Span copy(Arena *memory, Span text)
{
        const char *p = arena_strdup(memory, text);
        return p ? span_from(p, text.len) : SPAN_NONE;
}

/* What clients call it, in the list's memory; SPAN_NONE: out of memory. */
static Span expose(Build *b, const ListingSource *s, Span own)
{
        char name[MCP_NAME_SIZE];
        Span renamed = pair_text(s->rename, s->n_rename, own, own);
        if (s->own_names || b->list == MCP_LIST_RESOURCES || b->list == MCP_LIST_TEMPLATES)
                return copy(b->l.memory, renamed);
        (void)mcp_name_exposed(s->prefix, renamed, name);
        return copy(b->l.memory, span_of(name));
}

/* Both strings into `scratch`. */
static int make_edit(Build *b, const ListingSource *s, const ListingEntry *entry, Edit *ret)
{
        Span description = pair_text(s->describe, s->n_describe, entry->own, SPAN_NONE);
        size_t middle;
        buf_clear(&b->scratch);
        int r = span_equal(entry->exposed, entry->own) ? 0 : json_quote(&b->scratch, entry->exposed);
        middle = b->scratch.len;
        if (r >= 0 && description.ptr)
                r = json_quote(&b->scratch, description);
        if (r < 0)
                return r;
        ret->name = span_first(buf_span(&b->scratch), middle);
        ret->description = span_skip(buf_span(&b->scratch), middle);
        return 0;
}

/* As if what stands behind `len` had never been appended. */
static void cut(Buf *b, size_t len)
{
        b->len = len;
        if (b->data)
                b->data[len] = '\0';
}

static int append_item(Build *b, const ListingSource *s, const McpItem *item, ListingEntry *entry)
{
        Edit edit;
        size_t before = b->l.text.len;
        int r = before ? buf_append_char(&b->l.text, ',') : 0;
        entry->at = (uint32_t)b->l.text.len;
        if (r >= 0)
                r = make_edit(b, s, entry, &edit);
        if (r >= 0)
                r = write_item(&b->l.text, item->text, &edit);
        if (r < 0) {
                cut(&b->l.text, before);
                return r;
        }
        entry->len = (uint32_t)(b->l.text.len - entry->at);
        return 0;
}

static int add_item(Build *b, const ListingSource *s, uint32_t source, const McpItem *item)
{
        int r = 0;
        if (!passes(s, b->list, item->key, &b->scratch, &r))
                return r;
        ListingEntry entry = {.source = source, .exposed = expose(b, s, item->key)};
        entry.own = copy(b->l.memory, item->key);
        if (!entry.exposed.ptr || !entry.own.ptr)
                return -ENOMEM;
        b->l.entries[b->l.n] = entry; /* for slot_of, and for good if it stays */
        uint32_t *slot = slot_of(&b->l, entry.exposed);
        r = *slot ? -ENOBUFS : append_item(b, s, item, &b->l.entries[b->l.n]);
        if (r == -ENOBUFS) { /* the name is taken, or the list is full */
                b->l.hidden++;
                return 0;
        }
        if (r >= 0)
                *slot = ++b->l.n;
        return r;
}

static int make_room(Listing *l, McpList list, const ListingSource *sources, size_t n)
{
        size_t most = 0, n_buckets = 16;
        for (size_t i = 0; i < n; i++)
                most += sources[i].catalogue ? sources[i].catalogue->lists[list].n : 0;
        if (most > UINT32_MAX / 4)
                return -ENOMEM;
        while (n_buckets < 2 * most)
                n_buckets *= 2;
        l->n_buckets = (uint32_t)n_buckets;
        l->entries = calloc(most + 1, sizeof(*l->entries));
        l->buckets = calloc(n_buckets, sizeof(*l->buckets));
        l->memory = calloc(1, sizeof(*l->memory));
        if (!l->entries || !l->buckets || !l->memory)
                return -ENOMEM;
        *l->memory = ARENA_INIT(SIZE_MAX); /* names only: less than the text */
        return 0;
}

/* Clients see editions in cursors, so it tells nothing of the seed. */
static uint64_t first_edition(uint64_t seed)
{
        return MAX(hash_span(SPAN("edition"), seed), (uint64_t)1);
}

int listing_build(Listing *l, McpList list, const ListingSource *sources, size_t n, uint64_t seed,
                  bool *ret_changed)
{
        CLEANUP(build_done) Build b = {.list = list, .scratch = BUF_INIT(BUF_CAP_NONE)};
        b.l.text = BUF_INIT(LIMIT_LISTING);
        b.l.seed = seed;
        int r = make_room(&b.l, list, sources, n);
        for (uint32_t i = 0; i < n && r >= 0; i++) {
                const McpItems *items = sources[i].catalogue ? &sources[i].catalogue->lists[list] : NULL;
                for (uint32_t k = 0; items && k < items->n && r >= 0; k++)
                        r = add_item(&b, &sources[i], i, &items->items[k]);
        }
        if (r < 0)
                return r;
        bool changed = !span_equal(buf_span(&l->text), buf_span(&b.l.text));
        b.l.edition = l->edition == 0 ? first_edition(seed) : l->edition + changed;
        listing_done(l);
        *l = b.l;
        b.l = (Listing){0};
        *ret_changed = changed;
        return 0;
}

/* ---- looking ---- */

const ListingEntry *listing_match(const Listing *l, Span uri, uint32_t *at)
{
        while (*at < l->n) {
                const ListingEntry *entry = &l->entries[(*at)++];
                if (uri_template_match(entry->own, uri))
                        return entry;
        }
        return NULL;
}

Span listing_page(const Listing *l, uint32_t offset, uint32_t max_items, size_t max_bytes, uint32_t *ret_next)
{
        *ret_next = 0;
        if (offset >= l->n)
                return SPAN_NONE;
        const ListingEntry *first = &l->entries[offset];
        uint32_t last = offset; /* at least one */
        while (last + 1 < l->n && last + 1 - offset < max_items) {
                const ListingEntry *next = &l->entries[last + 1];
                if (next->at + next->len - first->at > max_bytes)
                        break;
                last++;
        }
        if (last + 1 < l->n)
                *ret_next = last + 1;
        return span_from(l->text.data + first->at, l->entries[last].at + l->entries[last].len - first->at);
}
