/*
 * What the programs in C have in common, each of which is the other side of a process that is measured: time, sockets, and which of them
 * are ready. By epoll on Linux, by poll elsewhere.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__) && !defined(BY_POLL)
#include <sys/epoll.h>
#define BY_EPOLL
#else
#include <poll.h>
#endif

#define MOST_READY 256
#define MOST_SOCKETS 65536

static inline void fail(const char *what) {
  perror(what);
  exit(1);
}

static inline double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

/* What another process has taken of processors, all its threads together; below 0 where the system does not tell. */
static inline double cpu_ms(int pid) {
#ifdef __linux__
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0) return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
#endif
  return -1;
}

static inline struct sockaddr_in here(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return address;
}

static inline void without_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static inline int connected_to(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = here(port);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  without_delay(fd);
  return fd;
}

#ifdef BY_EPOLL
static int epoll = -1;

static inline void watch(int fd) {
  if (epoll < 0) epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

/* A socket that is closed is no longer watched. */
static inline void unwatch(int fd) {
  close(fd);
}

/* Which of them can be read, at most MOST_READY; gives how many. */
static inline int readable(int *fds, int most_ms) {
  struct epoll_event events[MOST_READY];
  int count = epoll_wait(epoll, events, MOST_READY, most_ms);
  for (int n = 0; n < count; n++) fds[n] = events[n].data.fd;
  return count;
}
#else
static struct pollfd watched[MOST_SOCKETS];
static int watching = 0;

static inline void watch(int fd) {
  watched[watching++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static inline void unwatch(int fd) {
  int at = 0;
  while (watched[at].fd != fd) at++;
  watched[at] = watched[--watching];
  close(fd);
}

static inline int readable(int *fds, int most_ms) {
  int count = 0;
  if (poll(watched, watching, most_ms) <= 0) return 0;
  for (int n = 0; n < watching && count < MOST_READY; n++) {
    if (watched[n].revents != 0) fds[count++] = watched[n].fd;
  }
  return count;
}
#endif

/* What a client has measured of a server. */
struct measured {
  int pid;
  double from, until;
  /* Set when the first answer has come that counts. */
  double began, cpu_began;
  long done;
};

static inline struct measured measuring(int pid, double warm_up, double ms) {
  double from = now_ms() + warm_up;
  return (struct measured){.pid = pid, .from = from, .until = from + ms, .began = -1};
}

/* Called behind each look at the sockets; does not return when all has been measured, but prints it. */
static inline void look(struct measured *measured, double now) {
  if (measured->began < 0 && now >= measured->from) {
    measured->began = now;
    measured->cpu_began = cpu_ms(measured->pid);
  }
  if (now < measured->until) return;
  double cpu = cpu_ms(measured->pid);
  if (measured->done == 0) {
    fprintf(stderr, "the server has not answered\n");
    exit(1);
  }
  printf("{\"wallNs\":%.1f,", (now - measured->began) * 1e6 / measured->done);
  if (cpu < 0) printf("\"cpuNs\":null,");
  else printf("\"cpuNs\":%.1f,", (cpu - measured->cpu_began) * 1e6 / measured->done);
  printf("\"peakBytes\":null}\n");
  exit(0);
}

static inline void count_one(struct measured *measured) {
  if (measured->began >= 0) measured->done++;
}
