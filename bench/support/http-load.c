// A closed loop of HTTP clients that leaves the machine to those who are measured.
//
//   http-load PORT CONNECTIONS WARM_UP_MS DURATION_MS REQUEST_FILE LEAST
//
// Every connection sends the bytes of the file and, as soon as it has the whole answer, sends them again. An answer counts
// when its status is 200 and its body says "choices" at least LEAST times (once in each event of a stream). Prints `begin`
// when the warm-up is over, `end` when the time is, and then one JSON object. The time is longer for a server that has not
// given one answer to each connection by then. At the end the last answers are waited for, so that nothing is left to the
// next load. Latencies: from sending to the last byte, and to the first of the body.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER 65536
#define MAX_HEAD 16384
#define MAX_EVENTS 256
#define MAX_CONNECTIONS 4096
#define MAX_REQUEST 65536
#define RETRY_MS 10
#define DRAIN_MS 10000
#define MOST_TIMES 10

enum stage { HEAD, BODY, SIZE, CHUNK, CHUNK_END, TRAILER, DONE };

struct client {
  int fd;
  enum stage stage;
  int status;
  int closes;
  long left; // of the body, or of the chunk
  int line;  // characters in the line of a chunk's size or of a trailer
  int matched;
  int seen;
  int64_t sent_at;
  int64_t first_at;
  int64_t retry_at;
  size_t held;
  char head[MAX_HEAD + 1];
};

struct series {
  uint32_t *values; // microseconds * 10
  size_t count, room;
};

static const char MARK[] = "choices";
static const int MARK_LENGTH = sizeof MARK - 1;
static char request[MAX_REQUEST];
static size_t request_length;
static int port, least, epoll;
static int measuring, draining, waiting;
static struct series whole, first;
static long failures;
static char failure[160];

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void note(struct series *to, int64_t ns) {
  if (to->count == to->room) {
    to->room = to->room == 0 ? 65536 : to->room * 2;
    to->values = realloc(to->values, to->room * sizeof *to->values);
    if (to->values == NULL) exit(1);
  }
  to->values[to->count] = (uint32_t)(ns / 100);
  to->count += 1;
}

static int by_size(const void *one, const void *other) {
  uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
  return a < b ? -1 : a > b;
}

static double percentile_ms(const struct series *of, double share) {
  if (of->count == 0) return -1;
  size_t at = (size_t)((double)of->count * share);
  return of->values[at < of->count ? at : of->count - 1] / 10000.0;
}

static void failed(struct client *of, const char *why) {
  if (!measuring) return;
  failures += 1;
  if (failure[0] == 0) snprintf(failure, sizeof failure, "%.120s (status %d)", why, of->status);
}

static void shut(struct client *of) {
  if (of->fd >= 0) close(of->fd);
  of->fd = -1;
}

static void lost(struct client *of, const char *why) {
  failed(of, why);
  if (of->fd >= 0 && of->stage != DONE) waiting -= 1;
  of->stage = DONE;
  shut(of);
  of->retry_at = now_ns() + RETRY_MS * 1000000LL;
}

static void ask(struct client *of) {
  if (of->fd < 0) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    of->fd = socket(AF_INET, SOCK_STREAM, 0);
    of->stage = DONE;
    if (connect(of->fd, (struct sockaddr *)&place, sizeof place) < 0) {
      lost(of, "no connection");
      return;
    }
    setsockopt(of->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = of};
    epoll_ctl(epoll, EPOLL_CTL_ADD, of->fd, &event);
  }
  of->stage = HEAD;
  of->held = 0;
  of->seen = 0;
  of->matched = 0;
  of->status = 0;
  of->first_at = 0;
  of->sent_at = now_ns();
  waiting += 1;
  if (send(of->fd, request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length) lost(of, "not sent");
}

static void look_at(struct client *of, const char *bytes, size_t length) {
  for (size_t at = 0; at < length; at += 1) {
    if (bytes[at] == MARK[of->matched]) {
      of->matched += 1;
      if (of->matched < MARK_LENGTH) continue;
      of->seen += 1;
      of->matched = 0;
    } else of->matched = bytes[at] == MARK[0];
  }
}

/** Takes what belongs to the head; gives how many of the bytes did. */
static size_t take_head(struct client *of, const char *bytes, size_t length) {
  size_t before = of->held;
  size_t room = MAX_HEAD - of->held;
  size_t taken = length < room ? length : room;
  memcpy(of->head + of->held, bytes, taken);
  of->held += taken;
  of->head[of->held] = 0;
  char *end = strstr(of->head, "\r\n\r\n");
  if (end == NULL) {
    if (of->held == MAX_HEAD) lost(of, "no end of the head");
    return length;
  }
  *end = 0;
  of->status = atoi(of->head + 9);
  of->closes = strcasestr(of->head, "\r\nconnection: close") != NULL;
  char *told = strcasestr(of->head, "\r\ncontent-length:");
  of->left = told == NULL ? -1 : strtol(told + 17, NULL, 10);
  of->line = 0;
  if (strcasestr(of->head, "\r\ntransfer-encoding: chunked") != NULL) {
    of->left = 0;
    of->stage = SIZE;
  } else if (of->left < 0) lost(of, "no length");
  else of->stage = of->left == 0 ? DONE : BODY;
  return (size_t)(end + 4 - of->head) - before;
}

