#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML (or JSON) text as a tree of nodes with positions: what the file says,
 * before any meaning. Made from libyaml's events; anchors, aliases, tags,
 * merge keys, further documents, duplicate keys and everything over the
 * limits are refused here. Nodes live in the caller's arena.
 */

#include "base/arena.h"
#include "base/diag.h"

typedef enum NodeKind { NODE_SCALAR, NODE_MAP, NODE_LIST } NodeKind;

typedef struct Node Node;
struct Node {
        NodeKind kind;
        bool quoted;        /* a scalar in quotes or a block: never null */
        uint32_t line, col; /* from 1 */
        uint32_t end_line, end_col;
        Span text;          /* scalar */
        Node *first, *next; /* children; of a map: the values */
        const Node *key;    /* of a map's value */
        uint32_t count;
};

enum { _NODE_E_SUCCESS, NODE_E_INVALID };

/* *ret is NULL for a text without a document. NODE_E_INVALID: the list says why. */
int node_parse(Arena *arena, const char *file, Span text, DiagList *diags, Node **ret) MUST_CHECK;

/* For a text that is no file: nothing in it is on any line. */
void node_forget_places(Node *n);

/* A plain `null`, `~` or nothing at all. */
bool node_is_null(const Node *n) PURE;
/* The value of a key, or NULL. */
Node *node_get(const Node *map, Span key) PURE;
/* What a person calls it: "a text", "a map", "a list". */
const char *node_kind_name(const Node *n) PURE;
/* The node as compact JSON; plain scalars that look like JSON numbers, booleans or null are those. */
int node_to_json(const Node *n, Buf *b) MUST_CHECK;

static inline DiagAt node_at(const char *file, const Node *n)
{
        uint32_t width = n->end_line == n->line && n->end_col > n->col ? n->end_col - n->col : 1;
        return (DiagAt){.file = file, .line = n->line, .col = n->col, .width = width};
}
