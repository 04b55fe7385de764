/*
 * A plain compiled client in a closed loop, the yardstick of the benchmark: one
 * connection is served by blocking calls, several by epoll. It prints one line
 * of JSON.
 *
 *   client HOST PORT CONNECTIONS SIZE SECONDS
 */
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
#include <time.h>
#include <unistd.h>

enum { MOST_DELAYS = 50000000 };

static float *delays;
static size_t count;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int connect_to(const char *host, int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (fd < 0 || inet_pton(AF_INET, host, &address.sin_addr) != 1) fail("socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static void record(double delay) {
  if (count < MOST_DELAYS) delays[count++] = delay;
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

struct connection {
  int fd;
  size_t received;
  double sent_at;
};

static void send_message(struct connection *each, const char *message, size_t size) {
  each->received = 0;
  each->sent_at = now();
  if (send(each->fd, message, size, MSG_NOSIGNAL) != (ssize_t)size) fail("send");
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int port = atoi(argv[2]), connections = atoi(argv[3]);
  size_t size = atol(argv[4]);
  double seconds = atof(argv[5]);
  char *message = malloc(size), *answer = malloc(size);
  for (size_t i = 0; i < size; i++) message[i] = (char)(i * 131);
  delays = malloc(sizeof *delays * MOST_DELAYS);
  struct connection *all = calloc(connections, sizeof *all);
  int epoll = epoll_create1(0);
  for (int i = 0; i < connections; i++) {
    all[i].fd = connect_to(argv[1], port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event);
  }
  double start = now(), end = start + seconds * 1e6;
  if (connections == 1) {
    while (now() < end) {
      send_message(all, message, size);
      for (size_t got = 0; got < size;) {
        ssize_t length = recv(all->fd, answer + got, size - got, 0);
        if (length <= 0) fail("recv");
        got += length;
      }
      if (memcmp(message, answer, size)) fail("echo");
      record(now() - all->sent_at);
    }
  } else {
    for (int i = 0; i < connections; i++) send_message(&all[i], message, size);
    while (now() < end) {
      struct epoll_event events[256];
      int ready = epoll_wait(epoll, events, 256, 100);
      for (int i = 0; i < ready; i++) {
        struct connection *each = events[i].data.ptr;
        ssize_t length = recv(each->fd, answer, size - each->received, 0);
        if (length <= 0) fail("recv");
        if (memcmp(message + each->received, answer, length)) fail("echo");
        each->received += length;
        if (each->received < size) continue;
        record(now() - each->sent_at);
        send_message(each, message, size);
      }
    }
  }
  double took = now() - start;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  qsort(delays, count, sizeof *delays, ascending);
  printf("{\"rate\":%.0f,\"p50\":%.1f,\"p99\":%.1f,\"cpu\":%.2f}\n",
         count / took * 1e6, delays[count / 2], delays[count * 99 / 100],
         cpu / count);
}
