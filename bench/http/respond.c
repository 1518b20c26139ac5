/*
 * Answers every request over kept-alive connections with one and the same page. Requests have no body.
 *
 * Usage: respond bytes
 * Prints: its port.
 */
#include "../method/peer.h"

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int bytes = atoi(argv[1]);
  char *answer = malloc(bytes + 256);
  int head = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n", bytes);
  memset(answer + head, 'x', bytes);

  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = here(0);
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) < 0) fail("bind");
  if (listen(listener, 1024) < 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  watch(listener);
  static const char end[] = "\r\n\r\n";
  static char buffer[65536], matched[MOST_SOCKETS]; // how much of the end a connection has shown
  int fds[MOST_READY];
  for (;;) {
    int count = readable(fds, -1);
    for (int n = 0; n < count; n++) {
      int fd = fds[n];
      if (fd == listener) {
        int got = accept(listener, NULL, NULL);
        if (got < 0) fail("accept");
        without_delay(got);
        matched[got] = 0;
        watch(got);
        continue;
      }
      ssize_t got = read(fd, buffer, sizeof buffer);
      if (got <= 0) {
        unwatch(fd);
        continue;
      }
      for (ssize_t at = 0; at < got; at++) {
        int so_far = matched[fd];
        matched[fd] = buffer[at] == end[so_far] ? so_far + 1 : buffer[at] == '\r';
        if (matched[fd] < 4) continue;
        matched[fd] = 0;
        if (write(fd, answer, head + bytes) != head + bytes) {
          unwatch(fd);
          break;
        }
      }
    }
  }
}
