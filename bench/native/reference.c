/* The limit: a WebSocket server that does nothing but broadcast, in C on epoll, one thread.

   `reference PORT together|each`. The first text of a connection names its room and is answered "joined"; each later
   one goes to everybody in the room, its sender included, and is answered "ok". With `together`, what a turn of the
   loop brought for somebody leaves in one write at its end; with `each`, every frame is a write of its own. No storage,
   no identity, no JSON: a chat server can only cost more. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "accept.h"
#include "bytes.h"
#include "websocket.h"

enum { EVENTS = 512, ROOMS = 4096, NAME_BYTES = 64, INPUT_BYTES = 256 * 1024, CONNECTIONS = 65536 };

struct room {
    char name[NAME_BYTES];
    struct client **members;
    int member_count;
    bool is_marked;
    struct bytes news; /* What this turn brought for everyone. */
};

struct client {
    int fd, place;
    bool is_open, is_marked, wants_writable;
    struct room *room;
    struct bytes unread, answers, unsent;
};

static int epoll, marked_room_count, answered_count, room_count;
static bool together;
static struct room rooms[ROOMS], *marked_rooms[ROOMS];
static struct client *answered[CONNECTIONS];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void watch(struct client *client, int operation, bool wants_writable) {
    struct epoll_event event = {.events = EPOLLIN | (wants_writable ? EPOLLOUT : 0), .data.ptr = client};
    client->wants_writable = wants_writable;
    if (epoll_ctl(epoll, operation, client->fd, &event) != 0)
        die("epoll_ctl");
}

/* Writes one or two runs of bytes in one call; what the socket does not take waits for EPOLLOUT. */
static void write_runs(struct client *client, const struct bytes *one, const struct bytes *two) {
    struct iovec runs[2] = {{one->start, one->size}, {two->start, two->size}};
    ssize_t sent = 0;
    if (client->unsent.size == 0) {
        sent = two->size == 0 ? send(client->fd, one->start, one->size, MSG_NOSIGNAL)
               : one->size == 0 ? send(client->fd, two->start, two->size, MSG_NOSIGNAL)
                                : writev(client->fd, runs, 2);
        if (sent < 0)
            sent = 0; /* Full, or gone: epoll will tell. */
    }
    for (int at = 0; at < 2; at++) {
        size_t skipped = (size_t)sent < runs[at].iov_len ? (size_t)sent : runs[at].iov_len;
        if (skipped < runs[at].iov_len)
            bytes_add(&client->unsent, (char *)runs[at].iov_base + skipped, runs[at].iov_len - skipped);
        sent -= (ssize_t)skipped;
    }
    if (client->unsent.size > 0 && !client->wants_writable)
        watch(client, EPOLL_CTL_MOD, true);
}

static void write_unsent(struct client *client) {
    ssize_t sent = send(client->fd, client->unsent.start, client->unsent.size, MSG_NOSIGNAL);
    if (sent > 0)
        bytes_drop(&client->unsent, (size_t)sent);
    if (client->unsent.size == 0) {
        bytes_free(&client->unsent);
        watch(client, EPOLL_CTL_MOD, false);
    }
}

static void answer(struct client *client, const void *bytes, size_t size) {
    bytes_add(&client->answers, bytes, size);
    if (!client->is_marked) {
        client->is_marked = true;
        answered[answered_count++] = client;
    }
}

static void answer_text(struct client *client, const char *text) {
    unsigned char frame[32];
    answer(client, frame, write_frame(frame, TEXT, text, strlen(text), NULL));
}

static void broadcast(struct room *room, const struct frame *frame) {
    unsigned char *out = bytes_reserve(&room->news, frame->size + FRAME_OVERHEAD);
    room->news.size += write_frame(out, TEXT, frame->payload, frame->size, NULL);
    if (together) {
        if (!room->is_marked) {
            room->is_marked = true;
            marked_rooms[marked_room_count++] = room;
        }
        return;
    }
    static const struct bytes nothing;
    for (int at = 0; at < room->member_count; at++)
        write_runs(room->members[at], &room->news, &nothing);
    room->news.size = 0;
}

static void join(struct client *client, const struct frame *frame) {
    size_t size = frame->size < NAME_BYTES - 1 ? frame->size : NAME_BYTES - 1;
    int at = 0;
    while (at < room_count && (strncmp(rooms[at].name, (char *)frame->payload, size) != 0 || rooms[at].name[size]))
        at++;
    if (at == ROOMS)
        exit(1);
    if (at == room_count)
        memcpy(rooms[room_count++].name, frame->payload, size);
    struct room *room = client->room = &rooms[at];
    client->place = room->member_count;
    room->members = realloc(room->members, sizeof *room->members * (size_t)(room->member_count + 1));
    room->members[room->member_count++] = client;
    answer_text(client, "joined");
}

