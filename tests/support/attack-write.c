/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts to change what lies outside: @outside is a directory that anybody
 * may write to, so that what refuses is the fence and not the mode. It holds
 * `file`, `empty/`, a program `suid` of root's with that bit, and `capable`,
 * which brings a capability.
 */
#include "support/attacker.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

enum { PATH_HERE = 512 };

/* A name below `text` that is not there yet. */
static const char *new_name(const AttackContext *c, const char *text)
{
        static char path[PATH_HERE];
        snprintf(path, sizeof(path), "%s/new-%s-%d", attack_place(c, text), c->label, (int)getpid());
        return path;
}

/* A file of its own. */
static const char *own_file(const AttackContext *c)
{
        static char path[PATH_HERE];
        snprintf(path, sizeof(path), "%s/own-%s-%d", attack_place(c, "@own"), c->label, (int)getpid());
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
                attack_broken();
        close(fd);
        return path;
}

static int make_file(const AttackContext *c, const Attempt *a)
{
        const char *path = new_name(c, a->text);
        int r = attack_result(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        (void)unlink(path);
        return r;
}

static int make_unnamed(const AttackContext *c, const Attempt *a)
{
        return attack_result(open(attack_place(c, a->text), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
}

static int cut(const AttackContext *c, const Attempt *a)
{
        return attack_result(truncate(attack_place(c, a->text), 0));
}

static int make_directory(const AttackContext *c, const Attempt *a)
{
        const char *path = new_name(c, a->text);
        int r = attack_result(mkdir(path, 0700));
        (void)rmdir(path);
        return r;
}

/* number: the type; a character device is 1:3, null. */
static int make_node(const AttackContext *c, const Attempt *a)
{
        enum { NULL_MINOR = 3 };
        const char *path = new_name(c, a->text);
        int r = attack_result(mknod(path, (mode_t)a->number | 0600, (1 << 8) | NULL_MINOR));
        (void)unlink(path);
        return r;
}

static int make_socket(const AttackContext *c, const Attempt *a)
{
        struct sockaddr_un sun = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0)
                return errno;
        snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s", attack_place(c, a->text));
        int r = attack_result(bind(fd, (const struct sockaddr *)&sun, sizeof(sun)));
        (void)unlink(sun.sun_path);
        return r;
}

static int make_symlink(const AttackContext *c, const Attempt *a)
{
        const char *path = new_name(c, a->text);
        int r = attack_result(symlink("/etc/shadow", path));
        (void)unlink(path);
        return r;
}

static int link_out(const AttackContext *c, const Attempt *a)
{
        const char *path = new_name(c, a->text);
        int r = attack_result(link(own_file(c), path));
        (void)unlink(path);
        return r;
}

static int link_in(const AttackContext *c, const Attempt *a)
{
        const char *path = new_name(c, "@own");
        int r = attack_result(link(attack_place(c, a->text), path));
        (void)unlink(path);
        return r;
}

static int rename_out(const AttackContext *c, const Attempt *a)
{
        const char *path = new_name(c, a->text);
        int r = attack_result(rename(own_file(c), path));
        (void)unlink(path);
        return r;
}

static int rename_in(const AttackContext *c, const Attempt *a)
{
        const char *path = new_name(c, "@own"), *from = attack_place(c, a->text);
        int r = attack_result(rename(from, path));
        (void)rename(path, from);
        return r;
}

static int exchange(const AttackContext *c, const Attempt *a)
{
        const char *own = own_file(c), *outside = attack_place(c, a->text);
        int r = attack_result(renameat2(AT_FDCWD, own, AT_FDCWD, outside, RENAME_EXCHANGE));
        if (r == 0)
                (void)renameat2(AT_FDCWD, own, AT_FDCWD, outside, RENAME_EXCHANGE);
        return r;
}

/* Puts back what it took away. */
static int remove_file(const AttackContext *c, const Attempt *a)
{
        const char *path = attack_place(c, a->text);
        int r = attack_result(unlink(path));
        if (r == 0)
                close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
        return r;
}

static int remove_directory(const AttackContext *c, const Attempt *a)
{
        const char *path = attack_place(c, a->text);
        int r = attack_result(rmdir(path));
        if (r == 0)
                (void)mkdir(path, 0777);
        return r;
}

static int change_mode(const AttackContext *c, const Attempt *a)
{
        const char *path = attack_place(c, a->text);
        struct stat before = {.st_mode = 0666};
        (void)stat(path, &before);
        int r = attack_result(chmod(path, (mode_t)a->number));
        if (r == 0)
                (void)chmod(path, before.st_mode);
        return r;
}

static int change_mode_at(const AttackContext *c, const Attempt *a)
{
        int fd = open(attack_place(c, a->text), O_PATH | O_CLOEXEC);
        return fd < 0 ? errno : attack_result(syscall(452 /* fchmodat2 */, fd, "", 0666, AT_EMPTY_PATH));
}

static int change_owner(const AttackContext *c, const Attempt *a)
{
        return attack_result(chown(attack_place(c, a->text), 0, 0));
}

static int change_time(const AttackContext *c, const Attempt *a)
{
        return attack_result(utimensat(AT_FDCWD, attack_place(c, a->text), NULL, 0));
}

static int change_attribute(const AttackContext *c, const Attempt *a)
{
        return attack_result(setxattr(attack_place(c, a->text), a->other, "1", 1, 0));
}

/* What only root may have: a file of its own that no one can change, that brings root, or a capability. */
static int own_immutable(const AttackContext *c, const Attempt *a UNUSED)
{
        enum { SETFLAGS = 0x40086602, IMMUTABLE = 0x10 };
        const char *path = own_file(c);
        int flags = IMMUTABLE, none = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
        int r = attack_result(ioctl(fd, SETFLAGS, &flags));
        (void)ioctl(fd, SETFLAGS, &none);
        return r;
}

static int own_to_root(const AttackContext *c, const Attempt *a UNUSED)
{
        return attack_result(chown(own_file(c), 0, 0));
}

static int own_capable(const AttackContext *c, const Attempt *a UNUSED)
{
        static const uint32_t net_raw[] = {0x02000001, 1U << 13, 0, 0, 0};
        return attack_result(setxattr(own_file(c), "security.capability", net_raw, sizeof(net_raw), 0));
}

/* Runs `text` with `other` as its argument: it ends with what it came to. */
static int execute(const AttackContext *c, const Attempt *a)
{
        int status;
        pid_t pid = fork();
        if (pid < 0)
                return errno;
        if (pid == 0) {
                execl(attack_place(c, a->text), "attacker", a->other, (char *)NULL);
                _exit(errno);
        }
        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                attack_broken();
        return WEXITSTATUS(status);
}

static int map_shared(const AttackContext *c, const Attempt *a)
{
        int fd = open(attack_place(c, a->text), O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return errno;
        return mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? errno : 0;
}

/* Read-only is opened; then asked for more, by way of /proc. */
static int reopen_to_write(const AttackContext *c, const Attempt *a)
{
        char path[64];
        int fd = open(attack_place(c, a->text), O_PATH | O_CLOEXEC);
        if (fd < 0)
                return errno;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return attack_result(open(path, O_WRONLY | O_CLOEXEC));
}

/* clang-format off */
#define OUTSIDE .standard = "EROFS EACCES", .strict = "ENOENT", .plain = "EACCES"
#define OUTSIDE_OR(more) .standard = "EROFS EACCES " more, .strict = "ENOENT " more, .plain = "EACCES " more
/* The file is of the server's own uid, where it has the daemon's. */
#define BY_OWNER .standard = "EROFS EPERM", .strict = "ENOENT", .plain = "done", .as = AS_UID, \
        .note = "Landlock does not fence modes, times and attributes: without a mount namespace a uid may change those of its files"
const Attempt attack_write[] = {
        {"write-open", attack_open, "@outside/file", .number = O_WRONLY, OUTSIDE},
        {"write-open-both", attack_open, "@outside/file", .number = O_RDWR, OUTSIDE},
        {"write-append", attack_open, "@outside/file", .number = O_WRONLY | O_APPEND, OUTSIDE},
        {"write-truncate-open", attack_open, "@outside/file", .number = O_WRONLY | O_TRUNC, OUTSIDE},
        {"write-passwd", attack_open, "/etc/passwd", .number = O_WRONLY, .standard = "EROFS EACCES", .note = "opened only"},
        {"write-config", attack_open, "@config", .number = O_WRONLY, .standard = "ENOENT", .plain = "EACCES", .note = "opened only"},
        {"write-program", attack_open, "/usr/bin/env", .number = O_WRONLY, .standard = "EROFS EACCES", .note = "opened only"},
        {"write-reopen", reopen_to_write, "@outside/file", OUTSIDE},
        {"write-mmap", map_shared, "@outside/file", OUTSIDE},
        {"write-create", make_file, "@outside", OUTSIDE},
        {"write-create-etc", make_file, "@etc", .standard = "EROFS EACCES ENOENT"},
        {"write-create-root", make_file, "@top", .standard = "EROFS EACCES ENOENT"},
        {"write-tmpfile", make_unnamed, "@outside", OUTSIDE},
        {"write-truncate", cut, "@outside/file", OUTSIDE, .needs = "plain-landlock:3"},
        {"write-mkdir", make_directory, "@outside", OUTSIDE},
        {"write-rmdir", remove_directory, "@outside/empty", OUTSIDE},
        {"write-unlink", remove_file, "@outside/file", OUTSIDE},
        {"write-mknod-fifo", make_node, "@outside", .number = S_IFIFO, OUTSIDE},
        {"write-mknod-device", make_node, "@outside", .number = S_IFCHR, OUTSIDE_OR("EPERM")},
        {"write-mknod-disk", make_node, "@outside", .number = S_IFBLK, OUTSIDE_OR("EPERM")},
        {"own-mknod-device", make_node, "@own", .number = S_IFCHR, .standard = "EPERM EACCES"},
        {"own-mknod-disk", make_node, "@own", .number = S_IFBLK, .standard = "EPERM EACCES"},
        {"write-bind-socket", make_socket, "@outside", OUTSIDE_OR("EPERM")},
        {"write-symlink", make_symlink, "@outside", OUTSIDE},
        {"write-link-out", link_out, "@outside", OUTSIDE_OR("EXDEV")},
        {"write-link-in", link_in, "@outside/file", OUTSIDE_OR("EXDEV EPERM")},
        {"write-rename-out", rename_out, "@outside", OUTSIDE_OR("EXDEV")},
        {"write-rename-in", rename_in, "@outside/file", OUTSIDE_OR("EXDEV")},
        {"write-exchange", exchange, "@outside/file", OUTSIDE_OR("EXDEV")},
        {"write-chmod", change_mode, "@outside/file", .number = 0666, BY_OWNER},
        {"write-chmod-suid", change_mode, "@outside/file", .number = 04777, BY_OWNER},
        {"write-fchmodat2", change_mode_at, "@outside/file", .unfenced = "done ENOSYS", .standard = "EROFS EPERM ENOSYS", .strict = "ENOENT", .plain = "done ENOSYS", .as = AS_UID,
         .note = "as write-chmod"},
        {"write-chown", change_owner, "@outside/file", .standard = "EROFS EPERM", .strict = "ENOENT", .plain = "EPERM"},
        {"write-utime", change_time, "@outside/file", BY_OWNER},
        {"write-chmod-token", change_mode, "@token", .number = 0666, .standard = "ENOENT", .plain = "done", .as = AS_UID, .note = "as write-chmod: the daemon's files are of the server's uid there"},
        {"write-xattr", change_attribute, "@outside/file", "trusted.attacker", .standard = "EROFS EPERM", .strict = "ENOENT", .plain = "EPERM"},
        {"own-immutable", own_immutable, .unfenced = "done ENOTTY EOPNOTSUPP", .standard = "EPERM ENOTTY EOPNOTSUPP"},
        {"own-to-root", own_to_root, .rootless = "EPERM EINVAL", .note = "root is no id of its user namespace"},
        {"own-capable", own_capable, .unfenced = "done"},
        {"exec-set-user-id", execute, "@outside/suid", "euid", .strict = "ENOENT EACCES", .plain = "EPERM EACCES", .as = AS_UID},
        {"exec-capable", execute, "@outside/capable", "raw", .strict = "ENOENT EACCES", .plain = "EPERM EACCES", .as = AS_UID},
        {0},
};
/* clang-format on */
