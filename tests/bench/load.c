/*
 * Puts a load on an echo server and prints the result.
 *
 *   load KIND PORT CLIENTS SIZE DEPTH SECONDS MESSAGES
 *
 * KIND is tcp (connections that stay), churn (connect, echo, close, again), udp
 * (a socket for each client) or stamp (the same, to a STAMP reflector, which sends
 * the first bytes back in other places, and some of its own beside them). Each client has DEPTH messages of SIZE bytes
 * in flight, until SECONDS are over or MESSAGES have been sent.
 *
 * When each client is connected and has had one echo (not for churn), it prints
 * `ready SECONDS`, which is how long that took, and starts at a line on its
 * standard input; at its end without a line, it leaves. What it prints then is
 * one JSON object. Exit code 1: the echo was wrong, or the server unreachable.
 *
 * A client's wait is the time from one echo to its next. Each message carries
 * its number, so that no two of a client are alike.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fairness.h"

#define PATIENCE 10.0     /* seconds without any echo before it gives up */
#define LOST_AFTER 0.2    /* seconds until a datagram counts as lost */
#define LARGEST_DEPTH 64
#define STAMP_SIZE 44     /* bytes of a test packet */
#define STAMP_COPY 24     /* where a reflection has what a test packet begins with */
#define BATCH 256

/* Datagrams in flight in total, so that the server's socket holds them, as
 * Linux makes it (212,992 bytes, of which each takes up to twice its size and
 * 640 more): what it drops says nothing about how the server serves. */
#define AT_ONCE(size) (1 + 131072 / (2 * (long)(size) + 640))

struct client {
  int fd;
  int connecting;
  int under_way;                   /* messages sent and not yet back */
  size_t unsent;                   /* bytes of the message being sent */
  size_t received;                 /* bytes of the message coming back */
  int oldest;                      /* tcp: slot of the message that is due next */
  int resting;                     /* waits for room in its socket */
  int queued;                      /* udp: waits for its turn to send */
  uint64_t sequence;               /* number of the next message */
  uint64_t expected;               /* tcp: number of the one that is due next */
  long served;                     /* messages that came back */
  double last_echo;                /* when the last one did */
  uint64_t number_of[LARGEST_DEPTH];
  double sent_at[LARGEST_DEPTH];   /* 0: the slot is free */
};

static enum { TCP, CHURN, UDP } kind;
static int is_stamp;
static int port, client_count, depth;
static size_t size;
static long limit, at_once;
static struct client *clients;
static int epoll;
static char *payload, *scratch;
static size_t scratch_size;
static int running;                /* new messages are sent */
static double stop_at;
static long sent, received, lost, connected;
static double longest_wait;        /* of any client, in seconds */
static double stopped_at;
static struct client **queue;      /* those that wait for their turn, a ring */
static int queue_start, queue_length;

/* Delays in 0.1 us; 128 steps to each doubling, so within 0.8 %. */
#define STEPS 128
static long delays[64 * STEPS];

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void wrong(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void record(double seconds) {
  uint64_t value = (uint64_t)(seconds * 1e7);
  int shift = 0;
  while (value >> shift >= 2 * STEPS) shift++;
  delays[shift * STEPS + (value >> shift)]++;
}

/* A message of a client is back. */
static void count_echo(struct client *client, double time, double sent_at) {
  record(time - sent_at);
  if (time - client->last_echo > longest_wait)
    longest_wait = time - client->last_echo;
  client->last_echo = time;
  client->served++;
  received++;
}

static double percentile(double share) {
  long total = 0, seen = 0;
  for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) total += delays[i];
  for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
    seen += delays[i];
    if (total > 0 && seen >= share * total) {
      int shift = i < 2 * STEPS ? 0 : (int)(i / STEPS) - 1;
      return (double)((uint64_t)(i - shift * STEPS) << shift) / 10;
    }
  }
  return 0;
}

static void watch(struct client *client, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = client};
  if (epoll_ctl(epoll, operation, client->fd, &event) < 0) fail("epoll_ctl");
}

static void open_client(struct client *client) {
  int type = kind == UDP ? SOCK_DGRAM : SOCK_STREAM;
  client->fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
  if (client->fd < 0) fail("socket");
  struct sockaddr_in local = {.sin_family = AF_INET}, server = local;
  int on = 1;
  if (kind != UDP) {
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* One address has ports for some seconds of churn only. */
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    static unsigned turn;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn++ % 200);
    if (bind(client->fd, (struct sockaddr *)&local, sizeof local) < 0) fail("bind");
  }
  server.sin_port = htons(port);
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(client->fd, (struct sockaddr *)&server, sizeof server) < 0 &&
      errno != EINPROGRESS) fail("connect");
  client->connecting = kind != UDP;
  client->received = client->unsent = 0;
  client->under_way = client->oldest = client->resting = 0;
  client->sequence = client->expected = 0;
  watch(client, EPOLL_CTL_ADD, client->connecting ? EPOLLOUT : EPOLLIN);
}

