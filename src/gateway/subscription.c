/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "gateway/subscription.h"

/* A dense array: a walk is by index, and what goes leaves its place to the last. */
typedef struct List {
        void **items; /* owned array */
        uint32_t n, room;
} List;

typedef struct Topic {
        HashNode node;  /* in topics, by URI */
        uint32_t place; /* in all */
        List links;
        size_t len;
        char uri[];
} Topic;

typedef struct Subscriber {
        HashNode node; /* in subscribers, by `who` */
        uint64_t who;
        List links;
} Subscriber;

typedef struct Link {
        HashNode node; /* in links, by both */
        Topic *topic;
        Subscriber *subscriber;
        uint32_t in_topic, in_subscriber; /* its places */
} Link;

struct SubscriptionTable {
        uint64_t seed;
        HashTable topics, subscribers, links;
        List all;     /* owned topics */
        Topic *taken; /* owned: gone, but for its URI, which was given out */
};

int subscription_table_new(uint64_t seed, SubscriptionTable **ret)
{
        SubscriptionTable *t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        t->seed = seed;
        *ret = t;
        return 0;
}

/* ---- lists ---- */

static int list_reserve(List *l)
{
        if (l->n < l->room)
                return 0;
        uint32_t room = l->room ? l->room * 2 : 4;
        void **items = realloc(l->items, room * sizeof(*items));
        if (!items)
                return -ENOMEM;
        l->items = items;
        l->room = room;
        return 0;
}

static uint32_t list_add(List *l, void *item)
{
        l->items[l->n] = item;
        return l->n++;
}

/* Gives what stands in that place now; NULL: nothing does. */
static void *list_remove(List *l, uint32_t place)
{
        void *last = l->items[--l->n];
        l->items[place] = last;
        return place < l->n ? last : NULL;
}

/* ---- finding ---- */

static Span topic_uri(const Topic *topic)
{
        return span_from(topic->uri, topic->len);
}

static uint64_t hash_who(const SubscriptionTable *t, uint64_t who)
{
        return hash_span(span_from((const char *)&who, sizeof(who)), t->seed);
}

/* Both parts are keyed, and both are compared. */
static uint64_t hash_pair(const Topic *topic, const Subscriber *s)
{
        return topic->node.hash ^ (s->node.hash << 1 | s->node.hash >> 63);
}

static Topic *topic_find(const SubscriptionTable *t, Span uri)
{
        HashNode *node = hash_table_first(&t->topics, hash_span(uri, t->seed));
        for (; node; node = hash_table_next(node)) {
                Topic *topic = CONTAINER_OF(node, Topic, node);
                if (span_equal(topic_uri(topic), uri))
                        return topic;
        }
        return NULL;
}

static Subscriber *subscriber_find(const SubscriptionTable *t, uint64_t who)
{
        HashNode *node = hash_table_first(&t->subscribers, hash_who(t, who));
        for (; node; node = hash_table_next(node)) {
                Subscriber *s = CONTAINER_OF(node, Subscriber, node);
                if (s->who == who)
                        return s;
        }
        return NULL;
}

static Link *link_find(const SubscriptionTable *t, const Topic *topic, const Subscriber *s)
{
        HashNode *node = hash_table_first(&t->links, hash_pair(topic, s));
        for (; node; node = hash_table_next(node)) {
                Link *link = CONTAINER_OF(node, Link, node);
                if (link->topic == topic && link->subscriber == s)
                        return link;
        }
        return NULL;
}

/* ---- what has no link any more goes ---- */

static void topic_free(Topic *topic)
{
        if (topic)
                free(topic->links.items);
        free(topic);
}

/* It stands until the next call, since its URI may have been given out. */
static void topic_prune(SubscriptionTable *t, Topic *topic)
{
        if (topic->links.n)
                return;
        hash_table_remove(&t->topics, &topic->node);
        Topic *moved = list_remove(&t->all, topic->place);
        if (moved)
                moved->place = topic->place;
        topic_free(t->taken);
        t->taken = topic;
}

static void subscriber_prune(SubscriptionTable *t, Subscriber *s)
{
        if (s->links.n)
                return;
        hash_table_remove(&t->subscribers, &s->node);
        free(s->links.items);
        free(s);
}

static void link_end(SubscriptionTable *t, Link *link)
{
        Topic *topic = link->topic;
        Subscriber *s = link->subscriber;
        Link *moved = list_remove(&topic->links, link->in_topic);
        if (moved)
                moved->in_topic = link->in_topic;
        moved = list_remove(&s->links, link->in_subscriber);
        if (moved)
                moved->in_subscriber = link->in_subscriber;
        hash_table_remove(&t->links, &link->node);
        free(link);
        topic_prune(t, topic);
        subscriber_prune(t, s);
}

