/* Limits, full disks and folders that cannot be written: tests/fault/fault.h. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fault/fault.h"

/* Bytes of the largest file of the undisturbed run. */
static long largest_product(const fault *f)
{
    long most = 0;
    char **names = test_names(f->base);
    for (char **name = names; *name; name++) {
        struct stat info;
        char *path = test_text("%s/%s", f->base, *name);
        if (stat(path, &info) == 0 && info.st_size > most)
            most = (long)info.st_size;
        free(path);
    }
    test_free_names(names);
    return most;
}

/* ------------------------------------------------------------------ ulimit -f */
static void limit_file_size(const void *payload)
{
    const struct rlimit limit = {*(const rlim_t *)payload, *(const rlim_t *)payload};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(127);
}

int fault_file_size(fault *f)
{
    enum { STEPS = 24 };
    const long most = largest_product(f);
    test_command command = fault_command(f, f->bin, NULL, NULL);
    for (int i = 0; i <= STEPS; i++) {
        const rlim_t bytes = (rlim_t)(most * i / STEPS);
        char *what = test_text("files of at most %ld bytes", (long)bytes);
        fault_prepare(f);
        const test_child child = test_start(&command, false, limit_file_size, &bytes);
        (void)fault_judge(f, what, test_finish(child, f->log), LEAVES_NOTHING, NULL);
        free(what);
    }
    test_clear(&command);
    return 0;
}

/* ------------------------------------------------------------------ a full disk */
/* A mount table of our own: nothing has to be undone, and nobody else sees it. */
static bool may_mount(void)
{
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        return true;
    printf("skipped: mounting a small file system: %s\n", strerror(errno));
    return false;
}

static bool mount_small(const char *folder, long kilobytes)
{
    char *options = test_text("size=%ldk", kilobytes);
    test_make_folder(folder);
    const bool done = mount("rampart-test", folder, "tmpfs", 0, options) == 0;
    if (!done)
        printf("skipped: mounting a small file system: %s\n", strerror(errno));
    free(options);
    return done;
}

/* The case with its folder for products, or for scratch files, on a file system of so many kilobytes. */
static bool run_on_small(fault *f, bool scratch, long kilobytes)
{
    char *disk = test_text("%s/disk", f->work), *folder = test_text("%s/folder", disk);
    char *what = test_text("%s on a disk of %ld kB", scratch ? "scratch" : "products", kilobytes);
    char **moved = scratch ? &f->scratch : &f->out, *usual = *moved;
    const bool mounted = mount_small(disk, kilobytes);
    if (mounted) {
        *moved = folder;
        (void)setenv("TMPDIR", f->scratch, 1);
        test_command command = fault_command(f, f->bin, NULL, NULL);
        (void)fault_run(f, what, &command, LEAVES_NOTHING, NULL);
        test_clear(&command);
        *moved = usual;
        (void)setenv("TMPDIR", f->scratch, 1);
        (void)umount(disk);
    }
    free(disk);
    free(folder);
    free(what);
    return mounted;
}

int fault_full_disk(fault *f)
{
    enum { STEPS = 24 };
    if (!may_mount())
        return RP_TEST_SKIPPED;
    const long most = largest_product(f) / 1024;
    for (int i = 1; i <= STEPS; i++)
        if (!run_on_small(f, false, 120 + 4 * most * i / STEPS) || !run_on_small(f, true, 8 + 8 * i))
            return RP_TEST_SKIPPED;
    return 0;
}

/* ------------------------------------------------------------------ folders and names */
/* The case into another folder: it must be refused with the words, and f->out stay as it is. */
static void refuse_output(fault *f, const char *what, const char *option, const char *word)
{
    const char *const words[] = {word, NULL};
    test_command command = fault_command(f, f->bin, option, NULL);
    fault_prepare(f);
    const int status = test_run(&command, f->log, false);
    (void)fault_judge(f, what, status, LEAVES_NOTHING, words);
    if (status == 0) {
        printf("FAIL %s: it went through\n", what);
        f->failures++;
    }
    test_clear(&command);
}

/* A folder of the name that a product is to have. */
static void product_is_folder(fault *f)
{
    char **names = test_names(f->base);
    for (char **name = names; *name; name++) {
        const char *const words[] = {*name, "folder", NULL};
        char *path = test_text("%s/%s", f->out, *name), *inner = test_text("%s/kept", path);
        test_command command = fault_command(f, f->bin, NULL, NULL);
        fault_prepare(f);
        (void)unlink(path);
        test_make_folder(path);
        test_write_file(inner, "kept", 4);
        const int status = test_run(&command, f->log, false);
        char *kept = test_read_file(inner, NULL);
        if (status == 0 || !kept) {
            printf("FAIL a folder in the place of %s: exit code %d\n", *name, status);
            f->failures++;
        }
        test_remove_folder(path);
        fault_old_product(path);
        (void)fault_judge(f, "a folder in the place of a product", status, LEAVES_NOTHING, words);
        free(kept);
        free(path);
        free(inner);
        test_clear(&command);
    }
    test_free_names(names);
}

static void read_only_mount(fault *f)
{
    char *folder = test_text("%s/read-only", f->work), *option = test_text("--output_dir=%s", folder);
    test_make_folder(folder);
    if (!may_mount() || mount("rampart-test", folder, "tmpfs", MS_RDONLY, "size=64k") != 0)
        printf("skipped: a read-only file system: %s\n", strerror(errno));
    else
        refuse_output(f, "a read-only file system", option, folder);
    free(folder);
    free(option);
}

int fault_folders(fault *f)
{
    char *file = test_text("%s/file", f->work), *below = test_text("--output_dir=%s/below", file);
    char *same = test_text("--output_dir=%s", file), *link = test_text("%s/link", f->work);
    char *dangling = test_text("--output_dir=%s/x", link), name[400] = "--output_file=";
    test_write_file(file, "x", 1);
    (void)unlink(link);
    if (symlink("/nonexistent/folder", link) != 0)
        return 1;
    memset(name + strlen(name), 'n', 300);
    refuse_output(f, "a folder below a file", below, file);
    refuse_output(f, "a file in the place of the folder", same, file);
    refuse_output(f, "a link to nowhere", dangling, link);
    refuse_output(f, "a folder of the kernel", "--output_dir=/proc/nothing", "/proc/nothing");
    refuse_output(f, "a name that is too long", name, "nnn");
    product_is_folder(f);
    read_only_mount(f);
    free(file);
    free(below);
    free(same);
    free(link);
    free(dangling);
    return 0;
}
