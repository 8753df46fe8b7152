/* Preloaded into the processes of a cell: a wall clock that can be stepped for them alone.
 *
 * The file that CELL_WALL_CLOCK names holds one 64-bit count of nanoseconds that is added to CLOCK_REALTIME,
 * gettimeofday and time. Monotonic clocks are left alone. A deadline on the wall clock is taken back to the true
 * one before it is waited for; one on the monotonic clock is told from it by its size: no machine is up for 30
 * years. A wait under way when the clock is stepped ends at its old time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define OLDEST_WALL_CLOCK 1000000000LL /* s: September 2001 */

static volatile int64_t zero;
static volatile int64_t *offset = &zero;

__attribute__((constructor)) static void attach(void) {
  const char *path = getenv("CELL_WALL_CLOCK");
  int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (fd < 0) return;
  if (ftruncate(fd, sizeof *offset) == 0) {
    void *page = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) offset = page;
  }
  close(fd);
}

static void *next(const char *name, const char *version) {
  void *found = version ? dlvsym(RTLD_NEXT, name, version) : NULL;
  return found ? found : dlsym(RTLD_NEXT, name);
}

/* Each keeps what it has found; two threads that look at once find the same. */
#define NEXT(type, name, version) \
  static type real;               \
  if (!real) real = (type)next(name, version)

static struct timespec moved(struct timespec at, int64_t by) {
  int64_t total = at.tv_sec * SECOND + at.tv_nsec + by;
  struct timespec result = {total / SECOND, total % SECOND};
  return result;
}

static struct timespec true_deadline(const struct timespec *at) {
  return at->tv_sec > OLDEST_WALL_CLOCK ? moved(*at, -*offset) : *at;
}

typedef int (*clock_gettime_fn)(clockid_t, struct timespec *);
int clock_gettime(clockid_t clock, struct timespec *now) {
  NEXT(clock_gettime_fn, "clock_gettime", NULL);
  int code = real(clock, now);
  if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) *now = moved(*now, *offset);
  return code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec at;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &at) != 0) return -1;
  now->tv_sec = at.tv_sec;
  now->tv_usec = at.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *now) {
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  if (now) *now = at.tv_sec;
  return at.tv_sec;
}

typedef int (*cond_fn)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
                           const struct timespec *restrict at) {
  NEXT(cond_fn, "pthread_cond_timedwait", "GLIBC_2.3.2");
  struct timespec deadline = true_deadline(at);
  return real(c, m, &deadline);
}

typedef int (*mutex_fn)(pthread_mutex_t *, const struct timespec *);
int pthread_mutex_timedlock(pthread_mutex_t *restrict m, const struct timespec *restrict at) {
  NEXT(mutex_fn, "pthread_mutex_timedlock", NULL);
  struct timespec deadline = true_deadline(at);
  return real(m, &deadline);
}

typedef int (*sem_fn)(sem_t *, const struct timespec *);
int sem_timedwait(sem_t *restrict s, const struct timespec *restrict at) {
  NEXT(sem_fn, "sem_timedwait", NULL);
  struct timespec deadline = true_deadline(at);
  return real(s, &deadline);
}
