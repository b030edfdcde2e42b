/* A growing run of bytes, taken from at the front and added to at the end. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    unsigned char *start;
    size_t size, capacity;
};

static inline unsigned char *bytes_reserve(struct bytes *bytes, size_t more) {
    if (bytes->size + more > bytes->capacity) {
        size_t capacity = bytes->capacity ? bytes->capacity : 256;
        while (capacity < bytes->size + more)
            capacity *= 2;
        bytes->start = realloc(bytes->start, capacity);
        if (bytes->start == NULL) {
            perror("realloc");
            exit(1);
        }
        bytes->capacity = capacity;
    }
    return bytes->start + bytes->size;
}

static inline void bytes_add(struct bytes *bytes, const void *from, size_t size) {
    memcpy(bytes_reserve(bytes, size), from, size);
    bytes->size += size;
}

static inline void bytes_drop(struct bytes *bytes, size_t size) {
    bytes->size -= size;
    memmove(bytes->start, bytes->start + size, bytes->size);
}

/* Gives the memory back: thousands of connections have nothing left over most of the time. */
static inline void bytes_free(struct bytes *bytes) {
    free(bytes->start);
    *bytes = (struct bytes){0};
}
