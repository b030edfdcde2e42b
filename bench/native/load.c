/* The load generator: opens the connections of a plan, has some of them post, and times what everyone hears.

   One thread, epoll. `load PLAN` says "connected" when everybody is in, waits for a line, measures, and prints one line
   of JSON. Latencies count from the moment a post was due, whether or not the window let it go at once, so a slow
   server cannot slow the clock that judges it. Answers are matched to posts by their order: each connection's come in
   order. Exits 1, with the reason, when anything goes wrong. */
#include "connection.h"
#include "histogram.h"
#include "plan.h"
#include "tally.h"

enum { EVENTS = 512, STAMP_DIGITS = 16, QUEUE = 1024, TURN_MS = 1, SETTLE_MS = 200 };

enum phase { CONNECTING, WAITING, WARMING_UP, MEASURING, DRAINING, SETTLING, DONE };

/* Posts [acked, sent) are in flight, [sent, queued) wait for a free place in the window. */
struct visitor {
    struct connection connection;
    const struct person *person;
    int step;
    uint64_t queued, sent, acked;
    uint64_t *due_ns;
};

static struct plan plan;
static struct visitor *visitors, **talkers;
static int epoll, opened, ready, talker_count;
static enum phase phase;
static struct tally counted, before, after;
static struct histogram deliveries, acks;
static uint64_t random_state, turn_ns, first_post_ns, scheduled, ends_ns;

static void open_next(void) {
    if (opened < plan.person_count)
        connection_open(&visitors[opened++].connection, epoll, plan.port, plan.path.start);
}

static void take_steps(struct visitor *visitor) {
    const struct person *person = visitor->person;
    for (; visitor->step < person->step_count && person->steps[visitor->step].is_said; visitor->step++) {
        struct words words = person->steps[visitor->step].words;
        connection_say(&visitor->connection, TEXT, words.start, words.size);
    }
    if (visitor->step == person->step_count) {
        visitor->step++;
        ready++;
        open_next();
    }
}

static void begin_steps(struct connection *connection) {
    take_steps((struct visitor *)connection);
}