static void leave(struct client *client) {
    if (client->room != NULL) {
        struct client *last = client->room->members[--client->room->member_count];
        client->room->members[client->place] = last;
        last->place = client->place;
    }
    for (int at = 0; at < answered_count; at++)
        if (answered[at] == client)
            answered[at] = answered[--answered_count];
    close(client->fd);
    free(client->unread.start);
    free(client->answers.start);
    free(client->unsent.start);
    free(client);
}

static void hear(struct client *client, struct frame *frame) {
    if (frame->opcode == PING) {
        unsigned char pong[256];
        if (frame->size < 126)
            answer(client, pong, write_frame(pong, PONG, frame->payload, frame->size, NULL));
    } else if (frame->opcode == TEXT && client->room == NULL) {
        join(client, frame);
    } else if (frame->opcode == TEXT) {
        broadcast(client->room, frame);
        answer_text(client, "ok");
    }
}

static size_t upgrade(struct client *client, char *text, size_t size) {
    static const char header[] = "Sec-WebSocket-Key: ";
    char *end = memmem(text, size, "\r\n\r\n", 4);
    char *key = memmem(text, size, header, sizeof header - 1);
    char accept[29], response[256];
    if (end == NULL || key == NULL)
        return 0;
    websocket_accept(key + sizeof header - 1, accept);
    int length = snprintf(response, sizeof response,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\n\r\n",
                          accept);
    answer(client, response, (size_t)length);
    client->is_open = true;
    return (size_t)(end - text) + 4;
}

static void read_from(struct client *client) {
    static unsigned char input[INPUT_BYTES];
    size_t size = client->unread.size, at = 0;
    if (size > 0)
        memcpy(input, client->unread.start, size);
    ssize_t received = recv(client->fd, input + size, sizeof input - size, 0);
    if (received < 0 && errno == EAGAIN)
        return;
    if (received <= 0) {
        leave(client);
        return;
    }
    size += (size_t)received;
    if (!client->is_open)
        at = upgrade(client, (char *)input, size);
    struct frame frame;
    ssize_t taken;
    while (client->is_open && (taken = read_frame(input + at, size - at, &frame)) != 0) {
        if (taken < 0 || frame.opcode == CLOSE) {
            leave(client);
            return;
        }
        at += (size_t)taken;
        hear(client, &frame);
    }
    client->unread.size = 0;
    if (size > at)
        bytes_add(&client->unread, input + at, size - at);
}

/* The end of a turn: one write for everybody who has something, their room's news and their own answers together. */
static void flush(void) {
    static const struct bytes nothing;
    for (int at = 0; at < marked_room_count; at++) {
        struct room *room = marked_rooms[at];
        for (int member = 0; member < room->member_count; member++) {
            struct client *client = room->members[member];
            write_runs(client, &room->news, &client->answers);
            client->answers.size = 0;
        }
        room->news.size = 0;
        room->is_marked = false;
    }
    marked_room_count = 0;
    for (int at = 0; at < answered_count; at++) {
        if (answered[at]->answers.size > 0)
            write_runs(answered[at], &nothing, &answered[at]->answers);
        answered[at]->answers.size = 0;
        answered[at]->is_marked = false;
    }
    answered_count = 0;
}

static void welcome(int listener) {
    int yes = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL || fd >= CONNECTIONS)
        exit(1);
    client->fd = fd;
    watch(client, EPOLL_CTL_ADD, false);
}

static int listen_at(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event event = {.events = EPOLLIN};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0)
        die("listen");
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0)
        die("epoll_ctl");
    return listener;
}

int main(int argument_count, char **arguments) {
    if (argument_count != 3) {
        fputs("usage: reference PORT together|each\n", stderr);
        return 2;
    }
    together = strcmp(arguments[2], "together") == 0;
    int listener = listen_at(atoi(arguments[1]));
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int at = 0; at < count; at++) {
            struct client *client = events[at].data.ptr;
            if (client == NULL) {
                welcome(listener);
                continue;
            }
            if (events[at].events & EPOLLOUT)
                write_unsent(client);
            if (events[at].events & ~(uint32_t)EPOLLOUT)
                read_from(client);
        }
        flush();
    }
}
