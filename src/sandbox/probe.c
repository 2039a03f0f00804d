/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "sandbox/capability.h"
#include "sandbox/probe.h"

enum { OTHER_ID = 65534, EXIT_MAX = 255 };

/* ---- in a process of its own: each gives 0 or an errno ---------------------------------- */

static int errno_if(bool failed)
{
        return failed ? errno : 0;
}

static int try_no_new_privs(void)
{
        return errno_if(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0);
}

static int try_seccomp(void)
{
        struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
        const struct sock_fprog program = {ARRAY_SIZE(allow), allow};
        int error = try_no_new_privs();
        return error ? error : errno_if(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0);
}

static int try_landlock(void)
{
        const uint64_t files = 1;
        int error = try_no_new_privs();
        if (error)
                return error;
        int fd = (int)syscall(SYS_landlock_create_ruleset, &files, sizeof(files), 0);
        return fd < 0 ? errno : errno_if(syscall(SYS_landlock_restrict_self, fd, 0) < 0);
}

static int try_change_ids(void)
{
        if (setgroups(0, NULL) < 0 || setresgid(OTHER_ID, OTHER_ID, OTHER_ID) < 0)
                return errno;
        return errno_if(setresuid(OTHER_ID, OTHER_ID, OTHER_ID) < 0);
}

static int write_file(const char *path, const char *text)
{
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? errno : errno_if(write(fd, text, strlen(text)) < 0);
}

static int enter_userns(void)
{
        uid_t uid = geteuid();
        gid_t gid = getegid();
        char text[64];
        (void)prctl(PR_SET_DUMPABLE, 1); /* else the files of /proc/self are root's */
        if (unshare(CLONE_NEWUSER) < 0)
                return errno;
        int error = write_file("/proc/self/setgroups", "deny");
        (void)snprintf(text, sizeof(text), "0 %u 1", (unsigned)uid);
        if (!error)
                error = write_file("/proc/self/uid_map", text);
        (void)snprintf(text, sizeof(text), "0 %u 1", (unsigned)gid);
        return error ? error : write_file("/proc/self/gid_map", text);
}

/* By privilege, or as root of a user namespace. */
static int become_root(void)
{
        return unshare(CLONE_NEWUTS) == 0 ? 0 : enter_userns(); /* uts: the least that needs SYS_ADMIN */
}

static int try_namespace(int flag)
{
        int error = become_root();
        return error ? error : errno_if(unshare(flag) < 0);
}

static int try_securebits(void)
{
        int error = become_root();
        if (error)
                return error;
        if (prctl(PR_CAPBSET_DROP, 0, 0, 0, 0) < 0)
                return errno;
        return errno_if(prctl(PR_SET_SECUREBITS, (unsigned long)capability_securebits(), 0, 0, 0) < 0);
}

/* And a second one inside, in which its root becomes an ordinary number again. */
static int try_userns(void)
{
        int error = enter_userns();
        return error ? error : errno_if(unshare(CLONE_NEWUSER) < 0);
}

static int try_ipcns(void)
{
        return try_namespace(CLONE_NEWIPC);
}

static int try_utsns(void)
{
        return try_namespace(CLONE_NEWUTS);
}

static int try_netns(void)
{
        return try_namespace(CLONE_NEWNET);
}

static int try_cgroupns(void)
{
        return try_namespace(CLONE_NEWCGROUP);
}

static int try_mountns(void)
{
        int error = try_namespace(CLONE_NEWNS);
        return error ? error : errno_if(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0);
}

static int new_mount(const char *type, int *ret_fd)
{
        CLEANUP_FD int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
        if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return errno;
        *ret_fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
        return errno_if(*ret_fd < 0);
}

static int try_mount_api(void)
{
        struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
        CLEANUP_FD int memory = -EBADF;
        int error = try_mountns();
        if (!error)
                error = new_mount("tmpfs", &memory);
        if (error)
                return error;
        CLEANUP_FD int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/",
                                           OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        if (tree < 0)
                return errno;
        return errno_if(
                syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0);
}

static int try_pivot_root(void)
{
        CLEANUP_FD int memory = -EBADF;
        int error = try_mountns();
        if (!error)
                error = new_mount("tmpfs", &memory);
        if (error)
                return error;
        if (syscall(SYS_move_mount, memory, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
            fchdir(memory) < 0)
                return errno;
        return errno_if(syscall(SYS_pivot_root, ".", ".") < 0);
}

static int wait_errno(pid_t pid)
{
        int status = 0;
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* What is tried inside of a new pid namespace needs a process that is in it. */
static int in_pidns(int (*inside)(void))
{
        int error = try_namespace(CLONE_NEWPID | CLONE_NEWNS);
        if (error)
                return error;
        pid_t pid = fork();
        if (pid < 0)
                return errno;
        if (pid == 0)
                _exit(inside ? inside() : 0);
        return wait_errno(pid);
}

static int try_pidns(void)
{
        return in_pidns(NULL);
}

static int mount_proc(void)
{
        CLEANUP_FD int fd = -EBADF;
        return new_mount("proc", &fd);
}

static int try_proc(void)
{
        return in_pidns(mount_proc);
}

/* By SandboxOffer; control groups are looked at by this side (probe-cgroup.c). */
static int (*const tries[_OFFER_MAX])(void) = {
        [OFFER_NO_NEW_PRIVS] = try_no_new_privs,
        [OFFER_SECCOMP] = try_seccomp,
        [OFFER_LANDLOCK] = try_landlock,
        [OFFER_CHANGE_IDS] = try_change_ids,
        [OFFER_SECUREBITS] = try_securebits,
        [OFFER_USERNS] = try_userns,
        [OFFER_PIDNS] = try_pidns,
        [OFFER_MOUNTNS] = try_mountns,
        [OFFER_MOUNT_API] = try_mount_api,
        [OFFER_PIVOT_ROOT] = try_pivot_root,
        [OFFER_PROC] = try_proc,
        [OFFER_IPCNS] = try_ipcns,
        [OFFER_UTSNS] = try_utsns,
        [OFFER_NETNS] = try_netns,
        [OFFER_CGROUPNS] = try_cgroupns,
};

/* ---- this side ---------------------------------------------------------------------------- */

static int try_here(void *data UNUSED, SandboxOffer offer)
{
        if (!tries[offer])
                return probe_cgroup(offer);
        pid_t pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                int error = tries[offer]();
                _exit(MIN(error, EXIT_MAX));
        }
        return wait_errno(pid);
}

static int abi_here(void *data UNUSED)
{
        enum { VERSION = 1 };
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION);
        return abi < 0 ? 0 : (int)abi;
}

const ProbeCalls probe_calls = {try_here, abi_here, NULL};

/* Its own gid may be in the list, too. */
static bool has_no_groups(void)
{
        gid_t list[2];
        int n = getgroups(ARRAY_SIZE(list), list);
        return n == 0 || (n == 1 && list[0] == getegid());
}

int probe(const ProbeCalls *calls, SandboxMachine *ret)
{
        SandboxMachine m;
        machine_init(&m);
        for (unsigned i = 0; i < _OFFER_MAX; i++) {
                int r = calls->try_offer(calls->data, (SandboxOffer)i);
                if (r < 0)
                        return r;
                m.refused[i] = (uint16_t)r;
        }
        int abi = calls->landlock_abi(calls->data);
        if (abi < 0)
                return abi;
        m.landlock_abi = machine_has(&m, OFFER_LANDLOCK) ? (uint32_t)abi : 0;
        m.uid = geteuid();
        m.gid = getegid();
        m.no_groups = has_no_groups();
        *ret = m;
        return 0;
}