SubscriptionTable *subscription_table_free(SubscriptionTable *t)
{
        if (!t)
                return NULL;
        while (t->all.n) {
                const Topic *topic = t->all.items[0];
                link_end(t, topic->links.items[0]);
        }
        topic_free(t->taken);
        hash_table_done(&t->topics);
        hash_table_done(&t->subscribers);
        hash_table_done(&t->links);
        free(t->all.items);
        free(t);
        return NULL;
}

/* ---- adding ---- */

/* Finds or makes it; room for one more link is there. */
static int topic_need(SubscriptionTable *t, Span uri, Topic **ret)
{
        Topic *topic = topic_find(t, uri);
        if (!topic) {
                int r = hash_table_reserve(&t->topics, t->topics.n + 1);
                if (r >= 0)
                        r = list_reserve(&t->all);
                if (r < 0)
                        return r;
                topic = calloc(1, sizeof(*topic) + uri.len);
                if (!topic)
                        return -ENOMEM;
                topic->len = uri.len;
                if (uri.len)
                        memcpy(topic->uri, uri.ptr, uri.len);
                topic->place = list_add(&t->all, topic);
                hash_table_add(&t->topics, &topic->node, hash_span(uri, t->seed));
        }
        *ret = topic; /* also when there is no room: pruned by the caller */
        return list_reserve(&topic->links);
}

static int subscriber_need(SubscriptionTable *t, uint64_t who, Subscriber **ret)
{
        Subscriber *s = subscriber_find(t, who);
        if (!s) {
                int r = hash_table_reserve(&t->subscribers, t->subscribers.n + 1);
                if (r < 0)
                        return r;
                s = calloc(1, sizeof(*s));
                if (!s)
                        return -ENOMEM;
                s->who = who;
                hash_table_add(&t->subscribers, &s->node, hash_who(t, who));
        }
        *ret = s;
        return list_reserve(&s->links);
}

static int link_new(SubscriptionTable *t, Topic *topic, Subscriber *s)
{
        int r = hash_table_reserve(&t->links, t->links.n + 1);
        Link *link = r < 0 ? NULL : calloc(1, sizeof(*link));
        if (!link)
                return -ENOMEM;
        link->topic = topic;
        link->subscriber = s;
        link->in_topic = list_add(&topic->links, link);
        link->in_subscriber = list_add(&s->links, link);
        hash_table_add(&t->links, &link->node, hash_pair(topic, s));
        return 0;
}

int subscription_add(SubscriptionTable *t, uint64_t who, Span uri, unsigned max, bool *ret_first)
{
        Topic *topic = topic_find(t, uri);
        Subscriber *s = subscriber_find(t, who);
        if (topic && s && link_find(t, topic, s)) {
                *ret_first = false;
                return 0;
        }
        if ((s ? s->links.n : 0) >= max)
                return -ENOBUFS;
        bool first = !topic;
        int r = topic_need(t, uri, &topic);
        if (r >= 0)
                r = subscriber_need(t, who, &s);
        if (r >= 0)
                r = link_new(t, topic, s);
        if (r < 0) {
                if (topic)
                        topic_prune(t, topic);
                if (s)
                        subscriber_prune(t, s);
                return r;
        }
        *ret_first = first;
        return 0;
}

/* ---- removing ---- */

bool subscription_remove(SubscriptionTable *t, uint64_t who, Span uri, bool *ret_last)
{
        Topic *topic = topic_find(t, uri);
        Subscriber *s = subscriber_find(t, who);
        Link *link = topic && s ? link_find(t, topic, s) : NULL;
        if (!link)
                return false;
        *ret_last = topic->links.n == 1;
        link_end(t, link);
        return true;
}

bool subscription_take(SubscriptionTable *t, uint64_t who, Span *ret_uri, bool *ret_last)
{
        Subscriber *s = subscriber_find(t, who);
        if (!s)
                return false;
        Link *link = s->links.items[s->links.n - 1];
        *ret_uri = topic_uri(link->topic);
        *ret_last = link->topic->links.n == 1;
        link_end(t, link);
        return true;
}

/* ---- walking ---- */

bool subscription_each(const SubscriptionTable *t, Span uri, uint32_t *at, uint64_t *ret_who)
{
        const Topic *topic = topic_find(t, uri);
        if (!topic || *at >= topic->links.n)
                return false;
        const Link *link = topic->links.items[(*at)++];
        *ret_who = link->subscriber->who;
        return true;
}

bool subscription_each_uri(const SubscriptionTable *t, uint32_t *at, Span *ret_uri)
{
        if (*at >= t->all.n)
                return false;
        *ret_uri = topic_uri(t->all.items[(*at)++]);
        return true;
}

bool subscription_any(const SubscriptionTable *t)
{
        return t->all.n > 0;
}