static uint64_t next_random(void) { /* splitmix64 */
    uint64_t mixed = random_state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

static void post(struct visitor *visitor, uint64_t due_ns) {
    char text[8192];
    size_t size = 0;
    const char *at = visitor->person->post.start, *end = at + visitor->person->post.size;
    for (; at < end && size < sizeof text - 64; at++) {
        if (*at != '%') {
            text[size++] = *at;
            continue;
        }
        uint64_t one = next_random(), two = next_random();
        if (*++at == 'S')
            size += (size_t)sprintf(text + size, "%016llx", (unsigned long long)due_ns);
        else if (*at == 'R')
            size += (size_t)sprintf(text + size, "%llu", (unsigned long long)visitor->sent + 100);
        else if (*at == 'C')
            size += (size_t)sprintf(text + size, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(one >> 32),
                                    (unsigned)(one & 0xffff), (unsigned)(one >> 16 & 0xfff), (unsigned)(two >> 52),
                                    (unsigned long long)(two & 0xffffffffffffu));
    }
    connection_say(&visitor->connection, TEXT, text, size);
    counted.sent++;
    counted.expected += (uint64_t)plan.room_sizes[visitor->person->room];
}

static bool is_talking(void) {
    return phase == WARMING_UP || phase == MEASURING;
}

static void post_what_waits(struct visitor *visitor) {
    if (plan.rate == 0 && is_talking())
        while (visitor->queued - visitor->acked < (uint64_t)plan.window)
            visitor->due_ns[visitor->queued++ % QUEUE] = turn_ns;
    while (visitor->sent < visitor->queued && visitor->sent - visitor->acked < (uint64_t)plan.window) {
        post(visitor, visitor->due_ns[visitor->sent % QUEUE]);
        visitor->sent++;
    }
}

/* At a given rate: what is due by now, each talker in turn. */
static void queue_what_is_due(void) {
    if (plan.rate == 0 || !is_talking())
        return;
    for (;;) {
        uint64_t due_ns = first_post_ns + (uint64_t)((double)scheduled * 1e9 / plan.rate);
        if (due_ns > turn_ns)
            return;
        struct visitor *visitor = talkers[scheduled++ % (uint64_t)talker_count];
        if (visitor->queued - visitor->acked >= QUEUE)
            fail("the server does not keep up with %.0f posts a second", plan.rate);
        visitor->due_ns[visitor->queued++ % QUEUE] = due_ns;
        post_what_waits(visitor);
        connection_flush(&visitor->connection, epoll);
    }
}

/* Where the stamp stands, or NULL; looked for first where the last one was. */
static const unsigned char *find_stamp(const struct frame *frame) {
    static size_t guess;
    size_t needed = plan.stamp.size + STAMP_DIGITS;
    if (frame->size >= guess + needed && begins_with(frame->payload + guess, frame->size - guess, plan.stamp))
        return frame->payload + guess + plan.stamp.size;
    const unsigned char *found = memmem(frame->payload, frame->size, plan.stamp.start, plan.stamp.size);
    if (found == NULL || (size_t)(found - frame->payload) + needed > frame->size)
        return NULL;
    guess = (size_t)(found - frame->payload);
    return found + plan.stamp.size;
}

/* Eight hex digits at once, on a machine whose least byte comes first: digits to nibbles, and each half to its place. */
static uint64_t read_digits(const unsigned char *digits) {
    uint64_t chunk;
    memcpy(&chunk, digits, 8);
    chunk = (chunk & 0x0f0f0f0f0f0f0f0fu) + 9 * (chunk >> 6 & 0x0101010101010101u);
    chunk = (chunk << 4 & 0x00f000f000f000f0u) | (chunk >> 8 & 0x000f000f000f000fu);
    chunk = (chunk << 8 & 0x0000ff000000ff00u) | (chunk >> 16 & 0x000000ff000000ffu);
    return (chunk << 16 & 0xffff0000u) | chunk >> 32;
}

static uint64_t read_stamp(const unsigned char *digits) {
    return read_digits(digits) << 32 | read_digits(digits + 8);
}

static void count_delivery(const struct frame *frame) {
    const unsigned char *stamp = find_stamp(frame);
    if (stamp == NULL) {
        counted.other++;
        return;
    }
    counted.delivered++;
    counted.delivered_bytes += frame->size;
    uint64_t due_ns = read_stamp(stamp);
    if (phase == MEASURING && turn_ns > due_ns)
        histogram_add(&deliveries, turn_ns - due_ns);
}

static void count_ack(struct visitor *visitor) {
    if (visitor->acked == visitor->sent)
        fail("an answer to nothing");
    uint64_t due_ns = visitor->due_ns[visitor->acked++ % QUEUE];
    counted.acked++;
    if (phase == MEASURING && turn_ns > due_ns)
        histogram_add(&acks, turn_ns - due_ns);
}

static void hear(struct connection *connection, struct frame *frame) {
    struct visitor *visitor = (struct visitor *)connection;
    const struct person *person = visitor->person;
    if (begins_with(frame->payload, frame->size, plan.refusal))
        fail("refused: %.*s", (int)frame->size, frame->payload);
    if (visitor->step < person->step_count) {
        if (begins_with(frame->payload, frame->size, person->steps[visitor->step].words)) {
            visitor->step++;
            take_steps(visitor);
        }
    } else if (begins_with(frame->payload, frame->size, plan.delivery)) {
        count_delivery(frame);
    } else if (begins_with(frame->payload, frame->size, plan.ack)) {
        count_ack(visitor);
    } else if (plan.ping.size > 0 && frame->size == plan.ping.size &&
               begins_with(frame->payload, frame->size, plan.ping)) {
        connection_say(connection, TEXT, plan.pong.start, plan.pong.size);
    } else {
        counted.other++;
    }
}

static void begin(enum phase next, double lasts_s) {
    phase = next;
    ends_ns = turn_ns + (uint64_t)(lasts_s * 1e9);
}

static void start_talking(void) {
    char line[16];
    if (read(STDIN_FILENO, line, sizeof line) <= 0)
        fail("nobody said when to start");
    epoll_ctl(epoll, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
    begin(WARMING_UP, plan.warm_up_s);
    first_post_ns = turn_ns;
    for (int at = 0; at < talker_count && plan.rate == 0; at++) {
        post_what_waits(talkers[at]);
        connection_flush(&talkers[at]->connection, epoll);
    }
}

static void advance(void) {
    bool is_over = turn_ns >= ends_ns;
    if (phase == CONNECTING && ready == plan.person_count) {
        phase = WAITING;
        puts("connected");
        fflush(stdout);
    } else if (phase == CONNECTING && is_over) {
        fail("only %d of %d were let in within %.0f s", ready, plan.person_count, plan.connect_s);
    } else if (phase == WARMING_UP && is_over) {
        before = tally_now(&counted, &plan);
        begin(MEASURING, plan.seconds);
    } else if (phase == MEASURING && is_over) {
        after = tally_now(&counted, &plan);
        begin(DRAINING, plan.drain_s);
    } else if (phase == DRAINING && (is_over || (counted.acked == counted.sent && counted.delivered >= counted.expected))) {
        begin(SETTLING, SETTLE_MS / 1e3);
    } else if (phase == SETTLING && is_over) {
        phase = DONE;
    }
}

static void turn(void) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, TURN_MS);
    turn_ns = now_ns();
    for (int at = 0; at < count; at++) {
        struct visitor *visitor = events[at].data.ptr;
        if (visitor == NULL) {
            start_talking();
            continue;
        }
        if (events[at].events & ~(uint32_t)EPOLLOUT) {
            turn_ns = now_ns();
            while (connection_read(&visitor->connection, begin_steps, hear))
                continue;
        }
        if (visitor->person->post.size > 0)
            post_what_waits(visitor);
        if (visitor->connection.unsent.size > 0 || visitor->connection.wants_writable)
            connection_flush(&visitor->connection, epoll);
    }
    queue_what_is_due();
    advance();
}

