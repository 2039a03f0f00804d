/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/landlock.h"

/* Rights over files, in the order of their bits. */
enum {
        FS_EXECUTE,
        FS_WRITE_FILE,
        FS_READ_FILE,
        FS_READ_DIR,
        FS_REMOVE_DIR,
        FS_REMOVE_FILE,
        FS_MAKE_CHAR,
        FS_MAKE_DIR,
        FS_MAKE_REG,
        FS_MAKE_SOCK,
        FS_MAKE_FIFO,
        FS_MAKE_BLOCK,
        FS_MAKE_SYM,
        FS_REFER,
        FS_TRUNCATE,
        FS_IOCTL_DEV,
        _FS_MAX,
};

static const char *const right_names[] = {
        [FS_EXECUTE] = "execute",     [FS_WRITE_FILE] = "write-file", [FS_READ_FILE] = "read-file",
        [FS_READ_DIR] = "read-dir",   [FS_REMOVE_DIR] = "remove-dir", [FS_REMOVE_FILE] = "remove-file",
        [FS_MAKE_CHAR] = "make-char", [FS_MAKE_DIR] = "make-dir",     [FS_MAKE_REG] = "make-reg",
        [FS_MAKE_SOCK] = "make-sock", [FS_MAKE_FIFO] = "make-fifo",   [FS_MAKE_BLOCK] = "make-block",
        [FS_MAKE_SYM] = "make-sym",   [FS_REFER] = "refer",           [FS_TRUNCATE] = "truncate",
        [FS_IOCTL_DEV] = "ioctl-dev",
};

#define BIT(n)    (1ULL << (n))
#define UP_TO(n)  (BIT((n) + 1) - 1)
#define NET_BOTH  3 /* bind, connect */
#define SCOPE_ALL 3 /* abstract sockets, signals */

/* One row an ABI, from 1 on: everything that it knows. */
static const LandlockRights known[] = {
        {UP_TO(FS_MAKE_SYM), 0, 0},
        {UP_TO(FS_REFER), 0, 0},
        {UP_TO(FS_TRUNCATE), 0, 0},
        {UP_TO(FS_TRUNCATE), NET_BOTH, 0},
        {UP_TO(FS_IOCTL_DEV), NET_BOTH, 0},
        {UP_TO(FS_IOCTL_DEV), NET_BOTH, SCOPE_ALL},
        {UP_TO(FS_IOCTL_DEV), NET_BOTH, SCOPE_ALL}, /* 7 adds what the audit log is told */
};

/* What a file can be given, and what only a directory can. */
#define READ_FILE (BIT(FS_EXECUTE) | BIT(FS_READ_FILE))
#define READ_DIR  (READ_FILE | BIT(FS_READ_DIR))
#define DEVICE    (BIT(FS_READ_FILE) | BIT(FS_WRITE_FILE) | BIT(FS_IOCTL_DEV))
#define EDIT_FILE (READ_FILE | BIT(FS_WRITE_FILE) | BIT(FS_TRUNCATE))
/* No devices are made: there is no privilege to do it, and a file system that allows it is no place of ours.
 */
#define EDIT_DIR                                                                                      \
        (EDIT_FILE | BIT(FS_READ_DIR) | BIT(FS_REMOVE_DIR) | BIT(FS_REMOVE_FILE) | BIT(FS_MAKE_DIR) | \
         BIT(FS_MAKE_REG) | BIT(FS_MAKE_SOCK) | BIT(FS_MAKE_FIFO) | BIT(FS_MAKE_SYM) | BIT(FS_REFER))

static const struct {
        uint64_t directory, file;
} by_kind[_VIEW_KIND_MAX] = {
        [VIEW_READ] = {READ_DIR, READ_FILE},
        [VIEW_WRITE] = {EDIT_DIR, EDIT_FILE},
        [VIEW_MEMORY] = {EDIT_DIR, EDIT_FILE},
        [VIEW_DEVICE] = {DEVICE, DEVICE},
        /* Its own /proc/self has files to write (comm, oom_score_adj); the kernel judges those by themselves.
         */
        [VIEW_PROC] = {READ_DIR | BIT(FS_WRITE_FILE), READ_FILE},
};

LandlockRights landlock_known(uint32_t abi)
{
        return abi == 0 ? (LandlockRights){0} : known[MIN(abi, ARRAY_SIZE(known)) - 1];
}

uint64_t landlock_reading(void)
{
        return BIT(FS_READ_FILE) | BIT(FS_READ_DIR);
}

const char *landlock_right_name(unsigned bit)
{
        return bit < ARRAY_SIZE(right_names) ? right_names[bit] : NULL;
}

static uint64_t rights_of(const ViewItem *item)
{
        if (item->kind == VIEW_MEMORY && item->sealed)
                return READ_DIR;
        return item->file ? by_kind[item->kind].file : by_kind[item->kind].directory;
}

int landlock_make(const LandlockArgs *args, Arena *arena, LandlockRuleset *ret)
{
        LandlockRights fenced = landlock_known(args->abi);
        LandlockRule *rules = ARENA_NEW_N(arena, LandlockRule, args->view->n + 1);
        size_t n = 0;
        if (!rules)
                return -ENOMEM;
        if (args->tcp)
                fenced.net = 0;
        if (!args->scopes)
                fenced.scopes = 0;
        if (args->own_root) /* directories between the places: what they hold is the view's already */
                rules[n++] = (LandlockRule){"/", BIT(FS_READ_DIR) & fenced.files, false};
        for (size_t i = 0; i < args->view->n; i++) {
                const ViewItem *item = &args->view->items[i];
                uint64_t rights = rights_of(item) & fenced.files;
                if (rights)
                        rules[n++] = (LandlockRule){item->path, rights, item->optional};
        }
        *ret = (LandlockRuleset){fenced, rules, n};
        return 0;
}
