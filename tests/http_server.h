/* A small HTTP server in a thread, for tests of clients: one request a connection, on a loopback port of its own. The
 * handler gets the whole head of the request (and a body of up to a few kilobytes behind it) and writes what it likes. */
#ifndef LAZARET_TESTS_HTTP_SERVER_H
#define LAZARET_TESTS_HTTP_SERVER_H

#include "base/str.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>

struct http_server {
	int listener;
	uint16_t port;
	pthread_t thread;
	atomic_uint requests;
	void (*handle)(struct http_server *s, int fd, struct str method, struct str path,
		       struct str head);
	void *ctx;
};

static inline void http_write(int fd, const void *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = send(fd, (const char *)p + done, n - done, MSG_NOSIGNAL);
		if (w <= 0)
			return;
		done += (size_t)w;
	}
}

__attribute__((format(printf, 2, 3))) static inline void http_printf(int fd, const char *fmt, ...)
{
	char text[16384];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	http_write(fd, text, (size_t)n);
}

static inline void http_answer(int fd, int status, const char *more_headers, const char *body)
{
	http_printf(fd, "HTTP/1.1 %d Text\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n%s",
		    status, strlen(body), more_headers, body);
}

/* The value of a header in the request's head; empty when absent. */
static inline struct str http_header(struct str head, const char *name)
{
	struct str line;
	while (str_line(&head, &line) && line.n) {
		struct str value = line, have = str_cut(&value, ':');
		if (str_eq_nocase(have, str_of(name)))
			return str_trim(value);
	}
	return (struct str){ 0 };
}

static inline struct str http_body(struct str head)
{
	ssize_t end = str_find(head, S("\r\n\r\n"));
	return end < 0 ? (struct str){ 0 } : str_from(head, (size_t)end + 4);
}

static inline void http_serve_one(struct http_server *s, int fd)
{
	char head[16384];
	size_t n = 0;
	uint64_t length = 0;
	for (;;) {
		ssize_t r = recv(fd, head + n, sizeof head - n, 0);
		if (r <= 0)
			return;
		n += (size_t)r;
		if (head[0] < 'A' || head[0] > 'Z') /* somebody tries TLS */
			return;
		struct str h = { head, n };
		(void)str_to_u64(http_header(h, "content-length"), 8000, &length);
		if (str_find(h, S("\r\n\r\n")) >= 0 && http_body(h).n >= length)
			break;
		if (n == sizeof head)
			return;
	}
	struct str rest = { head, n }, line = { 0 };
	(void)str_line(&rest, &line);
	struct str method = str_cut(&line, ' '), path = str_cut(&line, ' ');
	atomic_fetch_add(&s->requests, 1);
	s->handle(s, fd, method, path, rest);
}

static inline void *http_run(void *arg)
{
	struct http_server *s = arg;
	for (;;) {
		int fd = accept(s->listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		http_serve_one(s, fd);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
}

static inline void http_start(struct http_server *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&a, n) ||
	    listen(s->listener, 32) || getsockname(s->listener, (struct sockaddr *)&a, &n))
		abort();
	s->port = ntohs(a.sin_port);
	if (pthread_create(&s->thread, NULL, http_run, s))
		abort();
}

static inline void http_stop(struct http_server *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
}

#endif
