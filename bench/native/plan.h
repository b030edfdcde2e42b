/* What to do, as bench/load.py writes it: one `verb TAB value` a line. First the settings, then the people.

   A person is `person TAB room-number`, followed by their own lines: `say` and `hear` in order are how they come in
   (`hear` names how the awaited answer begins), and `post`, if they talk, is what they say: %S in it becomes the
   moment in 16 hex digits, %C a random UUID, %R a number that rises. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
    const char *start;
    size_t size;
};

struct step {
    bool is_said;
    struct words words;
};

struct person {
    int room;
    struct step *steps;
    int step_count;
    struct words post;
};

enum { WATCHED = 64 };

struct plan {
    int port, window, parallel, room_count, person_count, watched_count;
    double connect_s, warm_up_s, seconds, rate, drain_s;
    struct words path, stamp, delivery, ack, refusal, ping, pong;
    int watched[WATCHED];
    int *room_sizes;
    struct person *people;
};

static struct words words_of(const char *text) {
    return (struct words){text, strlen(text)};
}

static inline bool begins_with(const void *bytes, size_t size, struct words words) {
    /* The first byte decides most of the time, without a call. */
    return words.size > 0 && size >= words.size && *(const char *)bytes == *words.start &&
           memcmp(bytes, words.start, words.size) == 0;
}

static void *grown(void *array, int count, size_t item) {
    if ((count & (count - 1)) != 0)
        return array;
    array = realloc(array, item * (count ? (size_t)count * 2 : 1));
    if (array == NULL) {
        perror("realloc");
        exit(1);
    }
    return array;
}

static void plan_add_person(struct plan *plan, int room) {
    while (plan->room_count <= room) {
        plan->room_sizes = grown(plan->room_sizes, plan->room_count, sizeof *plan->room_sizes);
        plan->room_sizes[plan->room_count++] = 0;
    }
    plan->room_sizes[room]++;
    plan->people = grown(plan->people, plan->person_count, sizeof *plan->people);
    plan->people[plan->person_count++] = (struct person){.room = room};
}

static bool plan_read_setting(struct plan *plan, const char *verb, const char *value) {
    struct { const char *name; int *number; } numbers[] = {
        {"port", &plan->port}, {"window", &plan->window}, {"parallel", &plan->parallel},
    };
    struct { const char *name; double *number; } measures[] = {
        {"connect", &plan->connect_s}, {"warm-up", &plan->warm_up_s}, {"seconds", &plan->seconds},
        {"rate", &plan->rate},         {"drain", &plan->drain_s},
    };
    struct { const char *name; struct words *words; } texts[] = {
        {"path", &plan->path}, {"stamp", &plan->stamp}, {"delivery", &plan->delivery}, {"ack", &plan->ack},
        {"refusal", &plan->refusal}, {"ping", &plan->ping}, {"pong", &plan->pong},
    };
    for (size_t at = 0; at < sizeof numbers / sizeof *numbers; at++)
        if (strcmp(verb, numbers[at].name) == 0)
            return *numbers[at].number = atoi(value), true;
    for (size_t at = 0; at < sizeof measures / sizeof *measures; at++)
        if (strcmp(verb, measures[at].name) == 0)
            return *measures[at].number = atof(value), true;
    for (size_t at = 0; at < sizeof texts / sizeof *texts; at++)
        if (strcmp(verb, texts[at].name) == 0)
            return *texts[at].words = words_of(value), true;
    if (strcmp(verb, "watch") == 0 && plan->watched_count < WATCHED)
        return plan->watched[plan->watched_count++] = atoi(value), true;
    return false;
}

static bool plan_read_line(struct plan *plan, const char *verb, const char *value) {
    if (strcmp(verb, "person") == 0)
        return plan_add_person(plan, atoi(value)), true;
    if (plan->person_count == 0)
        return plan_read_setting(plan, verb, value);
    struct person *person = &plan->people[plan->person_count - 1];
    if (strcmp(verb, "post") == 0)
        return person->post = words_of(value), true;
    bool is_said = strcmp(verb, "say") == 0;
    if (!is_said && strcmp(verb, "hear") != 0)
        return false;
    person->steps = grown(person->steps, person->step_count, sizeof *person->steps);
    person->steps[person->step_count++] = (struct step){is_said, words_of(value)};
    return true;
}

/* The lines are kept for ever: the plan points into them. */
static struct plan plan_read(const char *path) {
    struct plan plan = {.window = 1, .parallel = 32, .connect_s = 60, .warm_up_s = 1, .seconds = 5, .drain_s = 10};
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    for (ssize_t size; (size = getline(&line, &room, file)) > 0; line = NULL, room = 0) {
        if (line[size - 1] == '\n')
            line[size - 1] = '\0';
        char *tab = strchr(line, '\t');
        if (tab != NULL)
            *tab = '\0';
        if (tab == NULL || !plan_read_line(&plan, line, tab + 1)) {
            fprintf(stderr, "%s: unknown line: %s\n", path, line);
            exit(1);
        }
    }
    free(line);
    fclose(file);
    return plan;
}
