/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <mntent.h>

#include "base/fd.h"
#include "base/limit-table.h"
#include "sandbox/probe.h"

/* ---- where our group is ----------------------------------------------------------------- */

static int read_text(const char *path, Buf *b)
{
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? -errno : fd_read_all(fd, b);
}

/* "0::/a/b" of /proc/self/cgroup. */
static int own_group(Buf *ret)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_PROC_FILE);
        int r = read_text("/proc/self/cgroup", &text);
        Span all = buf_span(&text), line;
        if (r < 0)
                return r;
        while (span_next(&all, '\n', &line))
                if (span_starts(line, SPAN("0::/")))
                        return buf_append_span(ret, span_skip(line, sizeof("0::") - 1));
        return -ENOENT;
}

static int group_directory(Buf *ret)
{
        struct mntent entry;
        char room[PATH_MAX];
        int r = -ENOENT;
        FILE *mounts = setmntent("/proc/self/mounts", "re");
        if (!mounts)
                return -errno;
        while (r < 0 && getmntent_r(mounts, &entry, room, sizeof(room)))
                if (strcmp(entry.mnt_type, "cgroup2") == 0)
                        r = buf_append_str(ret, entry.mnt_dir);
        (void)endmntent(mounts);
        return r < 0 ? r : own_group(ret);
}

/* ---- what may be done there --------------------------------------------------------------- */

static const char *const controllers[_OFFER_MAX] = {
        [OFFER_CGROUP_MEMORY] = "memory",
        [OFFER_CGROUP_PIDS] = "pids",
        [OFFER_CGROUP_CPU] = "cpu",
        [OFFER_CGROUP_IO] = "io",
};

static int has_controller(Buf *path, const char *name)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(LIMIT_PROC_FILE);
        int r = buf_append_str(path, "/cgroup.controllers");
        if (r == 0)
                r = read_text(buf_text(path), &text);
        Span all = span_trim(buf_span(&text)), word;
        while (r == 0 && span_next(&all, ' ', &word))
                if (span_equal(word, span_of(name)))
                        return 0;
        return r < 0 ? r : -ENOENT;
}

int probe_cgroup(SandboxOffer offer)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(PATH_MAX);
        int r = group_directory(&path);
        if (r == 0 && access(buf_text(&path), W_OK) < 0)
                r = -errno;
        if (r == 0 && controllers[offer])
                r = has_controller(&path, controllers[offer]);
        return -r;
}
