#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address to listen on, as the kernel wants it and as people read it:
 * 127.0.0.1:7780, [::1]:7780, unix:PATH. Literals only: names are resolved by
 * nobody here.
 */

#include <netinet/in.h>
#include <sys/un.h>

#include "base/buf.h"

typedef union BindAddress {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
        struct sockaddr_storage storage;
} BindAddress;

/* -EINVAL: none of the forms; -ENAMETOOLONG: a path that is longer than a socket's can be. */
int bind_address_parse(Span text, BindAddress *ret, socklen_t *ret_size) MUST_CHECK;
/* What getsockname() gave. -EAFNOSUPPORT: neither IP nor unix. */
int bind_address_format(const BindAddress *a, socklen_t size, Buf *out) MUST_CHECK;
/* 0 for a path. */
uint16_t bind_address_port(const BindAddress *a);
void bind_address_set_port(BindAddress *a, uint16_t port);
