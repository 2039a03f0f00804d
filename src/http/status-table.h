#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The status codes that we answer with, and their reason phrases: one row each. */

#include "base/macro.h"

/* clang-format off */
#define HTTP_STATUSES(S)                           \
        S(200, "OK")                               \
        S(202, "Accepted")                         \
        S(204, "No Content")                       \
        S(400, "Bad Request")                      \
        S(401, "Unauthorized")                     \
        S(403, "Forbidden")                        \
        S(404, "Not Found")                        \
        S(405, "Method Not Allowed")               \
        S(406, "Not Acceptable")                   \
        S(408, "Request Timeout")                  \
        S(409, "Conflict")                         \
        S(411, "Length Required")                  \
        S(413, "Content Too Large")                \
        S(414, "URI Too Long")                     \
        S(415, "Unsupported Media Type")           \
        S(417, "Expectation Failed")               \
        S(421, "Misdirected Request")              \
        S(429, "Too Many Requests")                \
        S(431, "Request Header Fields Too Large")  \
        S(500, "Internal Server Error")            \
        S(501, "Not Implemented")                  \
        S(502, "Bad Gateway")                      \
        S(503, "Service Unavailable")              \
        S(504, "Gateway Timeout")                  \
        S(505, "HTTP Version Not Supported")
/* clang-format on */
