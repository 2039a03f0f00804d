/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to read files that are somebody else's. */
#include "support/attacker.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* The directories above a server's own program are there for it, wherever it was built. */
static bool is_on_the_way(const char *directory, const char *name)
{
        char own[4096], path[4096];
        ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
        int k = snprintf(path, sizeof(path), "%s/%s/", directory, name);
        if (n < 0 || k < 0 || (size_t)k >= sizeof(path))
                return false;
        own[n] = '\0';
        return strncmp(own, path, (size_t)k) == 0;
}

static int list_directory(const AttackContext *c, const Attempt *a)
{
        const char *place = attack_place(c, a->text);
        DIR *d = opendir(place);
        struct dirent *e;
        int r = ENODATA;
        if (!d)
                return errno;
        while (r != 0 && (e = readdir(d)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
                    !is_on_the_way(place, e->d_name))
                        r = 0;
        closedir(d);
        return r;
}

static int look(const AttackContext *c, const Attempt *a)
{
        struct stat st;
        return attack_result(stat(attack_place(c, a->text), &st));
}

static int go_there(const AttackContext *c, const Attempt *a)
{
        if (chdir(attack_place(c, a->text)) < 0)
                return errno;
        Attempt here = {.text = a->other, .number = O_RDONLY};
        return attack_open(c, &here);
}

/* Up until there is no further up, then down again. */
static int climb(const AttackContext *c, const Attempt *a)
{
        enum { UP = 64 };
        for (int i = 0; i < UP; i++)
                if (chdir("..") < 0)
                        return errno;
        Attempt from_top = {.text = attack_place(c, a->text) + 1, .number = O_RDONLY};
        return attack_open(c, &from_top);
}

/* A descriptor that only names the file is made one that reads. */
static int reopen(const AttackContext *c, const Attempt *a)
{
        char path[64];
        int fd = open(attack_place(c, a->text), O_PATH | O_CLOEXEC);
        if (fd < 0)
                return errno;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        Attempt again = {.text = path, .number = O_RDONLY};
        return attack_open(c, &again);
}

static int by_link(const AttackContext *c, const Attempt *a)
{
        char path[256];
        snprintf(path, sizeof(path), "%s/link-%d", attack_place(c, "@own"), (int)getpid());
        if (symlink(attack_place(c, a->text), path) < 0)
                attack_broken();
        Attempt through = {.text = path, .number = O_RDONLY};
        int r = attack_open(c, &through);
        (void)unlink(path);
        return r;
}

static int map(const AttackContext *c, const Attempt *a)
{
        int fd = open(attack_place(c, a->text), O_RDONLY | O_CLOEXEC);
        return fd < 0 ? errno : mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? errno : 0;
}

static int watch(const AttackContext *c, const Attempt *a)
{
        int fd = inotify_init1(IN_CLOEXEC);
        return fd < 0 ? errno : attack_result(inotify_add_watch(fd, attack_place(c, a->text), IN_ALL_EVENTS));
}

/* Descriptors 0 to 2 are its own; the runner knows which others it had when it began. */
static int inherited(const AttackContext *c, const Attempt *a UNUSED)
{
        return c->own[0] >= 0 ? 0 : EBADF;
}

static int by_handle(const AttackContext *c, const Attempt *a)
{
        enum { ROOM = 128 };
        union {
                struct file_handle head;
                char room[sizeof(struct file_handle) + ROOM];
        } h = {.head = {.handle_bytes = ROOM}};
        int mount_id;
        const char *path = attack_place(c, a->text);
        if (name_to_handle_at(AT_FDCWD, path, &h.head, &mount_id, 0) < 0)
                return errno;
        int at = open(path, O_RDONLY | O_CLOEXEC);
        return attack_result(open_by_handle_at(at, &h.head, O_RDONLY | O_CLOEXEC));
}

/* clang-format off */
#define AWAY .standard = "ENOENT", .plain = "EACCES"
const Attempt attack_read[] = {
        {"read-shadow", attack_open, "/etc/shadow", .standard = "EACCES", .strict = "ENOENT"},
        {"read-gshadow", attack_open, "/etc/gshadow", .standard = "EACCES", .strict = "ENOENT"},
        {"read-root-home", attack_open, "/root/secret", AWAY},
        {"read-other-home", attack_open, "/home/victim/secret", AWAY},
        {"read-ssh-key", attack_open, "/home/victim/.ssh/id_ed25519", AWAY},
        {"read-run", attack_open, "/run/secret", AWAY},
        {"read-var-run", attack_open, "/var/run/secret", AWAY},
        {"read-var-lib", attack_open, "/var/lib/secret", AWAY},
        {"read-tmp", attack_open, "/tmp/secret", AWAY},
        {"read-var-tmp", attack_open, "/var/tmp/secret", AWAY},
        {"read-shm", attack_open, "/dev/shm/secret", AWAY},
        {"read-boot", attack_open, "/boot/secret", AWAY},
        {"read-state", attack_open, "@state/catalogue", AWAY},
        {"read-state-of-other", attack_open, "@state/home/other/secret", AWAY},
        {"read-runtime", attack_open, "@runtime/lock", AWAY},
        {"read-token", attack_open, "@token", AWAY},
        {"read-config", attack_open, "@config", AWAY, .note = "a server shall not know which others there are"},
        {"read-key", attack_open, "@key", AWAY},
        {"list-home", list_directory, "/home", .standard = "ENOENT ENODATA", .plain = "EACCES"},
        {"list-root-home", list_directory, "/root", AWAY},
        {"list-run", list_directory, "/run", .standard = "ENODATA ENOENT", .plain = "EACCES",
         .note = "it may be there, empty"},
        {"list-tmp", list_directory, "/tmp", .standard = "ENODATA ENOENT", .plain = "EACCES",
         .note = "it may be there, empty"},
        {"list-state-of-other", list_directory, "@state/home/other", AWAY},
        {"list-runtime", list_directory, "@runtime", AWAY},
        {"stat-token", look, "@token", .standard = "ENOENT", .plain = "done EACCES",
         .note = "without a mount namespace names are seen, as status tells (mountns)"},
        {"stat-other-home", look, "/home/victim/secret", .standard = "ENOENT", .plain = "done EACCES",
         .note = "without a mount namespace names are seen, as status tells (mountns)"},
        {"chdir-root-home", go_there, "/root", "secret", AWAY},
        {"climb-out", climb, "/root/secret", AWAY},
        {"dots-through-proc", attack_open, "/proc/self/root/../root/secret", AWAY},
        {"dots-through-cwd", attack_open, "/proc/self/cwd/../../../../../../../root/secret", AWAY},
        {"thread-root", attack_open, "/proc/thread-self/root/root/secret", AWAY},
        {"reopen-path", reopen, "/root/secret", AWAY},
        {"symlink-to-secret", by_link, "/root/secret", AWAY},
        {"mmap-secret", map, "/root/secret", AWAY},
        {"watch-secret", watch, "/root/secret", .standard = "ENOENT", .plain = "done EACCES",
         .note = "Landlock does not fence inotify: without a mount namespace it is told when a file is used that modes let it read"},
        {"inherited-descriptor", inherited, .standard = "EBADF"},
        {"handle-of-file", by_handle, "/usr", .unfenced = "done"},
        {"handle-of-secret", by_handle, "/root/secret", .unfenced = "done"},
        {0},
};
/* clang-format on */