/** One character of the line of a chunk's size: hexadecimal digits, and extensions that nobody looks at. */
static void take_size(struct client *of, char character) {
  if (character == '\n') {
    of->stage = of->left == 0 ? TRAILER : CHUNK;
    of->line = 0;
    return;
  }
  int digit = character >= '0' && character <= '9'   ? character - '0'
              : character >= 'a' && character <= 'f' ? character - 'a' + 10
              : character >= 'A' && character <= 'F' ? character - 'A' + 10
                                                     : -1;
  if (digit < 0 || of->line < 0) of->line = -1;
  else of->left = of->left * 16 + digit;
}

static void take_trailer(struct client *of, char character) {
  if (character == '\r') return;
  if (character != '\n') of->line += 1;
  else if (of->line == 0) of->stage = DONE;
  else of->line = 0;
}

static void take(struct client *of, const char *bytes, size_t length) {
  size_t at = 0;
  while (at < length && of->fd >= 0 && of->stage != DONE) {
    if (of->stage == HEAD) at += take_head(of, bytes + at, length - at);
    else if (of->stage == BODY || of->stage == CHUNK) {
      size_t count = length - at < (size_t)of->left ? length - at : (size_t)of->left;
      if (of->first_at == 0) of->first_at = now_ns();
      look_at(of, bytes + at, count);
      of->left -= (long)count;
      at += count;
      if (of->left == 0) of->stage = of->stage == BODY ? DONE : CHUNK_END;
    } else {
      char character = bytes[at];
      at += 1;
      if (of->stage == SIZE) take_size(of, character);
      else if (of->stage == TRAILER) take_trailer(of, character);
      else if (character == '\n') {
        of->stage = SIZE;
        of->left = 0;
        of->line = 0;
      }
    }
  }
}

static void finish(struct client *of) {
  if (of->status != 200) failed(of, of->head);
  else if (of->seen < least) failed(of, "the answer is not whole");
  else if (measuring) {
    note(&whole, now_ns() - of->sent_at);
    note(&first, of->first_at - of->sent_at);
  }
  if (of->closes) shut(of);
}

static void on_ready(struct client *of) {
  static char buffer[BUFFER];
  ssize_t count = of->fd < 0 ? -1 : recv(of->fd, buffer, sizeof buffer, 0);
  if (count <= 0) {
    lost(of, count == 0 ? "closed before the end" : "broken");
    return;
  }
  take(of, buffer, (size_t)count);
  if (of->fd < 0 || of->stage != DONE) return;
  waiting -= 1;
  finish(of);
  if (!draining) ask(of);
}

static void run(struct client *clients, int count, int64_t until) {
  struct epoll_event events[MAX_EVENTS];
  while (now_ns() < until && !(draining && waiting == 0)) {
    int ready = epoll_wait(epoll, events, MAX_EVENTS, RETRY_MS);
    for (int at = 0; at < ready; at += 1) on_ready(events[at].data.ptr);
    if (ready == MAX_EVENTS || draining) continue;
    int64_t now = 0;
    for (int at = 0; at < count; at += 1) {
      if (clients[at].fd >= 0) continue;
      if (now == 0) now = now_ns();
      if (clients[at].retry_at <= now) ask(&clients[at]);
    }
  }
}

static void read_request(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    exit(2);
  }
  request_length = fread(request, 1, sizeof request, file);
  fclose(file);
}

int main(int words, char **word) {
  int count = words == 7 ? atoi(word[2]) : 0;
  if (count < 1 || count > MAX_CONNECTIONS) {
    fprintf(stderr, "usage: http-load PORT CONNECTIONS WARM_UP_MS DURATION_MS REQUEST_FILE LEAST\n");
    return 2;
  }
  port = atoi(word[1]);
  read_request(word[5]);
  least = atoi(word[6]);
  epoll = epoll_create1(0);
  struct client *clients = calloc((size_t)count, sizeof *clients);
  if (epoll < 0 || clients == NULL) return 1;
  for (int at = 0; at < count; at += 1) {
    clients[at].fd = -1;
    ask(&clients[at]);
  }
  run(clients, count, now_ns() + atol(word[3]) * 1000000LL);
  printf("begin\n");
  fflush(stdout);
  measuring = 1;
  int64_t began = now_ns();
  int64_t duration = atol(word[4]) * 1000000LL;
  run(clients, count, began + duration);
  while (whole.count < (size_t)count && now_ns() < began + duration * MOST_TIMES) {
    run(clients, count, now_ns() + duration / MOST_TIMES);
  }
  double seconds = (double)(now_ns() - began) / 1e9;
  measuring = 0;
  printf("end\n");
  fflush(stdout);
  draining = 1;
  run(clients, count, now_ns() + DRAIN_MS * 1000000LL);
  qsort(whole.values, whole.count, sizeof *whole.values, by_size);
  qsort(first.values, first.count, sizeof *first.values, by_size);
  for (char *at = failure; *at != 0; at += 1) {
    if (*at < ' ' || *at == '"' || *at == '\\' || *at > '~') *at = ' ';
  }
  printf("{\"requests\":%zu,\"failures\":%ld,\"seconds\":%.6f,\"p50Ms\":%.4f,\"p99Ms\":%.4f,\"firstP50Ms\":%.4f,"
         "\"firstP99Ms\":%.4f,\"failure\":\"%s\"}\n",
         whole.count, failures, seconds, percentile_ms(&whole, 0.5), percentile_ms(&whole, 0.99),
         percentile_ms(&first, 0.5), percentile_ms(&first, 0.99), failure);
  return 0;
}
