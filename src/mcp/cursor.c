/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/secret.h"
#include "mcp/cursor.h"

/* What a cursor's text holds: list, offset, edition, each the high byte first, and half of the MAC of them.
 */
enum { SAID = 4 + 4 + 8, MAC = SHA256_SIZE / 2, BYTES = SAID + MAC, TEXT = (BYTES * 8 + 5) / 6 };

static_assert(BASE64_LENGTH(BYTES) < CURSOR_SIZE, "a cursor fits");

static uint8_t *put(uint8_t *at, uint64_t v, size_t n)
{
        for (size_t i = 0; i < n; i++)
                at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
        return at + n;
}

static uint64_t get(const uint8_t *at, size_t n)
{
        uint64_t v = 0;
        for (size_t i = 0; i < n; i++)
                v = v << 8 | at[i];
        return v;
}

static void mac_of(const uint8_t *key, const uint8_t *said, uint8_t ret[static SHA256_SIZE])
{
        hmac_sha256(span_from((const char *)key, CURSOR_KEY), span_from((const char *)said, SAID), ret);
}

void cursor_write(const uint8_t key[static CURSOR_KEY], const Cursor *c, char ret[static CURSOR_SIZE])
{
        uint8_t bytes[BYTES], mac[SHA256_SIZE];
        (void)put(put(put(bytes, c->list, 4), c->offset, 4), c->edition, 8);
        mac_of(key, bytes, mac);
        memcpy(bytes + SAID, mac, MAC);
        size_t n = base64_encode(BASE64_URL, span_from((const char *)bytes, BYTES), ret);
        ret[n] = '\0';
}

bool cursor_read(const uint8_t key[static CURSOR_KEY], Span text, Cursor *ret)
{
        uint8_t bytes[BYTES + 2], mac[SHA256_SIZE];
        size_t n;
        if (text.len != TEXT || !base64_decode(BASE64_URL, text, bytes, &n))
                return false;
        mac_of(key, bytes, mac);
        if (!equal_in_constant_time(mac, bytes + SAID, MAC))
                return false;
        *ret = (Cursor){
                .list = (uint32_t)get(bytes, 4),
                .offset = (uint32_t)get(bytes + 4, 4),
                .edition = get(bytes + 8, 8),
        };
        return true;
}

void hmac_sha256(Span key, Span text, uint8_t ret[static SHA256_SIZE])
{
        uint8_t inner[SHA256_BLOCK], outer[SHA256_BLOCK], block[SHA256_BLOCK] = {0};
        Sha256 s;
        if (key.len > SHA256_BLOCK)
                sha256(key, block);
        else if (key.len)
                memcpy(block, key.ptr, key.len);
        for (size_t i = 0; i < SHA256_BLOCK; i++) {
                inner[i] = block[i] ^ 0x36;
                outer[i] = block[i] ^ 0x5c;
        }
        sha256_begin(&s);
        sha256_add(&s, span_from((const char *)inner, sizeof(inner)));
        sha256_add(&s, text);
        sha256_end(&s, ret);
        sha256_begin(&s);
        sha256_add(&s, span_from((const char *)outer, sizeof(outer)));
        sha256_add(&s, span_from((const char *)ret, SHA256_SIZE));
        sha256_end(&s, ret);
}