static void set_up(void) {
    struct epoll_event stdin_event = {.events = EPOLLIN};
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &stdin_event) != 0)
        fail("epoll: %s (standard input has to be a pipe)", strerror(errno));
    random_state = now_ns() ^ (uint64_t)getpid() << 48;
    visitors = calloc((size_t)plan.person_count, sizeof *visitors);
    for (int at = 0; at < plan.person_count; at++) {
        visitors[at].person = &plan.people[at];
        if (plan.people[at].post.size == 0)
            continue;
        visitors[at].due_ns = calloc(QUEUE, sizeof *visitors[at].due_ns);
        talkers = grown(talkers, talker_count, sizeof *talkers);
        talkers[talker_count++] = &visitors[at];
    }
    if (talker_count == 0 || plan.window > QUEUE)
        fail("nobody talks, or the window is over %d", QUEUE);
    turn_ns = now_ns();
    begin(CONNECTING, plan.connect_s);
    for (int at = 0; at < plan.parallel; at++)
        open_next();
}

static void print_latency(const char *name, const struct histogram *histogram) {
    printf("\"%s\": {\"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}, ", name,
           histogram_ms(histogram, 0.5), histogram_ms(histogram, 0.9), histogram_ms(histogram, 0.99),
           (double)histogram->highest_ns / 1e6);
}

static void report(void) {
    printf("{\"seconds\": %.6f, \"posts\": %llu, \"deliveries\": %llu, \"delivered_bytes\": %llu, ",
           (double)(after.at_ns - before.at_ns) / 1e9, (unsigned long long)(after.acked - before.acked),
           (unsigned long long)(after.delivered - before.delivered),
           (unsigned long long)(after.delivered_bytes - before.delivered_bytes));
    print_latency("delivery", &deliveries);
    print_latency("ack", &acks);
    printf("\"server_cpu_s\": %.3f, \"generator_cpu_s\": %.3f, ", after.server_cpu_s - before.server_cpu_s,
           after.generator_cpu_s - before.generator_cpu_s);
    printf("\"total_sent\": %llu, \"total_acked\": %llu, \"total_expected\": %llu, \"total_delivered\": %llu}\n",
           (unsigned long long)counted.sent, (unsigned long long)counted.acked, (unsigned long long)counted.expected,
           (unsigned long long)counted.delivered);
}

int main(int argument_count, char **arguments) {
    if (argument_count != 2)
        fail("usage: load PLAN");
    plan = plan_read(arguments[1]);
    set_up();
    while (phase != DONE)
        turn();
    report();
    return 0;
}
