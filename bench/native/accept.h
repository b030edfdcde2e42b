/* Sec-WebSocket-Accept of RFC 6455, section 4.2.2: base64 of the SHA-1 (FIPS 180-4) of the key and a fixed UUID. */
#pragma once

#include <stdint.h>
#include <string.h>

static inline uint32_t rotate_left(uint32_t word, int bits) {
    return word << bits | word >> (32 - bits);
}

static void sha1_block(uint32_t state[5], const unsigned char block[64]) {
    uint32_t words[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int at = 0; at < 80; at++)
        words[at] = at < 16 ? (uint32_t)block[4 * at] << 24 | (uint32_t)block[4 * at + 1] << 16 |
                                  (uint32_t)block[4 * at + 2] << 8 | block[4 * at + 3]
                            : rotate_left(words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16], 1);
    for (int at = 0; at < 80; at++) {
        uint32_t mixed = at < 20   ? ((b & c) | (~b & d)) + 0x5a827999u
                         : at < 40 ? (b ^ c ^ d) + 0x6ed9eba1u
                         : at < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu
                                   : (b ^ c ^ d) + 0xca62c1d6u;
        uint32_t next = rotate_left(a, 5) + mixed + e + words[at];
        e = d, d = c, c = rotate_left(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

/* `key` is the 24 characters of Sec-WebSocket-Key; `accept` gets 28 characters and a zero. */
static void websocket_accept(const char *key, char accept[29]) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t state[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    unsigned char text[128] = {0}, digest[21] = {0};
    memcpy(text, key, 24);
    memcpy(text + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
    text[60] = 0x80;
    text[126] = 60 * 8 >> 8;
    text[127] = 60 * 8 & 0xff;
    sha1_block(state, text);
    sha1_block(state, text + 64);
    for (int at = 0; at < 20; at++)
        digest[at] = (unsigned char)(state[at / 4] >> (24 - 8 * (at % 4)));
    for (int at = 0; at < 7; at++) {
        uint32_t three = (uint32_t)digest[3 * at] << 16 | (uint32_t)digest[3 * at + 1] << 8 | digest[3 * at + 2];
        for (int digit = 0; digit < 4; digit++)
            accept[4 * at + digit] = alphabet[three >> (18 - 6 * digit) & 63];
    }
    accept[27] = '=';
    accept[28] = '\0';
}
