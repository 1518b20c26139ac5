/*
 * Plays ping-pong with an echo server over many connections: each sends a message, waits until all of it has come back, and sends the next.
 *
 * Usage: client port connections bytes warm-up-ms measured-ms
 * Prints: round trips in the measured time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int port = atoi(argv[1]), connections = atoi(argv[2]), bytes = atoi(argv[3]);
  double warm_up = atof(argv[4]), measured = atof(argv[5]);
  char *message = malloc(bytes), *buffer = malloc(65536);
  int *missing = calloc(65536, sizeof(int));
  memset(message, 'x', bytes);
  int poll = epoll_create1(0);
  for (int n = 0; n < connections; n++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    missing[fd] = bytes;
    if (write(fd, message, bytes) != bytes) fail("write");
  }
  double began = now_ms(), from = began + warm_up, until = from + measured;
  long trips = 0;
  struct epoll_event events[256];
  for (;;) {
    int count = epoll_wait(poll, events, 256, 1000);
    double now = now_ms();
    if (now >= until) break;
    for (int n = 0; n < count; n++) {
      int fd = events[n].data.fd;
      ssize_t got = read(fd, buffer, 65536);
      if (got <= 0) fail("read");
      missing[fd] -= got;
      if (missing[fd] > 0) continue;
      missing[fd] = bytes;
      if (now >= from) trips++;
      if (write(fd, message, bytes) != bytes) fail("write");
    }
  }
  printf("%ld\n", trips);
  return 0;
}
