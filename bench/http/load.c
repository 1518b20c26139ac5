/*
 * Asks an HTTP server over many kept-alive connections: each sends a GET, waits until all of the answer is there, and sends the next.
 *
 * Usage: load port pid connections warm-up-ms measured-ms
 * Prints: a measurement, each figure for one answer.
 */
#include "../method/peer.h"

#define ROOM 4096

/* What has come of an answer. */
struct answer {
  int length;
  char text[ROOM];
};

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
  if (argc != 6) return 2;
  int port = atoi(argv[1]), connections = atoi(argv[3]), fds[MOST_READY];
  char request[256];
  int bytes = sprintf(request, "GET /users/42 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n\r\n", port);
  struct answer **answers = calloc(MOST_SOCKETS, sizeof(struct answer *));
  for (int n = 0; n < connections; n++) {
    int fd = connected_to(port);
    watch(fd);
    answers[fd] = calloc(1, sizeof(struct answer));
    if (write(fd, request, bytes) != bytes) fail("write");
  }
  struct measured measured = measuring(atoi(argv[2]), atof(argv[4]), atof(argv[5]));
  for (;;) {
    int count = readable(fds, 1000);
    look(&measured, now_ms());
    for (int n = 0; n < count; n++) {
      int fd = fds[n];
      struct answer *answer = answers[fd];
      ssize_t got = read(fd, answer->text + answer->length, ROOM - 1 - answer->length);
      if (got <= 0) fail("read");
      answer->length += got;
      if (!whole(answer)) continue;
      answer->length = 0;
      count_one(&measured);
      if (write(fd, request, bytes) != bytes) fail("write");
    }
  }
}
