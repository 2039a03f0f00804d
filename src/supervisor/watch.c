/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/limit-table.h"
#include "supervisor/watch.h"

enum {
        CHUNK = 4096,
        LINK_LONGEST = 4096,
        WATCH_FOR = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                    IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
};

/* ---- which directories ---------------------------------------------------- */

/* The directory of a path that is not empty, which is cut short: "/a/b" is "/a" then, "b" is ".". */
static int cut_to_dir(Buf *path)
{
        size_t n = path->len;

        while (n > 0 && path->data[n - 1] != '/')
                n--;
        path->len = n > 1 ? n - 1 : n;
        path->data[path->len] = '\0';
        return n == 0 ? buf_append_char(path, '.') : 0;
}

/* Where a symbolic link leads, one step. False: it is none. */
static int follow(const char *path, Buf *ret, bool *ret_link)
{
        char target[LINK_LONGEST];

        ssize_t n = readlink(path, target, sizeof(target));
        *ret_link = n > 0;
        if (n <= 0)
                return 0;
        buf_clear(ret);
        if (target[0] != '/') {
                int r = buf_append_str(ret, path);
                if (r == 0)
                        r = cut_to_dir(ret);
                if (r == 0)
                        r = buf_append_char(ret, '/');
                if (r < 0)
                        return r;
        }
        return buf_append(ret, target, (size_t)n);
}

/* -errno of inotify itself; a directory that is not there is counted in *missing. */
static int watch_dir(Watch *w, const char *path, int *dirs, unsigned *n, unsigned *missing)
{
        CLEANUP(buf_done) Buf dir = BUF_INIT(BUF_CAP_NONE);

        int r = buf_append_str(&dir, path);
        if (r == 0)
                r = cut_to_dir(&dir);
        if (r < 0)
                return r;
        int wd = inotify_add_watch(w->fd, buf_text(&dir), WATCH_FOR);
        if (wd < 0 && (errno == ENOMEM || errno == ENOSPC))
                return -errno;
        if (wd < 0)
                ++*missing;
        else
                dirs[(*n)++] = wd;
        return 0;
}

/* No more of those that are not on the way any longer. */
static void forget_old(Watch *w, const int *dirs, unsigned n)
{
        for (unsigned i = 0; i < w->n_dirs; i++) {
                bool still = false;
                for (unsigned k = 0; k < n; k++)
                        still |= w->dirs[i] == dirs[k];
                if (!still)
                        (void)inotify_rm_watch(w->fd, w->dirs[i]); /* EINVAL: it went with its directory */
        }
        memcpy(w->dirs, dirs, n * sizeof(*dirs));
        w->n_dirs = n;
}

/* The directory of the file, and of each link on the way to what it stands for. Those that are watched
 * already stay as they are: the kernel knows a directory by itself, not by its name. */
static int watch_all(Watch *w, unsigned *ret_missing)
{
        CLEANUP(buf_done) Buf path = BUF_INIT(BUF_CAP_NONE), next = BUF_INIT(BUF_CAP_NONE);
        int dirs[WATCH_HOPS + 1];
        unsigned n = 0, missing = 0;
        bool link = true;

        int r = buf_append_str(&path, w->path);
        for (unsigned hop = 0; r == 0 && link && hop <= WATCH_HOPS; hop++) {
                r = watch_dir(w, buf_text(&path), dirs, &n, &missing);
                if (r == 0)
                        r = follow(buf_text(&path), &next, &link);
                Buf old = path;
                path = next;
                next = old;
        }
        if (r < 0)
                return r;
        forget_old(w, dirs, n);
        *ret_missing = missing;
        return 0;
}

/* ---- the file ------------------------------------------------------------- */

/* True when it is there and not what it was. */
static bool watch_look(Watch *w)
{
        char identity[sizeof(w->identity)];
        struct stat st;

        if (stat(w->path, &st) < 0)
                return false;
        (void)snprintf(identity, sizeof(identity), "%llx %llx %llx %llx.%lx %llx.%lx",
                       (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
                       (unsigned long long)st.st_size, (unsigned long long)st.st_mtim.tv_sec,
                       (unsigned long)st.st_mtim.tv_nsec, (unsigned long long)st.st_ctim.tv_sec,
                       (unsigned long)st.st_ctim.tv_nsec);
        if (strcmp(identity, w->identity) == 0)
                return false;
        memcpy(w->identity, identity, sizeof(identity));
        return true;
}

/* It is quiet, or it was time to look. Watched first and looked at then: nothing falls in between. */
static int watch_fired(Timer *timer, Nsec now)
{
        Watch *w = CONTAINER_OF(timer, Watch, quiet);
        unsigned missing = 1;

        w->since = NSEC_NEVER;
        (void)watch_all(w, &missing); /* no memory, no more watches: tried again */
        if (missing)
                timer_arm(&w->quiet, nsec_add(now, LIMIT_WATCH_RETRY * NSEC_PER_SEC));
        if (watch_look(w))
                w->ops->changed(w);
        return 0;
}

static const TimerOps watch_timer_ops = {.fired = watch_fired};

static int watch_ready(LoopSource *source, uint32_t events UNUSED)
{
        Watch *w = CONTAINER_OF(source, Watch, source);
        _Alignas(struct inotify_event) char chunk[CHUNK];
        size_t left = LIMIT_LOOP_BYTES;
        ssize_t n = 1;

        /* Which of them it was makes no difference: the file is looked at. */
        for (bool any = false; left > 0; left -= MIN(left, (size_t)n)) {
                n = read(w->fd, chunk, sizeof(chunk));
                if (n <= 0)
                        return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
                if (any)
                        continue;
                any = true;
                Nsec now = loop_now(source->loop);
                if (w->since == NSEC_NEVER)
                        w->since = now;
                timer_arm(&w->quiet, MIN(nsec_add(now, LIMIT_WATCH_QUIET * NSEC_PER_MSEC),
                                         nsec_add(w->since, LIMIT_WATCH_LONGEST * NSEC_PER_SEC)));
        }
        return LOOP_E_MORE;
}

static const LoopSourceOps watch_source_ops = {
        .priority = LOOP_PRIORITY_CONTROL,
        .ready = watch_ready,
};

static int watch_start(Watch *w, Loop *loop)
{
        unsigned missing;

        w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (w->fd < 0)
                return -errno;
        int r = watch_all(w, &missing);
        if (r == 0)
                r = timer_init(&w->quiet, loop_timers(loop), &watch_timer_ops);
        if (r == 0)
                r = loop_source_add(&w->source, loop, &watch_source_ops, w->fd, EPOLLIN);
        if (r < 0)
                return r;
        (void)watch_look(w);
        if (missing)
                timer_arm(&w->quiet, nsec_add(loop_now(loop), LIMIT_WATCH_RETRY * NSEC_PER_SEC));
        return 0;
}

int watch_init(Watch *w, Loop *loop, const WatchOps *ops, const char *path)
{
        assert(ops->changed && path[0]);
        *w = (Watch){.fd = -EBADF, .ops = ops, .since = NSEC_NEVER, .path = strdup(path)};
        int r = w->path ? watch_start(w, loop) : -ENOMEM;
        if (r < 0)
                watch_done(w);
        return r;
}

void watch_done(Watch *w)
{
        if (!w->ops)
                return;
        loop_source_remove(&w->source);
        timer_done(&w->quiet);
        fd_close_p(&w->fd);
        free(w->path);
        *w = (Watch){0};
}
