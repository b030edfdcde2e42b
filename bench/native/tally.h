/* What has been counted until now, by the generator and by the kernel; a measurement is the difference of two. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "plan.h"

struct tally {
    uint64_t at_ns, sent, expected, acked, delivered, delivered_bytes, other;
    double generator_cpu_s, server_cpu_s;
};

static inline uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* User and system time of a process, all its threads, from fields 14 and 15 of /proc/PID/stat (proc(5)). */
static double cpu_s_of(int pid) {
    char path[32], text[1024];
    unsigned long user, system;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    char *after_name = strrchr(text, ')');
    if (after_name == NULL || sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return 0;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static struct tally tally_now(const struct tally *counted, const struct plan *plan) {
    struct tally tally = *counted;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    tally.at_ns = now_ns();
    tally.generator_cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                            (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    tally.server_cpu_s = 0;
    for (int at = 0; at < plan->watched_count; at++)
        tally.server_cpu_s += cpu_s_of(plan->watched[at]);
    return tally;
}
