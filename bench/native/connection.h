/* One WebSocket connection of the generator: handshake, frames in, frames out. Knows no plan and no room. */
#pragma once

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "websocket.h"

enum { INPUT_BYTES = 4 << 20 };

/* The example of RFC 6455, section 1.2, with the answer that a server has to compute from it. */
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/* Any key will do: the server's work of unmasking is the same. */
static const unsigned char MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

struct connection {
    int fd;
    bool is_open, wants_writable;
    struct bytes unread, unsent;
};

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

/* Edge-triggered, which spares the kernel a second look at each socket: what comes is read to its end. */
static void connection_watch(struct connection *connection, int epoll, int operation, bool wants_writable) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLET | (wants_writable ? EPOLLOUT : 0),
                                .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->fd, &event) != 0)
        fail("epoll_ctl: %s", strerror(errno));
    connection->wants_writable = wants_writable;
}

/* Sends what the socket takes now; the rest waits for EPOLLOUT. */
static void connection_flush(struct connection *connection, int epoll) {
    while (connection->unsent.size > 0) {
        ssize_t sent = send(connection->fd, connection->unsent.start, connection->unsent.size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            fail("send: %s", strerror(errno));
        if (sent <= 0)
            break;
        bytes_drop(&connection->unsent, (size_t)sent);
    }
    bool waits = connection->unsent.size > 0;
    if (waits != connection->wants_writable)
        connection_watch(connection, epoll, EPOLL_CTL_MOD, waits);
}

static void connection_open(struct connection *connection, int epoll, int port, const char *path) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char request[1024];
    int yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        fail("socket: %s (is the limit on open files high enough?)", strerror(errno));
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                        path, port, KEY);
    bytes_add(&connection->unsent, request, (size_t)size);
    connection_watch(connection, epoll, EPOLL_CTL_ADD, true);
}

static void connection_say(struct connection *connection, int opcode, const void *payload, size_t size) {
    unsigned char *out = bytes_reserve(&connection->unsent, size + FRAME_OVERHEAD);
    connection->unsent.size += write_frame(out, opcode, payload, size, MASK);
}

/* The size of the server's answer to the handshake, 0 while it is incomplete. */
static size_t read_upgrade(char *text, size_t size) {
    char *end = memmem(text, size, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    if (strncmp(text, "HTTP/1.1 101", 12) != 0 || memmem(text, (size_t)(end - text), ACCEPT, strlen(ACCEPT)) == NULL)
        fail("the handshake was refused: %.*s", (int)size, text);
    return (size_t)(end - text) + 4;
}

/* Reads once, and calls `hear` for each text frame that has come whole; `opened` when the handshake is done. False
   when that was all there is for now. */
static bool connection_read(struct connection *connection, void (*opened)(struct connection *),
                            void (*hear)(struct connection *, struct frame *)) {
    static unsigned char input[INPUT_BYTES];
    size_t size = connection->unread.size, at = 0;
    if (size > 0)
        memcpy(input, connection->unread.start, size);
    ssize_t received = recv(connection->fd, input + size, sizeof input - size, 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EINTR;
    if (received <= 0)
        fail("the server hung up: %s", received < 0 ? strerror(errno) : "end of file");
    size += (size_t)received;
    bool is_more = size == sizeof input;
    if (!connection->is_open && (at = read_upgrade((char *)input, size)) > 0) {
        connection->is_open = true;
        opened(connection);
    }
    struct frame frame;
    ssize_t taken;
    while (connection->is_open && (taken = read_frame(input + at, size - at, &frame)) != 0) {
        if (taken < 0)
            fail("the server sent a frame that is fragmented or compressed");
        at += (size_t)taken;
        if (frame.opcode == PING)
            connection_say(connection, PONG, frame.payload, frame.size);
        else if (frame.opcode == CLOSE)
            fail("the server closed: %.*s", frame.size > 2 ? (int)frame.size - 2 : 0, frame.payload + 2);
        else if (frame.opcode == TEXT)
            hear(connection, &frame);
    }
    connection->unread.size = 0;
    if (size > at)
        bytes_add(&connection->unread, input + at, size - at);
    else if (connection->unread.capacity > 0)
        bytes_free(&connection->unread);
    return is_more;
}
