/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a message: what is valid has a type, a text inside of it, and
 * is not valid in the other direction, shorter, or longer. The first byte says
 * the direction and how many descriptors came along.
 */
#include "fuzz.h"
#include "ipc/message.h"

enum { PROXY = 0x80u };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        unsigned head = size ? data[0] : 0;
        IpcDirection direction = (head & 1) + (head & PROXY ? IPC_TO_PROXY : IPC_TO_GATEWAY);
        size_t n_fds = (head & ~PROXY) >> 1;
        Span given = span_skip(span_from((const char *)data, size), 1);
        CLEANUP_FREE char *bytes = malloc(given.len + 1); /* aligned, as a channel has them */
        FUZZ_CHECK(bytes != NULL);
        if (given.len)
                memcpy(bytes, given.ptr, given.len);
        bytes[given.len] = '\0';
        if (!ipc_message_valid(span_from(bytes, given.len), n_fds, direction))
                return 0;
        const IpcHeader *m = (const IpcHeader *)(const void *)bytes;
        const IpcTypeRow *row = ipc_type(m->type);
        Span text = ipc_message_text(m);
        FUZZ_CHECK(row && row->direction == direction && n_fds >= row->fds_min && n_fds <= row->fds_max);
        FUZZ_CHECK(text.len <= row->text_max && text.ptr + text.len == bytes + given.len);
        FUZZ_CHECK(ipc_message_valid(given, n_fds, direction)); /* alignment does not matter */
        FUZZ_CHECK(!ipc_message_valid(given, n_fds, direction ^ 1));
        FUZZ_CHECK(!ipc_message_valid(span_first(given, given.len - 1), n_fds, direction));
        FUZZ_CHECK(!ipc_message_valid(span_from(bytes, given.len + 1), n_fds, direction));
        return 0;
}
