/*
 * Plays ping-pong with an echo server over many connections: each sends a message, waits until all of it has come back, and sends the next.
 *
 * Usage: client port pid connections bytes warm-up-ms measured-ms
 * Prints: a measurement, each figure for one round trip.
 */
#include "../method/peer.h"

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  int port = atoi(argv[1]), connections = atoi(argv[3]), bytes = atoi(argv[4]);
  char *message = malloc(bytes), *buffer = malloc(65536);
  int *missing = calloc(MOST_SOCKETS, sizeof(int)), fds[MOST_READY];
  memset(message, 'x', bytes);
  for (int n = 0; n < connections; n++) {
    int fd = connected_to(port);
    watch(fd);
    missing[fd] = bytes;
    if (write(fd, message, bytes) != bytes) fail("write");
  }
  struct measured measured = measuring(atoi(argv[2]), atof(argv[5]), atof(argv[6]));
  for (;;) {
    int count = readable(fds, 1000);
    look(&measured, now_ms());
    for (int n = 0; n < count; n++) {
      int fd = fds[n];
      ssize_t got = read(fd, buffer, 65536);
      if (got <= 0) fail("read");
      missing[fd] -= got;
      if (missing[fd] > 0) continue;
      missing[fd] = bytes;
      count_one(&measured);
      if (write(fd, message, bytes) != bytes) fail("write");
    }
  }
}