/* Makes the payload that of a message. */
static void write_number(uint64_t number) {
  memcpy(payload, &number, sizeof number);
}

/* Sends what is left of a message; 0 when the socket has no room for it. */
static int send_rest(struct client *client) {
  if (client->unsent > 0) write_number(client->sequence - 1);
  while (client->unsent > 0) {
    ssize_t count = send(client->fd, payload + size - client->unsent,
                         client->unsent, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) {
      if (!client->resting) watch(client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
      client->resting = 1;
      return 0;
    }
    if (count < 0) fail("send");
    client->unsent -= count;
  }
  return 1;
}

static void send_datagram(struct client *client) {
  int slot = 0;
  while (client->sent_at[slot] != 0) slot++;
  uint64_t number = client->sequence++;
  write_number(number);
  if (send(client->fd, payload, size, 0) < 0 && errno != EAGAIN) fail("send");
  client->number_of[slot] = number;
  client->sent_at[slot] = now();
}

/* Sends one datagram of each client in turn, up to the limit in flight. */
static void take_turns(void) {
  while (queue_length > 0 && running && sent < limit &&
         sent - received - lost < at_once) {
    struct client *client = queue[queue_start];
    queue_start = (queue_start + 1) % client_count;
    queue_length--;
    send_datagram(client);
    client->under_way++;
    sent++;
    client->queued = client->under_way < depth;
    if (client->queued)
      queue[(queue_start + queue_length++) % client_count] = client;
  }
}

/* Fills the client's pipeline. */
static void fill(struct client *client) {
  if (kind == UDP) {
    if (!client->queued && client->under_way < depth) {
      queue[(queue_start + queue_length++) % client_count] = client;
      client->queued = 1;
    }
    take_turns();
    return;
  }
  if (!send_rest(client)) return;
  while (client->under_way < depth && running && sent < limit) {
    client->sent_at[(client->oldest + client->under_way) % depth] = now();
    client->under_way++;
    sent++;
    client->sequence++;
    client->unsent = size;
    if (!send_rest(client)) return;
  }
  if (client->resting) watch(client, EPOLL_CTL_MOD, EPOLLIN);
  client->resting = 0;
}

static void take_stream(struct client *client) {
  ssize_t count = recv(client->fd, scratch, scratch_size, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count < 0) fail("recv");
  if (count == 0) wrong("the server closed a connection");
  double time = now();
  for (ssize_t at = 0; at < count;) {
    size_t part = size - client->received;
    if (part > (size_t)(count - at)) part = count - at;
    if (client->under_way == 0) wrong("more came back than was sent");
    write_number(client->expected);
    if (memcmp(scratch + at, payload + client->received, part) != 0)
      wrong("the echo differs");
    client->received += part;
    at += part;
    if (client->received < size) break;
    count_echo(client, time, client->sent_at[client->oldest]);
    client->received = 0;
    client->expected++;
    client->oldest = (client->oldest + 1) % depth;
    client->under_way--;
  }
  if (kind == CHURN && client->under_way == 0) {
    close(client->fd);
    connected--;
    if (running && sent < limit) open_client(client);
    return;
  }
  fill(client);
}

static void take_datagrams(struct client *client) {
  for (;;) {
    ssize_t count = recv(client->fd, scratch, scratch_size, 0);
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) fail("recv");
    if ((size_t)count != size) wrong("a datagram came back in another size");
    uint64_t number;
    memcpy(&number, scratch + (is_stamp ? STAMP_COPY : 0), sizeof number);
    if (!is_stamp && memcmp(scratch + sizeof number, payload + sizeof number,
                            size - sizeof number) != 0) wrong("the echo differs");
    for (int slot = 0; slot < depth; slot++) {
      if (client->sent_at[slot] == 0 || client->number_of[slot] != number) continue;
      count_echo(client, now(), client->sent_at[slot]);
      client->sent_at[slot] = 0;
      client->under_way--;
      break;
    }
  }
  fill(client);
}

/* Gives up datagrams that have not come back, so that others may be sent. */
static void give_up_lost(double time) {
  for (int i = 0; i < client_count; i++) {
    for (int slot = 0; slot < depth; slot++) {
      double at = clients[i].sent_at[slot];
      if (at == 0 || time - at < LOST_AFTER) continue;
      clients[i].sent_at[slot] = 0;
      clients[i].under_way--;
      lost++;
    }
    fill(&clients[i]);
  }
}

