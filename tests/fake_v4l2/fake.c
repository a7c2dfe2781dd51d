/* A camera for tests, put under a program by LD_PRELOAD: the calls of a V4L2 capture device, answered from files.
 *
 * FAKE_ROOT names a folder in which /dev/video*, /dev/v4l and /sys/class/video4linux are looked for.
 * FAKE_ROOT/dev/videoN is a plain file; while it exists the camera is plugged in. Its lines:
 *     mode YUYV 640 480 1 30        format, width, height, time between pictures as numerator and denominator
 *     picture YUYV /path            the bytes of every picture in this format, read anew for each
 * FAKE_ROOT/stall: while it exists no picture comes. FAKE_ROOT/stubborn: the driver does not stop when told to. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (1 << 20)
#define BUFFERS 4
#define FDS 1024
#define REAL(name) dlsym(RTLD_NEXT, name)

struct mode { unsigned format, width, height, numerator, denominator; };
struct camera {
    char node[512];
    struct mode now;
    unsigned char *mapped[BUFFERS];
    int queue[BUFFERS], queued, streaming, ready;
    unsigned sequence;
};
static struct camera *cameras[FDS];

static struct camera *camera_of(int fd) { return fd >= 0 && fd < FDS ? cameras[fd] : NULL; }

static int exists(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", getenv("FAKE_ROOT"), name);
    return access(path, F_OK) == 0;
}

/* The path below FAKE_ROOT for those that belong to cameras. */
static const char *moved(const char *path, char *room, size_t size) {
    const char *root = getenv("FAKE_ROOT");
    if (!root || (strncmp(path, "/dev/video", 10) && strncmp(path, "/dev/v4l", 8) && strncmp(path, "/sys/class/video4linux", 22)))
        return path;
    snprintf(room, size, "%s%s", root, path);
    return room;
}

static int unplugged(const struct camera *camera) { return access(camera->node, F_OK) != 0; }

static unsigned four_cc(const char *name) { return v4l2_fourcc(name[0], name[1], name[2], name[3]); }

static int modes(const struct camera *camera, struct mode *found, int most) {
    FILE *file = fopen(camera->node, "r");
    char line[512], name[8];
    int count = 0;
    while (file && count < most && fgets(line, sizeof line, file)) {
        struct mode *m = &found[count];
        if (sscanf(line, "mode %7s %u %u %u %u", name, &m->width, &m->height, &m->numerator, &m->denominator) == 5) {
            m->format = four_cc(name);
            count++;
        }
    }
    if (file) fclose(file);
    return count;
}

static int open_any(const char *path, int flags, int mode) {
    static int (*real)(const char *, int, ...);
    if (!real) real = REAL("open64");
    char room[512], resolved[512];
    const char *where = moved(path, room, sizeof room);
    if (where == path || strncmp(path, "/dev/", 5)) return real(where, flags, mode);
    char *(*real_path)(const char *, char *) = REAL("realpath");
    if (!real_path(where, resolved)) return -1;
    struct camera *camera = calloc(1, sizeof *camera);
    snprintf(camera->node, sizeof camera->node, "%s", resolved);
    if (!modes(camera, &camera->now, 1)) { free(camera); errno = ENODEV; return -1; }
    int fd = memfd_create("camera", 0);
    if (fd < 0 || fd >= FDS) { free(camera); errno = EMFILE; return -1; }
    cameras[fd] = camera;
    return fd;
}

int open64(const char *path, int flags, ...) {
    va_list list; va_start(list, flags); int mode = va_arg(list, int); va_end(list);
    return open_any(path, flags, mode);
}
int open(const char *path, int flags, ...) {
    va_list list; va_start(list, flags); int mode = va_arg(list, int); va_end(list);
    return open_any(path, flags, mode);
}
int close(int fd) {
    int (*real)(int) = REAL("close");
    struct camera *camera = camera_of(fd);
    if (camera) { cameras[fd] = NULL; free(camera); }
    return real(fd);
}
DIR *opendir(const char *path) {
    DIR *(*real)(const char *) = REAL("opendir");
    char room[512];
    return real(moved(path, room, sizeof room));
}
char *realpath(const char *path, char *resolved) {
    char *(*real)(const char *, char *) = REAL("realpath");
    char room[512];
    return real(moved(path, room, sizeof room), resolved);
}

static void *map(void *start, size_t length, int protection, int flags, int fd, off_t offset) {
    void *(*real)(void *, size_t, int, int, int, off_t) = REAL("mmap");
    struct camera *camera = camera_of(fd);
    if (!camera) return real(start, length, protection, flags, fd, offset);
    void *memory = real(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    camera->mapped[offset / BUFFER] = memory;
    return memory;
}
void *mmap(void *s, size_t l, int p, int f, int fd, off_t o) { return map(s, l, p, f, fd, o); }
void *mmap64(void *s, size_t l, int p, int f, int fd, off_t o) { return map(s, l, p, f, fd, o); }

int poll(struct pollfd *fds, nfds_t count, int timeout) {
    int (*real)(struct pollfd *, nfds_t, int) = REAL("poll");
    struct camera *camera = count == 1 ? camera_of(fds[0].fd) : NULL;
    if (!camera) return real(fds, count, timeout);
    if (unplugged(camera) || !camera->streaming) { fds[0].revents = POLLERR | POLLHUP; return 1; }
    /* What was announced stays true until it is fetched. */
    if (!camera->ready && (exists("stall") || !camera->queued)) { usleep(timeout < 0 ? 1000000 : timeout * 1000); return 0; }
    usleep(10000);
    fds[0].revents = POLLIN;
    camera->ready = 1;
    return 1;
}

static unsigned picture(const struct camera *camera, unsigned char *bytes) {
    FILE *file = fopen(camera->node, "r");
    char line[512], name[8], path[480];
    unsigned length = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "picture %7s %479s", name, path) != 2 || four_cc(name) != camera->now.format) continue;
        FILE *source = fopen(path, "rb");
        if (source) { length = fread(bytes, 1, BUFFER, source); fclose(source); }
    }
    if (file) fclose(file);
    return length;
}

