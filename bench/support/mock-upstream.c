// The fastest OpenAI server that can be had: a fixed chat answer, or a stream of as many events as its argument says.
//
//   mock-upstream CHUNKS        listens on a free port of the loopback, prints it, and ends with its parent
//
// One thread, epoll, connections kept. The answers are made once; a request is looked at for its length and for
// "stream": true, and nothing else. Every event of a stream is a chunk and a send of its own, as a model sends it.
// GET answers what routers ask of a server before they send anything to it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_REQUEST 65536
#define MAX_EVENTS 256
#define MAX_CHUNKS 4096

struct answer {
  int pieces;
  char **bytes;
  size_t *lengths;
};

struct connection {
  int fd;
  size_t held;
  const struct answer *answer; // being sent; NULL: a request is being read
  int piece;
  size_t sent;
  int watches_writing;
  char request[MAX_REQUEST + 1];
};

static struct answer chat, stream, other;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void add_piece(struct answer *answer, const char *text) {
  answer->bytes = realloc(answer->bytes, (answer->pieces + 1) * sizeof(char *));
  answer->lengths = realloc(answer->lengths, (answer->pieces + 1) * sizeof(size_t));
  if (answer->bytes == NULL || answer->lengths == NULL) fail("realloc");
  answer->bytes[answer->pieces] = strdup(text);
  answer->lengths[answer->pieces] = strlen(text);
  answer->pieces += 1;
}

static void make_whole(struct answer *answer, const char *body) {
  char text[2048];
  snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
           strlen(body), body);
  add_piece(answer, text);
}

static void add_event(struct answer *answer, const char *event) {
  char text[2048];
  snprintf(text, sizeof text, "%zx\r\n%s\r\n", strlen(event), event);
  add_piece(answer, text);
}

static void make_answers(int chunks) {
  make_whole(&chat, "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"bench\",\"choices\":"
                    "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"ok\"},\"finish_reason\":\"stop\"}],"
                    "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}");
  make_whole(&other, "{\"object\":\"list\",\"data\":[{\"id\":\"bench\",\"object\":\"model\",\"created\":1,\"owned_by\":\"bench\"}],"
                     "\"status\":\"ok\",\"model_path\":\"bench\",\"served_model_name\":\"bench\"}");
  add_piece(&stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
  for (int at = 0; at < chunks; at += 1) {
    add_event(&stream, "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"bench\","
                       "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n");
  }
  add_event(&stream, "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"bench\","
                     "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
  add_event(&stream, "data: [DONE]\n\n");
  add_piece(&stream, "0\r\n\r\n");
}

/** Bytes of the first whole request in the buffer; 0: there is none yet; -1: it is none that can be served here. */
static long whole_request(struct connection *of) {
  of->request[of->held] = 0;
  char *end = strstr(of->request, "\r\n\r\n");
  if (end == NULL) return of->held < MAX_REQUEST ? 0 : -1;
  size_t head = (size_t)(end - of->request) + 4;
  *end = 0;
  char *length = strcasestr(of->request, "\r\ncontent-length:");
  int chunked = strcasestr(of->request, "\r\ntransfer-encoding:") != NULL;
  size_t whole = head + (length == NULL ? 0 : strtoul(length + 17, NULL, 10));
  *end = '\r';
  if (whole > MAX_REQUEST) return -1;
  if (!chunked) return whole <= of->held ? (long)whole : 0;
  char *last = memmem(end, of->held - (size_t)(end - of->request), "\r\n0\r\n\r\n", 7);
  return last == NULL ? 0 : last - of->request + 7;
}

static const struct answer *answer_to(const char *request, size_t length) {
  if (strncmp(request, "POST", 4) != 0) return &other;
  if (memmem(request, length, "\"stream\":true", 13) != NULL) return &stream;
  return memmem(request, length, "\"stream\": true", 14) != NULL ? &stream : &chat;
}

static void watch(int epoll, struct connection *of, int writing) {
  if (of->watches_writing == writing) return;
  of->watches_writing = writing;
  struct epoll_event event = {.events = writing ? EPOLLOUT : EPOLLIN, .data.ptr = of};
  epoll_ctl(epoll, EPOLL_CTL_MOD, of->fd, &event);
}

/** -1: the connection is gone; 0: the other side must read first; 1: all is sent. */
static int send_answer(struct connection *of) {
  while (of->piece < of->answer->pieces) {
    size_t left = of->answer->lengths[of->piece] - of->sent;
    ssize_t count = send(of->fd, of->answer->bytes[of->piece] + of->sent, left, MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN ? 0 : -1;
    of->sent += (size_t)count;
    if ((size_t)count < left) continue;
    of->piece += 1;
    of->sent = 0;
  }
  of->answer = NULL;
  return 1;
}

/** Serves what is there. False when the connection is over. */
static int serve(int epoll, struct connection *of) {
  for (;;) {
    if (of->answer != NULL) {
      int done = send_answer(of);
      if (done < 0) return 0;
      watch(epoll, of, done == 0);
      if (done == 0) return 1;
    }
    long length = whole_request(of);
    if (length < 0) return 0;
    if (length > 0) {
      of->answer = answer_to(of->request, (size_t)length);
      of->piece = 0;
      of->sent = 0;
      of->held -= (size_t)length;
      memmove(of->request, of->request + length, of->held);
      continue;
    }
    ssize_t count = recv(of->fd, of->request + of->held, MAX_REQUEST - of->held, 0);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return 0;
    if (count < 0) return 1;
    of->held += (size_t)count;
  }
}

static int listen_somewhere(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof place;
  if (listener < 0 || bind(listener, (struct sockaddr *)&place, length) < 0) fail("bind");
  if (listen(listener, 4096) < 0 || getsockname(listener, (struct sockaddr *)&place, &length) < 0) fail("listen");
  printf("%d\n", ntohs(place.sin_port));
  fflush(stdout);
  return listener;
}

static void accept_all(int epoll, int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *made = malloc(sizeof *made);
    if (made == NULL) fail("malloc");
    memset(made, 0, offsetof(struct connection, request));
    made->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = made};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
}

int main(int count, char **words) {
  int chunks = count == 2 ? atoi(words[1]) : 0;
  if (chunks < 1 || chunks > MAX_CHUNKS) {
    fprintf(stderr, "usage: mock-upstream CHUNKS (1 to %d)\n", MAX_CHUNKS);
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  make_answers(chunks);
  int epoll = epoll_create1(0);
  int listener = listen_somewhere();
  struct epoll_event events[MAX_EVENTS] = {{.events = EPOLLIN, .data.ptr = NULL}};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &events[0]) < 0) fail("epoll");
  for (;;) {
    int ready = epoll_wait(epoll, events, MAX_EVENTS, -1);
    for (int at = 0; at < ready; at += 1) {
      struct connection *of = events[at].data.ptr;
      if (of == NULL) accept_all(epoll, listener);
      else if (!serve(epoll, of)) {
        close(of->fd);
        free(of);
      }
    }
  }
}
