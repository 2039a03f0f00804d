/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to change what is mounted where, by each family of calls. */
#include "support/attacker.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { CALL_STATMOUNT = 457, CALL_LISTMOUNT = 458 };

/* Undone at once: the attempts after it shall see what it saw. */
static int mount_over(const AttackContext *c, const Attempt *a)
{
        const char *at = attack_place(c, a->text);
        int r = attack_result(mount(a->other, at, a->other, (unsigned long)a->number, NULL));
        if (r == 0)
                (void)umount2(at, MNT_DETACH);
        return r;
}

static int bind_over(const AttackContext *c, const Attempt *a)
{
        const char *at = attack_place(c, a->text);
        int r = attack_result(mount(a->other, at, NULL, MS_BIND, NULL));
        if (r == 0)
                (void)umount2(at, MNT_DETACH);
        return r;
}

/* What is read-only becomes writable: of itself, where nothing is mounted, EINVAL. */
static int remount(const AttackContext *c, const Attempt *a)
{
        return attack_result(mount(NULL, attack_place(c, a->text), NULL, MS_REMOUNT | MS_BIND, NULL));
}

static int unmount(const AttackContext *c, const Attempt *a)
{
        return attack_result(umount2(attack_place(c, a->text), (int)a->number));
}

static int move(const AttackContext *c, const Attempt *a)
{
        return attack_result(mount(attack_place(c, a->text), a->other, NULL, MS_MOVE, NULL));
}

static int open_file_system(const AttackContext *c UNUSED, const Attempt *a)
{
        return attack_result(syscall(SYS_fsopen, a->text, 0L));
}

static int copy_tree(const AttackContext *c, const Attempt *a)
{
        return attack_result(syscall(SYS_open_tree, (long)AT_FDCWD, attack_place(c, a->text), a->number));
}

static int pick(const AttackContext *c, const Attempt *a)
{
        return attack_result(syscall(SYS_fspick, (long)AT_FDCWD, attack_place(c, a->text), 0L));
}

static int set_attributes(const AttackContext *c, const Attempt *a)
{
        struct {
                uint64_t set, clear, propagation, userns_fd;
        } attr = {.clear = 1 /* MOUNT_ATTR_RDONLY */};
        return attack_result(syscall(SYS_mount_setattr, (long)AT_FDCWD, attack_place(c, a->text), 0L, &attr,
                                     sizeof(attr)));
}

static int change_root(const AttackContext *c, const Attempt *a)
{
        return attack_result(chroot(attack_place(c, a->text)));
}

/* The way out of a chroot that keeps the old root open. */
static int out_of_root(const AttackContext *c, const Attempt *a)
{
        int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || chroot(attack_place(c, a->text)) < 0)
                return errno;
        return attack_result(fchdir(fd));
}

/* clang-format off */
const Attempt attack_mount[] = {
        {"mount-tmpfs", mount_over, "@outside", "tmpfs", .unfenced = "done"},
        {"mount-proc", mount_over, "@outside", "proc", .unfenced = "done"},
        {"mount-own-tmpfs", mount_over, "@own", "tmpfs", .unfenced = "done"},
        {"mount-sysfs", mount_over, "@own", "sysfs", .unfenced = "done"},
        {"mount-bind", bind_over, "@own", "/etc", .unfenced = "done"},
        {"mount-bind-proc", bind_over, "@own", "/proc", .unfenced = "done"},
        {"mount-remount", remount, "/proc", .unfenced = "done"},
        {"mount-remount-root", remount, "@outside", .unfenced = "done EINVAL"},
        {"mount-move", move, "@outside/nowhere", "/", .unfenced = "ENOENT"},
        {"mount-shared", attack_call, .number = SYS_mount, .args = {0, ZEROS, 0, MS_SHARED | MS_REC, 0}, .unfenced = "ENOENT"},
        {"umount-nothing", unmount, "@outside/nowhere", .number = MNT_DETACH, .unfenced = "ENOENT", .note = "what is there stays"},
        {"umount-no-mount", unmount, "@own", .number = MNT_DETACH, .unfenced = "EINVAL"},
        {"pivot-root", attack_call, .number = SYS_pivot_root, .args = {0, 0}, .unfenced = "EFAULT", .note = "rights are asked before names"},
        {"fsopen-tmpfs", open_file_system, "tmpfs", .unfenced = "done"},
        {"fsopen-proc", open_file_system, "proc", .unfenced = "done"},
        {"fsconfig", attack_call, .number = SYS_fsconfig, .args = {UINT64_MAX, 6, 0, 0, 0}, .unfenced = "EINVAL EBADF"},
        {"fsmount", attack_call, .number = SYS_fsmount, .args = {UINT64_MAX, 0, 0}, .unfenced = "EBADF"},
        {"fspick", pick, "/", .unfenced = "done EINVAL"},
        {"open-tree-clone", copy_tree, "/etc", .number = 1},
        {"open-tree", copy_tree, "/etc", .number = 0},
        {"move-mount", attack_call, .number = SYS_move_mount, .args = {UINT64_MAX, ZEROS, UINT64_MAX, ZEROS, 0}, .unfenced = "ENOENT"},
        {"mount-setattr", set_attributes, "/proc", .unfenced = "done"},
        {"mount-setattr-root", set_attributes, "/", .unfenced = "done EINVAL"},
        {"statmount", attack_call, .number = CALL_STATMOUNT, .args = {ZEROS, ZEROS, 1, 0}, .unfenced = "EINVAL ENOSYS", .standard = "EPERM ENOSYS"},
        {"listmount", attack_call, .number = CALL_LISTMOUNT, .args = {ZEROS, ZEROS, 1, 0}, .unfenced = "EINVAL ENOSYS", .standard = "EPERM ENOSYS"},
        {"chroot", change_root, "/etc", .unfenced = "done"},
        {"chroot-own", change_root, "@own", .unfenced = "done"},
        {"chroot-and-out", out_of_root, "@own", .plain = "EPERM EACCES"},
        {0},
};
/* clang-format on */
