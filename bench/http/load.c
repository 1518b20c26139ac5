/*
 * Asks an HTTP server over many kept-alive connections: each sends a GET, waits until all of the answer is there, and sends the next.
 *
 * Usage: load port connections warm-up-ms measured-ms
 * Prints: answers in the measured time.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define ROOM 4096

/* What has come of an answer. */
struct answer {
  int length;
  char text[ROOM];
};

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* Whether all of it is there. */
static int whole(struct answer *answer) {
  char *text = answer->text;
  text[answer->length] = 0;
  char *body = strstr(text, "\r\n\r\n");
  if (body == NULL) return 0;
  if (strncmp(text, "HTTP/1.1 200", 12) != 0) {
    fprintf(stderr, "an answer that is no 200:\n%s\n", text);
    exit(1);
  }
  for (char *line = strstr(text, "\r\n"); line < body; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, "content-length:", 15) == 0) return answer->length >= body + 4 - text + atoi(line + 17);
  }
  return strcmp(text + answer->length - 5, "0\r\n\r\n") == 0; // in chunks
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int port = atoi(argv[1]), connections = atoi(argv[2]);
  double warm_up = atof(argv[3]), measured = atof(argv[4]);
  char request[256];
  int bytes = sprintf(request, "GET /users/42 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n\r\n", port);
  struct answer **answers = calloc(65536, sizeof(struct answer *));
  int poll = epoll_create1(0);
  for (int n = 0; n < connections; n++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    answers[fd] = calloc(1, sizeof(struct answer));
    if (write(fd, request, bytes) != bytes) fail("write");
  }
  double from = now_ms() + warm_up, until = from + measured;
  long count = 0;
  struct epoll_event events[256];
  for (;;) {
    int ready = epoll_wait(poll, events, 256, 1000);
    double now = now_ms();
    if (now >= until) break;
    for (int n = 0; n < ready; n++) {
      int fd = events[n].data.fd;
      struct answer *answer = answers[fd];
      ssize_t got = read(fd, answer->text + answer->length, ROOM - 1 - answer->length);
      if (got <= 0) fail("read");
      answer->length += got;
      if (!whole(answer)) continue;
      answer->length = 0;
      if (now >= from) count++;
      if (write(fd, request, bytes) != bytes) fail("write");
    }
  }
  printf("%ld\n", count);
  return 0;
}
