/*
 * A minimal echo server: an epoll for each thread, no memory for an idle client.
 * The reference for the others.
 *
 *   echo tcp|udp [threads]       prints the port that it took; threads are TCP's,
 *                                each with a listening socket of its own on the port
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 256

/* A client, and the echo that it has not received yet. */
struct client {
  int fd;
  char *rest;
  size_t length;
};

static __thread char buffer[262144];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void serve_udp(int server) {
  for (;;) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    ssize_t count = recvfrom(server, buffer, sizeof buffer, 0,
                             (struct sockaddr *)&peer, &length);
    if (count >= 0)
      sendto(server, buffer, count, 0, (struct sockaddr *)&peer, length);
  }
}

static void leave(struct client *client) {
  close(client->fd);
  free(client->rest);
  free(client);
}

static void watch(int epoll, int operation, struct client *client,
                  uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = client};
  if (epoll_ctl(epoll, operation, client->fd, &event) < 0) fail("epoll_ctl");
}

static void serve_client(int epoll, struct client *client) {
  if (client->length > 0) {
    ssize_t count = send(client->fd, client->rest, client->length, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return leave(client);
    client->length -= count;
    memmove(client->rest, client->rest + count, client->length);
    if (client->length == 0) watch(epoll, EPOLL_CTL_MOD, client, EPOLLIN);
    return;
  }
  ssize_t length = recv(client->fd, buffer, sizeof buffer, 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) return leave(client);
  ssize_t count = send(client->fd, buffer, length, MSG_NOSIGNAL);
  if (count < 0 && errno == EAGAIN) count = 0;
  if (count < 0) return leave(client);
  if (count == length) return;
  client->length = length - count;
  client->rest = realloc(client->rest, client->length);
  memcpy(client->rest, buffer + count, client->length);
  watch(epoll, EPOLL_CTL_MOD, client, EPOLLOUT);
}

static void serve_tcp(int server) {
  int epoll = epoll_create1(0), on = 1;
  struct client listener = {.fd = server};
  struct epoll_event events[BATCH];
  watch(epoll, EPOLL_CTL_ADD, &listener, EPOLLIN);
  for (;;) {
    int count = epoll_wait(epoll, events, BATCH, -1);
    for (int i = 0; i < count; i++) {
      struct client *client = events[i].data.ptr;
      if (client != &listener) {
        serve_client(epoll, client);
        continue;
      }
      int fd = accept4(server, NULL, NULL, SOCK_NONBLOCK);
      if (fd < 0) continue;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      client = calloc(1, sizeof *client);
      client->fd = fd;
      watch(epoll, EPOLL_CTL_ADD, client, EPOLLIN);
    }
  }
}

/* A socket that is bound to a port, which others may share; 0 takes a free one. */
static int bound(int type, struct sockaddr_in *address, int shared) {
  int server = socket(AF_INET, type, 0);
  socklen_t length = sizeof *address;
  if (shared)
    setsockopt(server, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof shared);
  if (bind(server, (struct sockaddr *)address, length) < 0) fail("bind");
  if (type == SOCK_STREAM && listen(server, 65535) < 0) fail("listen");
  getsockname(server, (struct sockaddr *)address, &length);
  return server;
}

static void *serve_share(void *address) {
  serve_tcp(bound(SOCK_STREAM, address, 1));
  return NULL;
}

int main(int argc, char **argv) {
  int udp = argc > 1 && !strcmp(argv[1], "udp");
  int threads = argc > 2 ? atoi(argv[2]) : 1;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int server = bound(udp ? SOCK_DGRAM : SOCK_STREAM, &address, threads > 1);
  for (int i = 1; i < threads; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve_share, &address)) fail("thread");
  }
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  if (udp) serve_udp(server);
  else serve_tcp(server);
}
