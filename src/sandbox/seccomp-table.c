/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/ioctls.h>
#include <linux/prctl.h>

#include "sandbox/seccomp-table.h"

/* clang-format off */
const SeccompSet seccomp_sets[] = {
        {"@basic", true, "reading, writing and waiting for it",
         "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 close close_range dup dup2 dup3 "
         "fcntl fcntl64 ioctl lseek _llseek pipe pipe2 select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 "
         "epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 splice tee vmsplice "
         "sendfile sendfile64 copy_file_range socketpair sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg "
         "recvmmsg_time64 shutdown getsockopt setsockopt getrandom uname sysinfo restart_syscall"},
        {"@files", true, "names, contents and attributes of files",
         "open openat openat2 creat stat stat64 fstat fstat64 lstat lstat64 newfstatat fstatat64 statx access faccessat "
         "faccessat2 getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat "
         "renameat2 link linkat symlink symlinkat readlink readlinkat chmod fchmod fchmodat fchmodat2 chown lchown fchown "
         "fchownat utime utimes utimensat utimensat_time64 futimesat truncate truncate64 ftruncate ftruncate64 fallocate "
         "fsync fdatasync sync syncfs sync_file_range flock umask statfs statfs64 fstatfs fstatfs64 inotify_init "
         "inotify_init1 inotify_add_watch inotify_rm_watch fadvise64 fadvise64_64 readahead mknod mknodat getxattr "
         "lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr removexattr lremovexattr "
         "fremovexattr setxattrat getxattrat listxattrat removexattrat file_getattr file_setattr cachestat"},
        {"@process", true, "processes, threads and what they are given",
         "clone fork vfork execve execveat exit exit_group wait4 waitpid waitid getpid getppid gettid getpgid getpgrp "
         "getsid setpgid setsid prctl arch_prctl set_tid_address set_robust_list get_robust_list pidfd_open rseq "
         "membarrier personality sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam "
         "sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval "
         "sched_getattr sched_setattr getpriority setpriority ioprio_get ioprio_set getcpu getrusage times prlimit64 "
         "getrlimit ugetrlimit setrlimit capget capset set_thread_area get_thread_area"},
        {"@signals", true, "signals and timers that send them",
         "rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait rt_sigtimedwait_time64 rt_sigsuspend rt_sigreturn "
         "sigreturn sigaltstack rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal kill tkill tgkill signalfd signalfd4 "
         "alarm pause getitimer setitimer"},
        {"@memory", true, "memory of its own",
         "brk mmap mmap2 munmap mremap mprotect madvise msync mincore mlock mlock2 munlock mlockall munlockall memfd_create "
         "pkey_alloc pkey_free pkey_mprotect mseal get_mempolicy set_mempolicy mbind remap_file_pages map_shadow_stack cacheflush"},
        {"@time", true, "clocks that are read, and timers",
         "clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep clock_nanosleep_time64 nanosleep "
         "gettimeofday time timer_create timer_settime timer_settime64 timer_gettime timer_gettime64 timer_getoverrun "
         "timer_delete timerfd_create timerfd_settime timerfd_settime64 timerfd_gettime timerfd_gettime64"},
        {"@sync", true, "locks between threads", "futex futex_time64 futex_waitv futex_wake futex_wait futex_requeue"},
        {"@ipc", true, "shared memory, semaphores and queues of System V and POSIX",
         "shmget shmat shmctl shmdt semget semctl semop semtimedop semtimedop_time64 msgget msgctl msgsnd msgrcv mq_open "
         "mq_unlink mq_timedsend mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64 mq_notify mq_getsetattr ipc"},
        {"@network", true, "sockets with names and addresses",
         "socket bind connect listen accept accept4 getsockname getpeername socketcall"},
        {"@ids", true, "users and groups; without privileges they change little",
         "getuid geteuid getgid getegid getresuid getresgid getgroups getuid32 geteuid32 getgid32 getegid32 getresuid32 "
         "getresgid32 getgroups32 setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups "
         "setuid32 setgid32 setreuid32 setregid32 setresuid32 setresgid32 setgroups32"},
        {"@aio", true, "asynchronous reading and writing, the old way",
         "io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64"},
        {"@fences", true, "further fences of its own",
         "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"},
        {"@accounting", false, "process accounting", "acct"},
        {"@bpf", false, "programs in the kernel", "bpf"},
        {"@chroot", false, "another root directory", "chroot"},
        {"@clock", false, "clocks that are set", "clock_settime clock_settime64 settimeofday stime adjtimex clock_adjtime clock_adjtime64"},
        {"@fanotify", false, "watching a whole file system", "fanotify_init fanotify_mark"},
        {"@handles", false, "files by number instead of by name", "open_by_handle_at name_to_handle_at"},
        {"@io-uring", false, "system calls past this filter", "io_uring_setup io_uring_enter io_uring_register"},
        {"@keyring", false, "keys that the kernel keeps", "add_key request_key keyctl"},
        {"@log", false, "the kernel's log, the terminal", "syslog vhangup"},
        {"@module", false, "kernel modules", "init_module finit_module delete_module"},
        {"@mount", false, "mounts, old way and new",
         "mount umount umount2 pivot_root open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr open_tree_attr statmount listmount"},
        {"@namespaces", false, "namespaces", "unshare setns clone3"},
        {"@perf", false, "measuring other programs", "perf_event_open"},
        {"@ptrace", false, "looking into other processes",
         "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd"},
        {"@quota", false, "disk quotas", "quotactl quotactl_fd"},
        {"@raw-io", false, "ports and pages of the machine",
         "ioperm iopl modify_ldt vm86 vm86old pciconfig_iobase pciconfig_read pciconfig_write move_pages migrate_pages "
         "set_mempolicy_home_node lookup_dcookie memfd_secret"},
        {"@reboot", false, "the end of the machine", "reboot kexec_load kexec_file_load"},
        {"@swap", false, "swap space", "swapon swapoff"},
        {"@system", false, "the machine's name, what nobody uses any more",
         "sethostname setdomainname sysfs ustat uselib _sysctl nfsservctl afs_syscall bdflush create_module "
         "get_kernel_syms query_module lsm_get_self_attr lsm_set_self_attr lsm_list_modules uretprobe"},
        {"@userfaultfd", false, "page faults by hand", "userfaultfd"},
};

const SeccompRefusal seccomp_refusals[] = {
        {"ioctl", {{1, UINT32_MAX, TIOCSTI}}, 1, "keys pushed into a terminal"},
        {"ioctl", {{1, UINT32_MAX, TIOCLINUX}}, 1, "the same on the console"},
        {"prctl", {{0, UINT32_MAX, PR_SET_PDEATHSIG}, {1, UINT32_MAX, 0}}, 2, "living on when its warden dies"},
};
/* clang-format on */

const size_t seccomp_sets_size = ARRAY_SIZE(seccomp_sets);
const size_t seccomp_refusals_size = ARRAY_SIZE(seccomp_refusals);
