/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "base/parse.h"
#include "spawn/validate.h"

enum { FIRST_FREE_FD = 16 }; /* where our ends are kept, clear of the child's fixed numbers */

extern char **environ;

static void close_all(int *fds, size_t n)
{
        for (size_t i = 0; i < n; i++)
                fd_close_p(&fds[i]);
}

/* To where it is kept. A number above the limit is EINVAL to the kernel; to us both are one. */
static int move_high(int fd)
{
        int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
        if (high >= 0)
                return high;
        return errno == EINVAL ? -EMFILE : -errno;
}

static int open_all(int fds[static VALIDATE_FDS])
{
        static const char *const names[VALIDATE_FDS] = {"mcpvisor-diags", "mcpvisor-supervisor",
                                                        "mcpvisor-gateway", "mcpvisor-text",
                                                        "mcpvisor-certificate"};
        for (size_t i = 0; i < VALIDATE_FDS; i++)
                fds[i] = -EBADF;
        for (size_t i = 0; i < VALIDATE_FDS; i++) {
                CLEANUP_FD int fd = -EBADF;
                int r = fd_memfd_new(names[i], &fd);
                if (r == 0)
                        r = fds[i] = move_high(fd);
                if (r < 0) {
                        close_all(fds, VALIDATE_FDS);
                        return r;
                }
        }
        return 0;
}

/* Between fork and exec: async-signal-safe calls only. What we ignore, it would ignore too;
 * of these it shall die, so that the reason is told. */
static void child(const int *fds, int exe, int text_fd, char *const *argv)
{
        static const int deadly[] = {SIGPIPE, SIGXCPU, SIGXFSZ};
        const struct sigaction usual = {.sa_handler = SIG_DFL};
        sigset_t none;
        for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
                (void)sigaction(deadly[i], &usual, NULL);
        if (text_fd > 0 && dup2(text_fd, STDIN_FILENO) < 0)
                _exit(VALIDATOR_FAULT);
        for (int i = 0; i < VALIDATE_FDS; i++)
                if (dup2(fds[i], VALIDATE_FD_DIAGS + i) < 0)
                        _exit(VALIDATOR_FAULT);
        sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)syscall(SYS_execveat, exe, "", argv, environ, AT_EMPTY_PATH);
        _exit(VALIDATOR_FAULT);
}

/* What messages call that which is read. */
static const char *shown_path(const char *path)
{
        return path ? path : VALIDATION_COMMAND_LINE;
}

static const char **make_argv(const ValidateArgs *args)
{
        enum { OTHERS = 9 }; /* names, options, the path, the end */
        const char **argv = calloc(args->n_set * 2 + OTHERS, sizeof(*argv));
        size_t n = 0;
        if (!argv)
                return NULL;
        argv[n++] = "mcpvisor";
        argv[n++] = "@validator";
        if (args->strict)
                argv[n++] = "--strict";
        if (args->no_resolve)
                argv[n++] = "--no-resolve";
        if (args->keep_going)
                argv[n++] = "--keep-going";
        if (args->planned)
                argv[n++] = "--planned";
        if (args->text_fd > 0)
                argv[n++] = "--text";
        for (size_t i = 0; i < args->n_set; i++) {
                argv[n++] = "--set";
                argv[n++] = args->set[i];
        }
        argv[n++] = "--";
        argv[n++] = shown_path(args->path);
        return argv;
}

int validation_start(const ValidateArgs *args, Validation *ret)
{
        CLEANUP_FREE const char **argv = make_argv(args);
        if (!argv)
                return -ENOMEM;

        Validation v = {.pidfd = -EBADF};
        CLEANUP_FD int exe = open(args->exe ? args->exe : "/proc/self/exe", O_PATH | O_CLOEXEC);
        if (exe < 0)
                return -errno;
        CLEANUP_FD int high = move_high(exe); /* not where the child's own go */
        if (high < 0)
                return high;
        int r = open_all(v.fds);
        if (r < 0)
                return r;
        v.pid = fork();
        if (v.pid == 0)
                child(v.fds, high, args->text_fd, (char *const *)(uintptr_t)argv);
        if (v.pid < 0) {
                r = -errno;
                close_all(v.fds, VALIDATE_FDS);
                return r;
        }
        v.pidfd = (int)syscall(SYS_pidfd_open, v.pid, 0);
        if (v.pidfd < 0) {
                r = -errno;
                validation_cancel(&v);
                return r;
        }
        *ret = v;
        return 0;
}

