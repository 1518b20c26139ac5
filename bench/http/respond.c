/*
 * Answers every request over kept-alive connections with one and the same page. Requests have no body.
 *
 * Usage: respond bytes
 * Prints: its port.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int bytes = atoi(argv[1]), one = 1;
  char *answer = malloc(bytes + 256);
  int head = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n", bytes);
  memset(answer + head, 'x', bytes);

  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) < 0) fail("bind");
  if (listen(listener, 1024) < 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  int poll = epoll_create1(0);
  struct epoll_event events[256], event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  static const char end[] = "\r\n\r\n";
  static char buffer[65536], matched[65536]; // how much of the end a connection has shown
  for (;;) {
    int count = epoll_wait(poll, events, 256, -1);
    for (int n = 0; n < count; n++) {
      int fd = events[n].data.fd;
      if (fd == listener) {
        int got = accept(listener, NULL, NULL);
        if (got < 0) fail("accept");
        setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        matched[got] = 0;
        event.data.fd = got;
        epoll_ctl(poll, EPOLL_CTL_ADD, got, &event);
        continue;
      }
      ssize_t got = read(fd, buffer, sizeof buffer);
      if (got <= 0) {
        close(fd);
        continue;
      }
      for (ssize_t at = 0; at < got; at++) {
        int so_far = matched[fd];
        matched[fd] = buffer[at] == end[so_far] ? so_far + 1 : buffer[at] == '\r';
        if (matched[fd] < 4) continue;
        matched[fd] = 0;
        if (write(fd, answer, head + bytes) != head + bytes) {
          close(fd);
          break;
        }
      }
    }
  }
}
