/*
 * An echo server that judges how evenly a client serves its own connections, or
 * sockets, by what it receives from each.
 *
 *   judge tcp|udp
 *
 * It prints its port, serves one client with any number of connections, and
 * prints one JSON object on SIGTERM: the bytes of each connection, and the longest
 * time from one piece of a connection to its next. It counts from the first time
 * that all of them have sent until the last piece of any.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../fairness.h"

#define BATCH 256
#define MOST 65536

/* By number of the descriptor (TCP) or of the port (UDP). */
static struct flow {
  int is_known;
  long bytes;
  double last;
} flows[MOST];

static int is_udp, server;
static int known[MOST], known_count;
static double latest, longest_wait;
static volatile sig_atomic_t is_over;
static char buffer[262144];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void wait_ended(double wait) {
  if (wait > longest_wait) longest_wait = wait;
}

static void count(int number, long bytes) {
  struct flow *flow = &flows[number];
  latest = now();
  if (!flow->is_known) {
    flow->is_known = 1;
    known[known_count++] = number;
    for (int i = 0; i < known_count; i++) {
      flows[known[i]].bytes = 0;
      flows[known[i]].last = latest;
    }
    longest_wait = 0;
  }
  wait_ended(latest - flow->last);
  flow->last = latest;
  flow->bytes += bytes;
}

static void end(int signal) {
  (void)signal;
  is_over = 1;
}

static void report(void) {
  static long bytes[MOST];
  for (int i = 0; i < known_count; i++) {
    bytes[i] = flows[known[i]].bytes;
    wait_ended(latest - flows[known[i]].last);
  }
  printf("{\"flows\":%d,", known_count);
  if (is_udp) {
    /* What the kernel dropped because this was behind. */
    unsigned memory[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof memory;
    getsockopt(server, SOL_SOCKET, SO_MEMINFO, memory, &length);
    printf("\"dropped\":%u,", memory[SK_MEMINFO_DROPS]);
  }
  print_fairness(bytes, known_count, longest_wait);
  printf("}\n");
}

static void serve_datagram(void) {
  struct sockaddr_in peer;
  socklen_t length = sizeof peer;
  ssize_t size = recvfrom(server, buffer, sizeof buffer, MSG_DONTWAIT,
                          (struct sockaddr *)&peer, &length);
  if (size < 0) return;
  sendto(server, buffer, size, 0, (struct sockaddr *)&peer, length);
  count(ntohs(peer.sin_port), size);
}

static void watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

static void accept_client(int epoll) {
  int on = 1, fd = accept(server, NULL, NULL);
  if (fd < 0) return;
  if (fd >= MOST) {
    close(fd);
    return;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  watch(epoll, fd);
}

static void serve_connection(int fd) {
  ssize_t size = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0 || send(fd, buffer, size, MSG_NOSIGNAL) != size) {
    close(fd);
    return;
  }
  count(fd, size);
}

int main(int argc, char **argv) {
  is_udp = argc > 1 && !strcmp(argv[1], "udp");
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);

  server = socket(AF_INET, is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
  /* All that thousands of sockets send at once; beyond the system's own limit
   * where that is allowed. */
  int room = 16 << 20;
  if (is_udp && setsockopt(server, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
    setsockopt(server, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(server, (struct sockaddr *)&address, length) < 0) fail("bind");
  if (!is_udp && listen(server, 65535) < 0) fail("listen");
  getsockname(server, (struct sockaddr *)&address, &length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  int epoll = epoll_create1(0);
  watch(epoll, server);
  while (!is_over) {
    struct epoll_event events[BATCH];
    int ready = epoll_wait(epoll, events, BATCH, 100);
    for (int i = 0; i < ready; i++) {
      if (events[i].data.fd != server) serve_connection(events[i].data.fd);
      else if (is_udp) serve_datagram();
      else accept_client(epoll);
    }
  }
  report();
}
