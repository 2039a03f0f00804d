/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>
#include <sys/wait.h>

#include "spawn/record.h"
#include "spawn/report.h"

enum { STATUS_MAX = 255 };

/* Room for the credentials that the kernel adds, and for descriptors that nobody should send. */
typedef union Control {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(8 * sizeof(int))];
} Control;

static void close_passed(const struct cmsghdr *c)
{
        int fd;
        for (size_t at = 0; CMSG_LEN(at + sizeof(fd)) <= c->cmsg_len; at += sizeof(fd)) {
                memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
                (void)close(fd);
        }
}

/* The sender as the kernel saw it; 0: it did not say, or the message carried what it must not. */
static pid_t sender(struct msghdr *m)
{
        pid_t pid = 0;
        bool foreign = (m->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
                struct ucred cred;
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS &&
                    c->cmsg_len == CMSG_LEN(sizeof(cred))) {
                        memcpy(&cred, CMSG_DATA(c), sizeof(cred));
                        pid = cred.pid;
                } else {
                        foreign = true;
                        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
                                close_passed(c);
                }
        }
        return foreign ? 0 : pid;
}

static bool failed_valid(const StepError *e)
{
        return e->stage != SPAWN_STAGE_NONE && e->stage < _SPAWN_STAGE_MAX && e->error > 0 &&
               memchr(e->detail, '\0', sizeof(e->detail));
}

static bool exited_valid(const SpawnRecord *r)
{
        switch (r->code) {
        case CLD_EXITED:
                return r->status >= 0 && r->status <= STATUS_MAX;
        case CLD_KILLED:
        case CLD_DUMPED:
                return r->status > 0 && r->status < _NSIG;
        default:
                return false;
        }
}

static int report_of(const SpawnRecord *r, pid_t pid, SpawnReport *ret)
{
        SpawnReport report = {.kind = (SpawnReportKind)r->kind};
        if (r->magic != SPAWN_RECORD_MAGIC || pid <= 0)
                return -EBADMSG;
        switch (report.kind) {
        case SPAWN_REPORT_LEADER:
                report.pid = pid;
                break;
        case SPAWN_REPORT_EXECED:
                break;
        case SPAWN_REPORT_FAILED:
                if (!failed_valid(&r->error))
                        return -EBADMSG;
                report.error = r->error;
                break;
        case SPAWN_REPORT_EXITED:
                if (!exited_valid(r))
                        return -EBADMSG;
                report.code = r->code;
                report.status = r->status;
                report.usage = r->usage;
                break;
        default:
                return -EBADMSG;
        }
        *ret = report;
        return 0;
}

int spawn_report_read(int status_fd, SpawnReport *ret)
{
        SpawnRecord record;
        Control control;
        struct iovec iov = {&record, sizeof(record)};
        struct msghdr m = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        ssize_t n;
        do
                n = recvmsg(status_fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == ECONNRESET ? SPAWN_REPORT_E_EOF : -errno;
        pid_t pid = sender(&m);
        if (n == 0)
                return SPAWN_REPORT_E_EOF;
        return n == sizeof(record) ? report_of(&record, pid, ret) : -EBADMSG;
}
