/* Durations counted in buckets of about 1.6 % width: 64 to each power of two, from 1 ns to 18 minutes. */
#pragma once

#include <stdint.h>

enum { HISTOGRAM_STEPS = 64, HISTOGRAM_BUCKETS = 40 * HISTOGRAM_STEPS };

struct histogram {
    uint64_t count, highest_ns;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline int histogram_bucket(uint64_t ns) {
    if (ns < HISTOGRAM_STEPS)
        return (int)ns;
    int shift = 63 - __builtin_clzll(ns) - 6;
    int bucket = (shift + 1) * HISTOGRAM_STEPS + (int)((ns >> shift) - HISTOGRAM_STEPS);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static inline void histogram_add(struct histogram *histogram, uint64_t ns) {
    histogram->count++;
    histogram->buckets[histogram_bucket(ns)]++;
    if (ns > histogram->highest_ns)
        histogram->highest_ns = ns;
}

/* The upper edge, in milliseconds, of the bucket in which the value of this rank lies (0 < share <= 1). */
static inline double histogram_ms(const struct histogram *histogram, double share) {
    uint64_t rank = (uint64_t)(share * (double)histogram->count), seen = 0;
    for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen > rank || (seen == histogram->count && seen > 0)) {
            if (bucket < HISTOGRAM_STEPS)
                return (double)(bucket + 1) / 1e6;
            int shift = bucket / HISTOGRAM_STEPS - 1;
            uint64_t edge = (uint64_t)(HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS + 1) << shift;
            return (double)(edge < histogram->highest_ns ? edge : histogram->highest_ns) / 1e6;
        }
    }
    return 0;
}
