/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "sandbox/apply-private.h"

enum {
        DIR_MODE = 0755,
        FILE_MODE = 0644,
        DIGITS = 24,
        DECIMAL = 10,
        OCTAL = 8,
        MASK_BYTES = 4096,
        MASK_INODES = 1
};

static void close_fd(int *fd)
{
        if (*fd >= 0)
                (void)syscall(SYS_close, *fd);
}
#define CLOSES CLEANUP(close_fd)

/* ---- names -------------------------------------------------------------------------------- */

static const char *number(char room[static DIGITS], uint64_t n, unsigned base)
{
        char *at = room + DIGITS - 1;
        *at = '\0';
        do
                *--at = (char)('0' + n % base);
        while (n /= base);
        return at;
}

/* A link in the new root leads nowhere else, an absolute one neither. */
static int open_inside(const SandboxApply *a, const char *path)
{
        const struct open_how how = {
                .flags = O_PATH | O_CLOEXEC,
                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
        };
        return call_result(syscall(SYS_openat2, a->root_fd, path, &how, sizeof(how)));
}

/* The daemon has followed every link: one that is there now was put there since. */
static int open_outside(const char *path)
{
        const struct open_how how = {
                .flags = O_PATH | O_CLOEXEC,
                .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        return call_result(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)));
}

/* The directory that shall hold the last part of a path, and that part; all above is made. */
static int open_parent(const SandboxApply *a, const char *path, const char **ret_name)
{
        char room[PATH_MAX];
        size_t n = strlen(path);
        if (n >= sizeof(room))
                return -ENAMETOOLONG;
        memcpy(room, path, n + 1);
        int at = open_inside(a, "/");
        char *name = room + 1;
        for (char *slash = strchr(name, '/'); at >= 0 && slash; slash = strchr(name, '/')) {
                CLOSES int parent = at;
                *slash = '\0';
                int r = call_result(syscall(SYS_mkdirat, parent, name, DIR_MODE));
                at = r < 0 && r != -EEXIST ? r : open_inside(a, room);
                *slash = '/';
                name = slash + 1;
        }
        *ret_name = path + (name - room);
        return at;
}

static int is_directory(int fd)
{
        struct stat st;
        int r = call_result(syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH));
        return r < 0 ? r : S_ISDIR(st.st_mode);
}

static int make_directory(int parent, const char *name, unsigned mode)
{
        int r = call_result(syscall(SYS_mkdirat, parent, name, mode));
        return r == -EEXIST ? 0 : r;
}

static int make_file(int parent, const char *name)
{
        int r = call_result(syscall(SYS_mknodat, parent, name, S_IFREG | FILE_MODE, 0));
        return r == -EEXIST ? 0 : r;
}

/* Where a mount goes: what is there already, or made. */
static int open_place(const SandboxApply *a, const char *path, bool directory)
{
        const char *name;
        int fd = open_inside(a, path);
        if (fd != -ENOENT)
                return fd;
        CLOSES int parent = open_parent(a, path, &name);
        if (parent < 0)
                return parent;
        int r = directory ? make_directory(parent, name, DIR_MODE) : make_file(parent, name);
        return r < 0 ? r : open_inside(a, path);
}

/* ---- mounts -------------------------------------------------------------------------------- */

static int set_attr(int fd, uint64_t set, unsigned flags)
{
        const struct mount_attr attr = {.attr_set = set};
        return call_result(syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr)));
}

