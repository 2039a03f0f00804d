/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "mcp/catalogue-private.h"

const McpListRow mcp_list_table[_MCP_LIST_MAX] = {
        [MCP_LIST_TOOLS] = {"tools", "name", MCP_METHOD_TOOLS_LIST, MCP_METHOD_TOOLS_CHANGED, MCP_CAN_TOOLS},
        [MCP_LIST_PROMPTS] = {"prompts", "name", MCP_METHOD_PROMPTS_LIST, MCP_METHOD_PROMPTS_CHANGED,
                              MCP_CAN_PROMPTS},
        [MCP_LIST_RESOURCES] = {"resources", "uri", MCP_METHOD_RESOURCES_LIST, MCP_METHOD_RESOURCES_CHANGED,
                                MCP_CAN_RESOURCES},
        [MCP_LIST_TEMPLATES] = {"resourceTemplates", "uriTemplate", MCP_METHOD_TEMPLATES_LIST,
                                MCP_METHOD_RESOURCES_CHANGED, MCP_CAN_RESOURCES},
};

/* ---- what a server said of itself ----------------------------------------- */

static Span copy_to(Hello *h, Span s)
{
        if (span_is_empty(s))
                return SPAN_NONE;
        char *at = h->text + h->length;
        memcpy(at, s.ptr, s.len);
        h->length += s.len;
        return span_from(at, s.len);
}

int hello_new(const HelloArgs *a, Hello **ret)
{
        const Span parts[] = {a->server_info, a->capabilities, a->instructions};
        size_t length = 0;
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                if (parts[i].len > LIMIT_CATALOGUE - CATALOGUE_OVERHEAD - length)
                        return -E2BIG;
                length += parts[i].len;
        }
        Hello *h = calloc(1, sizeof(*h) + length);
        if (!h)
                return -ENOMEM;
        h->refs = 1;
        h->era = a->era;
        h->version = a->version;
        h->can = mcp_server_can(a->capabilities);
        h->server_info = copy_to(h, a->server_info);
        h->capabilities = copy_to(h, a->capabilities);
        h->instructions = copy_to(h, a->instructions);
        *ret = h;
        return 0;
}

static Hello *hello_ref(Hello *h)
{
        if (h)
                h->refs++;
        return h;
}

Hello *hello_unref(Hello *h)
{
        if (h && --h->refs == 0)
                free(h);
        return NULL;
}

/* ---- the references of a catalogue or a draft ----------------------------- */

void catalogue_memory_ref(const CatalogueMemory *from, CatalogueMemory *ret)
{
        ret->hello = hello_ref(from->hello);
        for (int l = 0; l < _MCP_LIST_MAX; l++)
                ret->shelves[l] = shelf_ref(from->shelves[l]);
}

void catalogue_memory_done(CatalogueMemory *m)
{
        m->hello = hello_unref(m->hello);
        for (int l = 0; l < _MCP_LIST_MAX; l++)
                m->shelves[l] = shelf_unref(m->shelves[l]);
}

/* ---- the catalogue -------------------------------------------------------- */

static void show_hello(const Hello *h, McpCatalogue *c)
{
        c->era = h->era;
        c->version = h->version;
        c->can = h->can;
        c->server_info = h->server_info;
        c->capabilities = h->capabilities;
        c->instructions = h->instructions;
}

static void show_shelf(const Shelf *s, McpItems *ret)
{
        *ret = (McpItems){.items = s ? s->items : NULL, .n = s ? s->n : 0, .known = s != NULL};
        shelf_hash(s, ret->hash);
}

int catalogue_new(CatalogueMemory *m, McpCatalogue **ret)
{
        CLEANUP_FREE CatalogueMemory *memory = malloc(sizeof(*memory));
        McpCatalogue *c = calloc(1, sizeof(*c));
        if (!c || !memory) {
                free(c);
                return -ENOMEM;
        }
        c->refs = 1;
        c->version = _MCP_VERSION_INVALID;
        if (m->hello)
                show_hello(m->hello, c);
        for (int l = 0; l < _MCP_LIST_MAX; l++)
                show_shelf(m->shelves[l], &c->lists[l]);
        *memory = *m;
        *m = (CatalogueMemory){0};
        c->memory = TAKE_PTR(memory);
        *ret = c;
        return 0;
}

McpCatalogue *mcp_catalogue_ref(McpCatalogue *c)
{
        if (c)
                c->refs++;
        return c;
}

McpCatalogue *mcp_catalogue_unref(McpCatalogue *c)
{
        if (!c || --c->refs > 0)
                return NULL;
        catalogue_memory_done(c->memory);
        free(c->memory);
        free(c);
        return NULL;
}

const McpItem *mcp_catalogue_find(const McpCatalogue *c, McpList list, Span key)
{
        return shelf_find(c->memory->shelves[list], key);
}

unsigned mcp_catalogue_diff(const McpCatalogue *a, const McpCatalogue *b)
{
        unsigned differ = 0;
        for (int l = 0; l < _MCP_LIST_MAX; l++)
                if (memcmp(a->lists[l].hash, b->lists[l].hash, SHA256_SIZE) != 0)
                        differ |= 1U << l;
        return differ;
}
