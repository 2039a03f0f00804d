/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "spawn/id-map.h"

enum { NUMBER_MAX = 24, DECIMAL = 10 };

char *number_text(char *room, int64_t n)
{
        char digits[NUMBER_MAX];
        size_t i = 0;
        uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
        do
                digits[i++] = (char)('0' + left % DECIMAL);
        while (left /= DECIMAL);
        if (n < 0)
                *room++ = '-';
        while (i)
                *room++ = digits[--i];
        *room = '\0';
        return room;
}

int proc_write(const char *path, const char *text)
{
        size_t len = strlen(text);
        int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        ssize_t n = write(fd, text, len);
        int r = n < 0 ? -errno : n == (ssize_t)len ? 0 : -EIO;
        (void)close(fd);
        return r;
}

static int write_line(const char *path, uint32_t inside, uint32_t outside)
{
        char text[3 * NUMBER_MAX];
        char *end = number_text(text, inside);
        *end++ = ' ';
        end = number_text(end, outside);
        memcpy(end, " 1", sizeof(" 1"));
        return proc_write(path, text);
}

int id_map_write(const IdMap *map)
{
        int r = proc_write("/proc/self/setgroups", "deny");
        if (r == 0)
                r = write_line("/proc/self/uid_map", map->inside_uid, map->outside_uid);
        if (r == 0)
                r = write_line("/proc/self/gid_map", map->inside_gid, map->outside_gid);
        return r;
}
