/* SPDX-License-Identifier: Apache-2.0 */
#include "spawn/cgroup-place.h"

enum { FIELD_ROOT = 3, FIELD_POINT = 4, OCTAL_DIGITS = 3 };

Span cgroup_line(Span cgroup)
{
        Span line;
        while (span_next(&cgroup, '\n', &line))
                if (span_starts(line, SPAN("0::/")))
                        return span_skip(line, 3);
        return SPAN_NONE;
}

/* One line of mountinfo; false: no v2 hierarchy. Fields end with " - TYPE ...". */
static bool read_mount(Span line, Span *ret_root, Span *ret_point)
{
        Span part, rest = span_skip(line, span_find_span(line, SPAN(" - ")) + 3);
        if (!span_starts(rest, SPAN("cgroup2 ")))
                return false;
        for (int i = 0; span_next(&line, ' ', &part) && i <= FIELD_POINT; i++)
                if (i == FIELD_ROOT)
                        *ret_root = part;
                else if (i == FIELD_POINT)
                        *ret_point = part;
        return true;
}

/* "\040" and the like. */
static int append_unescaped(Buf *b, Span s)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < s.len; i++) {
                if (s.ptr[i] == '\\' && i + OCTAL_DIGITS < s.len) {
                        int c = (s.ptr[i + 1] - '0') * 64 + (s.ptr[i + 2] - '0') * 8 + (s.ptr[i + 3] - '0');
                        r = buf_append_char(b, (char)c);
                        i += OCTAL_DIGITS;
                } else {
                        r = buf_append_char(b, s.ptr[i]);
                }
        }
        return r;
}

/* Our group seen from where the mount begins; false: it is elsewhere. */
static bool below(Span self, Span root, Span *ret)
{
        if (span_equal(root, SPAN("/")))
                *ret = self;
        else if (span_starts(self, root) && (self.len == root.len || self.ptr[root.len] == '/'))
                *ret = span_skip(self, root.len);
        else
                return false;
        return span_find_span(*ret, SPAN("/..")) == ret->len; /* outside of our cgroup namespace */
}

static int place(Span point, Span rest, Span self, CgroupPlace *ret)
{
        CLEANUP(buf_done) Buf dir = BUF_INIT(PATH_MAX), name = BUF_INIT(PATH_MAX);
        int r = append_unescaped(&dir, point);
        if (r == 0 && !span_equal(rest, SPAN("/")))
                r = buf_append_span(&dir, rest);
        if (r == 0)
                r = buf_append_span(&name, self);
        if (r < 0)
                return r;
        CgroupPlace p = {0};
        r = buf_steal(&dir, &p.dir);
        if (r == 0)
                r = buf_steal(&name, &p.self);
        if (r < 0) {
                cgroup_place_done(&p);
                return r;
        }
        *ret = p;
        return 0;
}

int cgroup_place_find(Span mountinfo, Span cgroup, CgroupPlace *ret)
{
        Span line, root = SPAN_NONE, point = SPAN_NONE, rest;
        Span self = cgroup_line(cgroup);
        if (span_is_empty(self))
                return CGROUP_PLACE_E_NONE;
        while (span_next(&mountinfo, '\n', &line))
                if (read_mount(line, &root, &point) && below(self, root, &rest))
                        return place(point, rest, self, ret);
        return CGROUP_PLACE_E_NONE;
}

void cgroup_place_done(CgroupPlace *p)
{
        free(p->dir);
        free(p->self);
        *p = (CgroupPlace){0};
}