static int attach(int mount_fd, int place)
{
        return call_result(syscall(SYS_move_mount, mount_fd, "", place, "",
                                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

static int set_string(int context, const char *key, const char *value)
{
        return call_result(syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0));
}

static int make_mount(int context, uint64_t attr)
{
        int r = call_result(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
        return r < 0 ? r : call_result(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attr));
}

static int open_filesystem(const char *type)
{
        return call_result(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
}

static int new_tmpfs(uint64_t bytes, uint64_t inodes, uint64_t mode)
{
        char room[DIGITS];
        CLOSES int context = open_filesystem("tmpfs");
        int r = MIN(context, 0);
        if (r == 0)
                r = set_string(context, "size", number(room, bytes, DECIMAL));
        if (r == 0)
                r = set_string(context, "nr_inodes", number(room, inodes, DECIMAL));
        if (r == 0)
                r = set_string(context, "mode", number(room, mode, OCTAL));
        return r < 0 ? r : make_mount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

/* A copy of what is mounted there, not yet anywhere. */
static int copy_tree(int fd, unsigned recursive)
{
        return call_result(syscall(SYS_open_tree, fd, "",
                                   AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive));
}

/* ---- steps ----------------------------------------------------------------------------------- */

int apply_private(const ApplyStep *s UNUSED)
{
        const struct mount_attr attr = {.propagation = MS_PRIVATE};
        return call_result(syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)));
}

/* Over the old root, which stays where this process looks: names still lead there until pivot. */
int apply_root(const ApplyStep *s)
{
        CLOSES int fd = new_tmpfs(s->op->a, s->op->b, DIR_MODE);
        if (fd < 0)
                return fd;
        int r = call_result(syscall(SYS_move_mount, fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
        if (r == 0)
                s->apply->root_fd = TAKE_FD(fd);
        return r;
}

int apply_directory(const ApplyStep *s)
{
        const char *name;
        CLOSES int parent = open_parent(s->apply, s->text, &name);
        return parent < 0 ? parent : make_directory(parent, name, (unsigned)s->op->a);
}

int apply_symlink(const ApplyStep *s)
{
        const char *name;
        CLOSES int parent = open_parent(s->apply, s->text, &name);
        if (parent < 0)
                return parent;
        int r = call_result(syscall(SYS_symlinkat, s->other, parent, name));
        return r == -EEXIST ? 0 : r; /* what was bound there has it */
}

static uint64_t bind_attr(uint64_t flags)
{
        return MOUNT_ATTR_NOSUID | (flags & STEP_BIND_WRITE ? 0 : MOUNT_ATTR_RDONLY) |
               (flags & STEP_BIND_EXEC ? 0 : MOUNT_ATTR_NOEXEC) |
               (flags & STEP_BIND_DEVICE ? 0 : MOUNT_ATTR_NODEV);
}

int apply_bind(const ApplyStep *s)
{
        uint64_t flags = s->op->a;
        unsigned recursive = flags & STEP_BIND_PLAIN ? 0 : AT_RECURSIVE;
        CLOSES int source = open_outside(s->other);
        if (source == -ENOENT && (flags & STEP_OPTIONAL))
                return 0;
        if (source < 0)
                return source;
        int directory = is_directory(source);
        CLOSES int tree = directory < 0 ? directory : copy_tree(source, recursive);
        if (tree < 0)
                return tree;
        int r = set_attr(tree, bind_attr(flags), recursive);
        CLOSES int place = r < 0 ? r : open_place(s->apply, s->text, directory);
        return place < 0 ? place : attach(tree, place);
}

int apply_tmpfs(const ApplyStep *s)
{
        CLOSES int memory = new_tmpfs(s->op->a, s->op->b, s->op->c);
        CLOSES int place = memory < 0 ? memory : open_place(s->apply, s->text, true);
        return place < 0 ? place : attach(memory, place);
}

int apply_fresh_proc(const ApplyStep *s)
{
        CLOSES int context = open_filesystem("proc");
        CLOSES int proc = context < 0 ? context
                                      : make_mount(context,
                                                   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        CLOSES int place = proc < 0 ? proc : open_place(s->apply, s->text, true);
        return place < 0 ? place : attach(proc, place);
}

/* Nothing: for a directory an empty one, for a file the null device. */
static int new_nothing(bool directory)
{
        if (directory)
                return new_tmpfs(MASK_BYTES, MASK_INODES, 0);
        CLOSES int null = open_outside("/dev/null");
        return null < 0 ? null : copy_tree(null, 0);
}

int apply_mask(const ApplyStep *s)
{
        CLOSES int place = open_inside(s->apply, s->text);
        if (place == -ENOENT && (s->op->a & STEP_OPTIONAL))
                return 0;
        int directory = place < 0 ? place : is_directory(place);
        CLOSES int nothing = directory < 0 ? directory : new_nothing(directory);
        if (nothing < 0)
                return nothing;
        int r = set_attr(nothing, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0);
        return r < 0 ? r : attach(nothing, place);
}

int apply_read_only(const ApplyStep *s)
{
        CLOSES int place = open_inside(s->apply, s->text);
        if (place == -ENOENT && (s->op->a & STEP_OPTIONAL))
                return 0;
        if (place < 0 || !(s->op->a & STEP_BIND_PLAIN))
                return place < 0 ? place : set_attr(place, MOUNT_ATTR_RDONLY, 0);
        CLOSES int tree = copy_tree(place, AT_RECURSIVE);
        int r = tree < 0 ? tree : set_attr(tree, bind_attr(0), AT_RECURSIVE);
        return r < 0 ? r : attach(tree, place);
}

int apply_pivot(const ApplyStep *s)
{
        CLOSES int root = TAKE_FD(s->apply->root_fd);
        int r = call_result(syscall(SYS_fchdir, root));
        if (r == 0)
                r = call_result(syscall(SYS_pivot_root, ".", "."));
        if (r == 0)
                r = call_result(syscall(SYS_umount2, ".", MNT_DETACH)); /* the old one, which lies on top */
        return r < 0 ? r : call_result(syscall(SYS_chdir, "/"));
}
