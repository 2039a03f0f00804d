/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "sandbox/view-private.h"

enum { LINKS_MAX = 8 };

bool path_is_below(const char *path, const char *tree)
{
        size_t n = strlen(tree);
        if (n == 1) /* the root */
                return true;
        return strncmp(path, tree, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

bool path_in(const char *path, const char *const *list)
{
        for (; list && *list; list++)
                if (path_is_below(path, *list))
                        return true;
        return false;
}

bool path_holds(const char *path, const char *const *list)
{
        for (; list && *list; list++)
                if (path_is_below(*list, path))
                        return true;
        return false;
}

const char *path_name(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

const char *path_parent(ViewBuild *b, const char *path)
{
        const char *slash = strrchr(path, '/');
        if (!slash || slash == path)
                return "/";
        return view_textf(b, "%.*s", (int)(slash - path), path);
}

/* ---- the list while it grows --------------------------------------------------- */

const char *view_textf(ViewBuild *b, const char *fmt, ...)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_CONFIG_VALUE);
        va_list ap;
        va_start(ap, fmt);
        int r = buf_vappendf(&text, fmt, ap);
        va_end(ap);
        const char *copy = r < 0 ? NULL : arena_strdup(b->arena, buf_span(&text));
        if (copy)
                return copy;
        if (b->error == 0)
                b->error = r < 0 ? r : -ENOMEM;
        return "";
}

void view_refuse(ViewBuild *b, const char *fmt, ...)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_CONFIG_VALUE);
        va_list ap;
        if (b->error)
                return;
        va_start(ap, fmt);
        int r = buf_vappendf(&text, fmt, ap);
        va_end(ap);
        b->why = r < 0 ? NULL : arena_strdup(b->arena, buf_span(&text));
        b->error = b->why ? VIEW_E_REFUSED : -ENOMEM;
}

void view_add(ViewBuild *b, const ViewItem *item)
{
        if (b->error)
                return;
        if (b->n == b->room) {
                size_t room = b->room * 2;
                ViewItem *more = room > LIMIT_SANDBOX_VIEW ? NULL : ARENA_NEW_N(b->arena, ViewItem, room);
                if (!more) {
                        b->error = room > LIMIT_SANDBOX_VIEW ? -E2BIG : -ENOMEM;
                        return;
                }
                memcpy(more, b->items, b->n * sizeof(*more));
                b->items = more;
                b->room = room;
        }
        for (size_t i = 0; i < b->n; i++)
                if (strcmp(b->items[i].path, item->path) == 0) {
                        b->items[i] = *item;
                        return;
                }
        b->items[b->n++] = *item;
}

/* ---- what one may do ------------------------------------------------------------ */

static ViewRight right_of(const ViewItem *item)
{
        static const ViewRight rights[_VIEW_KIND_MAX] = {
                [VIEW_READ] = VIEW_RIGHT_READ,    [VIEW_WRITE] = VIEW_RIGHT_WRITE,
                [VIEW_MEMORY] = VIEW_RIGHT_WRITE, [VIEW_DEVICE] = VIEW_RIGHT_WRITE,
                [VIEW_PROC] = VIEW_RIGHT_READ,    [VIEW_MASK] = VIEW_RIGHT_NONE,
                [VIEW_LOCKED] = VIEW_RIGHT_READ,
        };
        return item->sealed ? VIEW_RIGHT_READ : rights[item->kind];
}

static const ViewItem *longest(const ViewItem *items, size_t n, const char *path)
{
        const ViewItem *best = NULL;
        for (size_t i = 0; i < n; i++)
                if (path_is_below(path, items[i].path) &&
                    (!best || strlen(items[i].path) > strlen(best->path)))
                        best = &items[i];
        return best;
}

/* Where a link leads to, with what came behind it. Too long a path leads nowhere. */
static bool follow(const ViewItem *link, const char *path, char *room, size_t size)
{
        const char *rest = path + strlen(link->path);
        size_t parent = (size_t)(path_name(link->path) - link->path);
        int n = *link->source == '/'
                        ? snprintf(room, size, "%s%s", link->source, rest)
                        : snprintf(room, size, "%.*s%s%s", (int)parent, link->path, link->source, rest);
        return n > 0 && (size_t)n < size;
}

static ViewRight right_in(const ViewItem *items, size_t n, const char *path, const ViewItem **ret_item)
{
        char rooms[2][PATH_MAX];
        for (unsigned i = 0; i < LINKS_MAX; i++) {
                const ViewItem *item = longest(items, n, path);
                if (item && item->kind == VIEW_LINK) {
                        if (!follow(item, path, rooms[i % 2], sizeof(rooms[0])))
                                break;
                        path = rooms[i % 2];
                        continue;
                }
                if (ret_item)
                        *ret_item = item;
                return item ? right_of(item) : VIEW_RIGHT_NONE;
        }
        if (ret_item)
                *ret_item = NULL;
        return VIEW_RIGHT_NONE;
}

ViewRight view_right(const FilesystemView *v, const char *path, const ViewItem **ret_item)
{
        return right_in(v->items, v->n, path, ret_item);
}

ViewRight view_right_now(const ViewBuild *b, const char *path)
{
        return right_in(b->items, b->n, path, NULL);
}

/* ---- all of it ------------------------------------------------------------------- */

/* '/' before all else, so that what is below a place comes right behind it. */
static int compare(const void *a, const void *b)
{
        const char *x = ((const ViewItem *)a)->path, *y = ((const ViewItem *)b)->path;
        while (*x && *x == *y) {
                x++;
                y++;
        }
        int left = *x == '/' ? 1 : (unsigned char)*x, right = *y == '/' ? 1 : (unsigned char)*y;
        return (left > right) - (left < right);
}

/* What is written to memory counts as the server's: together they hold no more than it may have. */
static void bound_memory(ViewBuild *b)
{
        uint64_t most = b->args->server->sandbox.memory, sum = 0;
        for (size_t i = 0; i < b->n; i++)
                if (b->items[i].kind == VIEW_MEMORY && __builtin_add_overflow(sum, b->items[i].size, &sum))
                        sum = UINT64_MAX;
        for (size_t i = 0; i < b->n && sum > most; i++)
                if (b->items[i].kind == VIEW_MEMORY)
                        b->items[i].size = (uint64_t)((unsigned __int128)b->items[i].size * most / sum);
}

int view_make(const ViewArgs *args, Arena *arena, FilesystemView *ret, const char **ret_why)
{
        enum { BEGIN_WITH = 64 };
        ViewBuild b = {.args = args, .arena = arena, .room = BEGIN_WITH};
        b.items = ARENA_NEW_N(arena, ViewItem, b.room);
        if (!b.items)
                return -ENOMEM;
        view_system(&b);
        view_user(&b);
        if (b.error) {
                if (b.error == VIEW_E_REFUSED)
                        *ret_why = b.why;
                return b.error;
        }
        bound_memory(&b);
        qsort(b.items, b.n, sizeof(*b.items), compare);
        *ret = (FilesystemView){b.items, b.n};
        return 0;
}