static int answer(struct camera *camera, unsigned long request, void *argument) {
    struct mode all[32];
    if (unplugged(camera)) { errno = ENODEV; return -1; }
    int count = modes(camera, all, 32);
    switch (request) {
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *d = argument;
        unsigned seen[32], formats = 0;
        for (int i = 0; i < count; i++) {
            int known = 0;
            for (unsigned k = 0; k < formats; k++) known |= seen[k] == all[i].format;
            if (!known) seen[formats++] = all[i].format;
        }
        if (d->index >= formats) break;
        d->pixelformat = seen[d->index];
        return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *s = argument;
        unsigned index = 0;
        for (int i = 0; i < count; i++) {
            int known = all[i].format != s->pixel_format;
            for (int k = 0; k < i; k++)
                known |= all[k].format == s->pixel_format && all[k].width == all[i].width && all[k].height == all[i].height;
            if (known || index++ != s->index) continue;
            s->type = V4L2_FRMSIZE_TYPE_DISCRETE;
            s->discrete.width = all[i].width;
            s->discrete.height = all[i].height;
            return 0;
        }
        break;
    }
    case VIDIOC_ENUM_FRAMEINTERVALS: {
        struct v4l2_frmivalenum *s = argument;
        unsigned index = 0;
        for (int i = 0; i < count; i++) {
            if (all[i].format != s->pixel_format || all[i].width != s->width || all[i].height != s->height) continue;
            if (index++ != s->index) continue;
            s->type = V4L2_FRMIVAL_TYPE_DISCRETE;
            s->discrete.numerator = all[i].numerator;
            s->discrete.denominator = all[i].denominator;
            return 0;
        }
        break;
    }
    case VIDIOC_S_FMT: {
        struct v4l2_format *f = argument;
        for (int fd = 0; fd < FDS; fd++)
            if (cameras[fd] && cameras[fd] != camera && cameras[fd]->streaming && !strcmp(cameras[fd]->node, camera->node)) {
                errno = EBUSY;
                return -1;
            }
        for (int i = 0; i < count; i++)
            if (all[i].format == f->fmt.pix.pixelformat && all[i].width == f->fmt.pix.width && all[i].height == f->fmt.pix.height)
                camera->now = all[i];
    } /* fall through */
    case VIDIOC_G_FMT: {
        struct v4l2_format *f = argument;
        memset(&f->fmt, 0, sizeof f->fmt);
        f->fmt.pix.width = camera->now.width;
        f->fmt.pix.height = camera->now.height;
        f->fmt.pix.pixelformat = camera->now.format;
        f->fmt.pix.field = V4L2_FIELD_NONE;
        f->fmt.pix.sizeimage = BUFFER;
        f->fmt.pix.bytesperline = camera->now.format == V4L2_PIX_FMT_YUYV ? camera->now.width * 2 : 0;
        return 0;
    }
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *p = argument;
        camera->now.numerator = p->parm.capture.timeperframe.numerator;
        camera->now.denominator = p->parm.capture.timeperframe.denominator;
    } /* fall through */
    case VIDIOC_G_PARM: {
        struct v4l2_streamparm *p = argument;
        p->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        p->parm.capture.timeperframe.numerator = camera->now.numerator;
        p->parm.capture.timeperframe.denominator = camera->now.denominator;
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *r = argument;
        if (r->count && camera->streaming) { errno = EBUSY; return -1; }
        if (r->count > BUFFERS) r->count = BUFFERS;
        camera->queued = 0;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *b = argument;
        b->length = BUFFER;
        b->m.offset = b->index * BUFFER;
        return 0;
    }
    case VIDIOC_QBUF: {
        struct v4l2_buffer *b = argument;
        if (b->index >= BUFFERS) break;
        for (int i = 0; i < camera->queued; i++)
            if (camera->queue[i] == (int)b->index) { errno = EINVAL; return -1; }
        camera->queue[camera->queued++] = b->index;
        return 0;
    }
    case VIDIOC_DQBUF: {
        struct v4l2_buffer *b = argument;
        if (!camera->queued) { errno = EAGAIN; return -1; }
        camera->ready = 0;
        b->index = camera->queue[0];
        memmove(camera->queue, camera->queue + 1, --camera->queued * sizeof(int));
        b->bytesused = picture(camera, camera->mapped[b->index]);
        b->sequence = camera->sequence++;
        b->flags = 0;
        return 0;
    }
    case VIDIOC_STREAMON:
        camera->streaming = 1;
        return 0;
    case VIDIOC_STREAMOFF:
        if (exists("stubborn")) { errno = EIO; return -1; }
        camera->streaming = camera->queued = camera->ready = 0;
        return 0;
    default:
        errno = ENOTTY;
        return -1;
    }
    errno = EINVAL;
    return -1;
}

/* `v4l` calls `syscall(SYS_ioctl, …)`. */
long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = REAL("syscall");
    va_list list;
    va_start(list, number);
    long a[6];
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    struct camera *camera = number == SYS_ioctl ? camera_of((int)a[0]) : NULL;
    if (camera) return answer(camera, (unsigned long)a[1] & 0xffffffff, (void *)a[2]);
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
