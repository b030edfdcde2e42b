/* RFC 6455 framing, as much of it as a benchmark needs: unfragmented frames, both directions. No I/O. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };
enum { FRAME_OVERHEAD = 14 };

struct frame {
    int opcode;
    unsigned char *payload;
    size_t size;
};

static inline void mask_bytes(unsigned char *bytes, size_t size, const unsigned char key[4]) {
    uint32_t word;
    memcpy(&word, key, 4);
    uint64_t wide = (uint64_t)word << 32 | word, chunk;
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        memcpy(&chunk, bytes + at, 8);
        chunk ^= wide;
        memcpy(bytes + at, &chunk, 8);
    }
    for (; at < size; at++)
        bytes[at] ^= key[at & 3];
}

/* Reads the frame at the start of `bytes`, unmasking it in place. Returns how many bytes it takes, 0 while it is
   incomplete, -1 for what no server or client of this benchmark sends (fragments, reserved bits). */
static inline ssize_t read_frame(unsigned char *bytes, size_t available, struct frame *frame) {
    if (available < 2)
        return 0;
    if ((bytes[0] & 0xf0) != 0x80)
        return -1;
    bool is_masked = bytes[1] & 0x80;
    size_t size = bytes[1] & 0x7f, header = 2;
    if (size == 126) {
        if (available < 4)
            return 0;
        size = (size_t)bytes[2] << 8 | bytes[3];
        header = 4;
    } else if (size == 127) {
        if (available < 10)
            return 0;
        size = 0;
        for (int at = 2; at < 10; at++)
            size = size << 8 | bytes[at];
        header = 10;
    }
    unsigned char *key = bytes + header;
    if (is_masked)
        header += 4;
    if (available < header || available - header < size)
        return 0;
    frame->opcode = bytes[0] & 0x0f;
    frame->payload = bytes + header;
    frame->size = size;
    if (is_masked)
        mask_bytes(frame->payload, size, key);
    return (ssize_t)(header + size);
}

/* Writes one frame to `out`, which has room for the payload and FRAME_OVERHEAD; returns its size. A client passes a
   masking key, a server NULL. */
static inline size_t write_frame(unsigned char *out, int opcode, const void *payload, size_t size,
                                 const unsigned char *key) {
    size_t header = 2;
    out[0] = (unsigned char)(0x80 | opcode);
    if (size < 126) {
        out[1] = (unsigned char)size;
    } else if (size < 65536) {
        out[1] = 126;
        out[2] = (unsigned char)(size >> 8);
        out[3] = (unsigned char)size;
        header = 4;
    } else {
        out[1] = 127;
        for (int at = 0; at < 8; at++)
            out[2 + at] = (unsigned char)((uint64_t)size >> (56 - 8 * at));
        header = 10;
    }
    if (key != NULL) {
        out[1] |= 0x80;
        memcpy(out + header, key, 4);
        header += 4;
    }
    memcpy(out + header, payload, size);
    if (key != NULL)
        mask_bytes(out + header, size, key);
    return header + size;
}