void validation_cancel(Validation *v)
{
        if (v->pid > 0) {
                (void)kill(v->pid, SIGKILL); /* not reaped yet: the pid is still its own */
                while (waitpid(v->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        v->pid = 0;
        fd_close_p(&v->pidfd);
        close_all(v->fds, VALIDATE_FDS);
}

static int unreadable(const char *path, DiagList *diags)
{
        diag_list_done(diags); /* what was taken from it so far */
        diag_add(diags, DIAG_ERROR, (DiagAt){.file = path}, NULL,
                 "the process that reads the configuration left findings that cannot be read");
        return VALIDATE_E_CRASHED;
}

static int read_diags(int fd, const char *path, DiagList *diags)
{
        CLEANUP(buf_done) Buf bytes = BUF_INIT(LIMIT_CONFIG_BLOB);
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        int r = fd_read_all(fd, &bytes);
        if (r == 0)
                r = diag_list_decode(buf_span(&bytes), diags);
        return r == -EBADMSG || r == -ENOBUFS ? unreadable(path, diags) : r;
}

static int keep_blobs(Validation *v, ValidateResult *ret)
{
        for (int i = 1; i < VALIDATE_FDS; i++) {
                int r = fd_memfd_seal(v->fds[i]);
                if (r < 0)
                        return r;
        }
        ret->supervisor_fd = TAKE_FD(v->fds[VALIDATE_FD_SUPERVISOR - VALIDATE_FD_DIAGS]);
        ret->gateway_fd = TAKE_FD(v->fds[VALIDATE_FD_GATEWAY - VALIDATE_FD_DIAGS]);
        ret->text_fd = TAKE_FD(v->fds[VALIDATE_FD_TEXT - VALIDATE_FD_DIAGS]);
        ret->certificate_fd = TAKE_FD(v->fds[VALIDATE_FD_CERTIFICATE - VALIDATE_FD_DIAGS]);
        ret->valid = true;
        return 0;
}

static int crashed(const char *path, const ChildExit *end, DiagList *diags)
{
        DiagAt at = {.file = path};
        if (end->code == CLD_EXITED)
                diag_add(diags, DIAG_ERROR, at, NULL,
                         "the process that reads the configuration failed (exit status %d)", end->status);
        else
                diag_add(diags, DIAG_ERROR, at, NULL,
                         "the process that reads the configuration was ended by signal %d (%s)%s",
                         end->status, strsignal(end->status),
                         end->status == SIGXCPU ? ": it took too much CPU time" : "");
        return VALIDATE_E_CRASHED;
}

static void result_init(ValidateResult *r)
{
        *r = (ValidateResult){
                .supervisor_fd = -EBADF, .gateway_fd = -EBADF, .text_fd = -EBADF, .certificate_fd = -EBADF};
        diag_list_init(&r->diags);
}

int validation_ended(Validation *v, const ChildExit *how, const char *path, ValidateResult *ret)
{
        path = shown_path(path);
        result_init(ret);
        v->pid = 0;
        bool exited = how->code == CLD_EXITED;
        int r = 0;
        if (exited && (how->status == VALIDATOR_VALID || how->status == VALIDATOR_INVALID))
                r = read_diags(v->fds[0], path, &ret->diags);
        else
                r = crashed(path, how, &ret->diags);
        if (r == 0 && how->status == VALIDATOR_VALID)
                r = keep_blobs(v, ret);
        validation_cancel(v);
        if (r < 0)
                validate_result_done(ret);
        return r;
}

int validation_finish(Validation *v, const char *path, ValidateResult *ret)
{
        siginfo_t end = {0};
        result_init(ret);
        while (waitid(P_PID, (id_t)v->pid, &end, WEXITED) < 0)
                if (errno != EINTR) {
                        int r = -errno; /* somebody else has reaped it: its status is lost */
                        v->pid = 0;
                        validation_cancel(v);
                        return r;
                }
        const ChildExit how = {.pid = v->pid, .code = end.si_code, .status = end.si_status};
        return validation_ended(v, &how, path, ret);
}

static int timed_out(const ValidateArgs *args, Nsec timeout, ValidateResult *ret)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(64);
        result_init(ret);
        int r = format_duration(&text, timeout);
        if (r == 0)
                diag_add(&ret->diags, DIAG_ERROR, (DiagAt){.file = shown_path(args->path)}, NULL,
                         "could not be read within %s: does a file that it names lie on a stalled file "
                         "system?",
                         text.data);
        return r < 0 ? r : VALIDATE_E_TIMEOUT;
}

int validate(const ValidateArgs *args, ValidateResult *ret)
{
        Validation v;
        int r = validation_start(args, &v);
        if (r < 0)
                return r;
        Nsec timeout = args->timeout ? args->timeout : LIMIT_VALIDATOR_TIME * NSEC_PER_SEC;
        Nsec deadline = nsec_add(clock_now(&clock_monotonic), timeout);
        for (;;) {
                struct pollfd p = {.fd = v.pidfd, .events = POLLIN};
                Nsec left = nsec_sub(deadline, clock_now(&clock_monotonic));
                r = poll(&p, 1, (int)(left / NSEC_PER_MSEC));
                if (r > 0)
                        return validation_finish(&v, args->path, ret);
                if (r < 0 && errno != EINTR)
                        break;
                if (r == 0 && left < NSEC_PER_MSEC) {
                        validation_cancel(&v);
                        return timed_out(args, timeout, ret);
                }
        }
        r = -errno;
        validation_cancel(&v);
        return r;
}

void validate_result_done(ValidateResult *r)
{
        diag_list_done(&r->diags);
        fd_close_p(&r->supervisor_fd);
        fd_close_p(&r->gateway_fd);
        fd_close_p(&r->text_fd);
        fd_close_p(&r->certificate_fd);
}