static void step(struct client *client, uint32_t events) {
  if (client->connecting) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    errno = error;
    if (error != 0) fail("connect");
    client->connecting = 0;
    connected++;
    watch(client, EPOLL_CTL_MOD, EPOLLIN);
    fill(client);
    return;
  }
  if (events & EPOLLOUT) fill(client);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    if (kind == UDP) take_datagrams(client);
    else take_stream(client);
  }
}

/* Serves all sockets until nothing is in flight and nothing more is sent. */
static void run(void) {
  static struct epoll_event events[BATCH];
  double last_echo = now(), looked_at = last_echo;
  long before = received;
  for (;;) {
    double time = now();
    if (running && (time >= stop_at || sent >= limit)) {
      running = 0;
      stopped_at = time;
    }
    if (!running && sent == received + lost) return;
    if (received != before) last_echo = time;
    before = received;
    if (time - last_echo > PATIENCE) wrong("no echo any more");
    if (kind == UDP && time - looked_at > LOST_AFTER / 2) {
      give_up_lost(time);
      looked_at = time;
    }
    int count = epoll_wait(epoll, events, BATCH, 50);
    if (count < 0) fail("epoll_wait");
    for (int i = 0; i < count; i++) step(events[i].data.ptr, events[i].events);
  }
}

int main(int argc, char **argv) {
  if (argc != 8) wrong("load KIND PORT CLIENTS SIZE DEPTH SECONDS MESSAGES");
  is_stamp = !strcmp(argv[1], "stamp");
  kind = is_stamp || !strcmp(argv[1], "udp") ? UDP
       : !strcmp(argv[1], "churn") ? CHURN : TCP;
  port = atoi(argv[2]);
  client_count = atoi(argv[3]);
  size = strtoul(argv[4], NULL, 10);
  depth = atoi(argv[5]);
  at_once = AT_ONCE(size);
  double seconds = atof(argv[6]);
  long most = atol(argv[7]);
  if (is_stamp && size != STAMP_SIZE) wrong("a test packet has another size");
  if (depth < 1 || depth > LARGEST_DEPTH || client_count < 1 || size < 8)
    wrong("a number is out of range");

  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  scratch_size = size > 262144 ? size : 262144;
  payload = malloc(size);
  scratch = malloc(scratch_size);
  clients = calloc(client_count, sizeof *clients);
  queue = calloc(client_count, sizeof *queue);
  if (!payload || !scratch || !clients || !queue) fail("malloc");
  /* A test packet is zero but for its number. */
  for (size_t i = 0; i < size && !is_stamp; i++)
    payload[i] = (char)(i * 31 + i / 251);
  epoll = epoll_create1(0);

  /* One echo each, so that every client is accepted and served. */
  double started = now();
  int wanted_depth = depth;
  if (kind != CHURN) {
    running = 1;
    depth = 1;
    limit = client_count;
    stop_at = started + 60;
    for (int i = 0; i < client_count; i++) {
      open_client(&clients[i]);
      if (kind == UDP) fill(&clients[i]);
    }
    run();
    if (received + lost != client_count) wrong("not every client had its echo");
  }
  printf("ready %.6f\n", now() - started);
  fflush(stdout);
  if (getchar() == EOF) return 0;

  depth = wanted_depth;
  memset(delays, 0, sizeof delays);
  sent = received = lost = 0;
  longest_wait = 0;
  limit = most;
  running = 1;
  started = now();
  stop_at = started + seconds;
  for (int i = 0; i < client_count; i++) {
    clients[i].oldest = 0;
    clients[i].served = 0;
    clients[i].last_echo = started;
    if (kind == CHURN) open_client(&clients[i]);
    else fill(&clients[i]);
  }
  run();
  double took = now() - started;
  long *counts = malloc(client_count * sizeof *counts);
  if (!counts) fail("malloc");
  for (int i = 0; i < client_count; i++) {
    counts[i] = clients[i].served;
    double wait = stopped_at - clients[i].last_echo;
    if (wait > longest_wait) longest_wait = wait;
  }
  printf("{\"messages\":%ld,\"lost\":%ld,\"bytes\":%ld,\"seconds\":%.6f,"
         "\"p50_us\":%.1f,\"p99_us\":%.1f,",
         received, lost, received * (long)size, took, percentile(0.5),
         percentile(0.99));
  print_fairness(counts, client_count, longest_wait);
  printf("}\n");
  return 0;
}
