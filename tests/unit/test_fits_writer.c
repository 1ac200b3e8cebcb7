/* FITS files being made: bytes, layout changes, and no trace after failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "io/fits/cards.h"
#include "rampart/container.h"
#include "test_fits_files.h"

/* The cards of a blob_header, without END. */
static rp_hdu_plan plan_of(blob *header, const char *name, const char *cards)
{
    blob_free(header);
    blob_header(header, cards);
    return (rp_hdu_plan){
        .extname = name, .extver = 1, .cards = header->bytes, .ncards = rp_cards_count(header->bytes, header->n)};
}

#define SCI_CARDS IMAGE_CARDS(8, "NAXIS   = 2|NAXIS1  = 5|NAXIS2  = 4") "|EXTNAME = 'SCI     '"
#define ERR_CARDS IMAGE_CARDS(16, "NAXIS   = 2|NAXIS1  = 3|NAXIS2  = 2") "|EXTNAME = 'ERR     '|BZERO   = 32768"
#define TAB_CARDS \
    "XTENSION= 'TABLE   '|BITPIX  = 8|NAXIS   = 2|NAXIS1  = 3|NAXIS2  = 1|PCOUNT  = 0|GCOUNT  = 1|TFIELDS = 0"

typedef struct fixture {
    blob primary, sci, err, table;
    rp_hdu_plan plan[4];
} fixture;

static void fixture_init(fixture *f)
{
    memset(f, 0, sizeof *f);
    f->plan[0] = plan_of(&f->primary, "PRIMARY", PRIMARY_CARDS);
    f->plan[1] = plan_of(&f->sci, "SCI", SCI_CARDS);
    f->plan[2] = plan_of(&f->err, "ERR", ERR_CARDS);
    f->plan[3] = plan_of(&f->table, "TAB", TAB_CARDS);
    f->plan[0].is_image = f->plan[1].is_image = f->plan[2].is_image = true;
    f->plan[1].type = RP_U8;
    f->plan[1].shape = (rp_shape){2, {4, 5}};
    f->plan[2].type = RP_U16;
    f->plan[2].shape = (rp_shape){2, {2, 3}};
    f->plan[3].bytes = "xyz";
    f->plan[3].nbytes = 3;
}

static void fixture_free(fixture *f)
{
    blob_free(&f->primary);
    blob_free(&f->sci);
    blob_free(&f->err);
    blob_free(&f->table);
}

static void write_pixels(const rp_writer *w)
{
    const rp_sink *const sci = rp_writer_sink(w, 1), *const err = rp_writer_sink(w, 2);
    assert_null(rp_writer_sink(w, 0));
    assert_null(rp_writer_sink(w, 3));
    assert_null(rp_writer_sink(w, 9));
    assert_int_equal(sci->write(sci, 0, (rp_rect){0, 0, 2, 5}, "abcdefghij", NULL), RP_OK);
    assert_int_equal(sci->write(sci, 0, (rp_rect){2, 0, 2, 3}, "klmpqr", NULL), RP_OK);
    assert_int_equal(sci->write(sci, 0, (rp_rect){2, 3, 2, 2}, "nost", NULL), RP_OK);
    assert_int_equal(err->write(err, 0, (rp_rect){0, 0, 2, 3}, "AABBCCDDEEFF", NULL), RP_OK);
    assert_int_equal(err->write(err, 0, (rp_rect){1, 0, 2, 3}, "AABBCCDDEEFF", NULL), RP_E_INTERNAL);
}

/* What the file must be. */
static blob expected(const char *sci_cards, const char *err_cards)
{
    blob b = {0};
    blob_header(&b, PRIMARY_CARDS);
    blob_header(&b, sci_cards);
    blob_add(&b, "abcdefghijklmnopqrst", 20);
    blob_pad(&b, '\0');
    blob_header(&b, err_cards);
    blob_add(&b, "AABBCCDDEEFF", 12);
    blob_pad(&b, '\0');
    blob_header(&b, TAB_CARDS);
    blob_add(&b, "xyz", 3);
    blob_pad(&b, ' ');
    return b;
}

static void assert_file(const char *path, blob want)
{
    blob got = read_file(path);
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.bytes, want.bytes, want.n);
    blob_free(&got);
    blob_free(&want);
}

static void writes(void **state)
{
    (void)state;
    fixture f;
    rp_writer *w = NULL;
    rp_error err = {0};
    for (int durable = 0; durable < 2; durable++) {
        fixture_init(&f);
        assert_int_equal(rp_fits_writer_new(&w, "out.fits", f.plan, 4, &err), RP_OK);
        fixture_free(&f); /* everything was copied */
        assert_int_equal(count_files("."), durable + 1);
        write_pixels(w);
        assert_int_equal(rp_writer_commit(w, durable, &err), RP_OK);
        assert_file("out.fits", expected(SCI_CARDS, ERR_CARDS));
        assert_int_equal(count_files("."), 1);
    }
}

/* Headers that grow and shrink by blocks, in every combination, after the pixels were written. */
static void moves_pixels(void **state)
{
    (void)state;
    blob longer = {0};
    for (int i = 0; i < 80; i++)
        blob_add(&longer, "|HISTORY x", 10);
    longer.bytes[longer.n] = '\0';
    for (int way = 0; way < 16; way++) {
        char *cards[4] = {0};
        fixture f;
        rp_writer *w = NULL;
        blob header = {0};
        fixture_init(&f);
        for (int i = 0; i < 4; i++) /* 0, 1: SCI before, after; 2, 3: ERR before, after */
            assert_true(asprintf(&cards[i], "%s%s", i < 2 ? SCI_CARDS : ERR_CARDS, way & (1 << i) ? longer.bytes : "") >
                        0);
        for (int i = 0; i < 2; i++) {
            const rp_hdu_plan changed = plan_of(i ? &f.err : &f.sci, "", cards[2 * i]);
            f.plan[i + 1].cards = changed.cards;
            f.plan[i + 1].ncards = changed.ncards;
        }
        assert_int_equal(rp_fits_writer_new(&w, "out.fits", f.plan, 3, NULL), RP_OK);
        for (int i = 0; i < 2; i++) {
            const rp_hdu_plan changed = plan_of(&header, "", cards[2 * i + 1]);
            if (i)
                write_pixels(w); /* the places of pixels hold between two changes */
            assert_int_equal(rp_writer_set_cards(w, (size_t)i + 1, changed.cards, changed.ncards, NULL), RP_OK);
        }
        assert_int_equal(rp_writer_append(w, &f.plan[3], NULL), RP_OK);
        assert_int_equal(rp_writer_commit(w, false, NULL), RP_OK);
        assert_file("out.fits", expected(cards[1], cards[3]));
        for (int i = 0; i < 4; i++)
            free(cards[i]);
        blob_free(&header);
        fixture_free(&f);
    }
    blob_free(&longer);
}

static void unwritten_pixels_are_zero(void **state)
{
    (void)state;
    fixture f;
    rp_writer *w = NULL;
    static const char zeros[20];
    fixture_init(&f);
    assert_int_equal(rp_fits_writer_new(&w, "out.fits", f.plan, 2, NULL), RP_OK);
    assert_int_equal(rp_writer_commit(w, false, NULL), RP_OK);
    blob got = read_file("out.fits");
    assert_int_equal(got.n, 3 * 2880);
    assert_memory_equal(got.bytes + 5760, zeros, sizeof zeros);
    blob_free(&got);
    fixture_free(&f);
}

static void refuses_other_cards(void **state)
{
    (void)state;
    static const char *const wrong[] = {IMAGE_CARDS(8, "NAXIS   = 2|NAXIS1  = 4|NAXIS2  = 5"),
                                        IMAGE_CARDS(8, "NAXIS   = 2|NAXIS1  = 5|NAXIS2  = 5"),
                                        IMAGE_CARDS(16, "NAXIS   = 2|NAXIS1  = 5|NAXIS2  = 4"),
                                        SCI_CARDS "|BZERO   = -128",
                                        SCI_CARDS "|END",
                                        "SIMPLE  = T"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fixture f;
        rp_writer *w = NULL;
        blob header = {0};
        rp_error err = {0};
        fixture_init(&f);
        blob_header(&header, wrong[i]);
        size_t ncards = 1;
        for (const char *p = wrong[i]; *p; p++)
            ncards += *p == '|';
        assert_int_equal(rp_fits_writer_new(&w, "out.fits", f.plan, 2, NULL), RP_OK);
        const rp_code code = rp_writer_set_cards(w, 1, header.bytes, ncards, &err);
        assert_true(code == RP_E_INTERNAL || code == RP_E_FORMAT);
        assert_non_null(strstr(err.text, "out.fits"));
        assert_int_equal(rp_writer_set_cards(w, 7, header.bytes, 1, &err), RP_E_INTERNAL);
        rp_writer_discard(w);
        f.plan[1].cards = header.bytes;
        f.plan[1].ncards = ncards;
        assert_int_equal(rp_fits_writer_new(&w, "out.fits", f.plan, 2, &err), code);
        assert_null(w);
        assert_int_equal(count_files("."), 0);
        blob_free(&header);
        fixture_free(&f);
    }
}

static void leaves_no_trace(void **state)
{
    (void)state;
    fixture f;
    rp_writer *w = NULL;
    rp_error err = {0};
    fixture_init(&f);
    write_file("out.fits", "old", 3);
    assert_int_equal(rp_fits_writer_new(&w, "out.fits", f.plan, 4, &err), RP_OK);
    assert_int_equal(count_files("."), 2);
    rp_writer_discard(w);
    rp_writer_discard(NULL);
    assert_int_equal(count_files("."), 1);
    blob old = {0};
    blob_add(&old, "old", 3);
    assert_file("out.fits", old);
    assert_int_equal(rp_fits_writer_new(&w, "no/such/folder/out.fits", f.plan, 4, &err), RP_E_IO);
    assert_non_null(strstr(err.text, "no/such/folder/out.fits"));
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(rp_fits_writer_new(&w, "folder", f.plan, 4, &err), RP_E_IO);
    assert_int_equal(rp_fits_writer_new(&w, "folder/", f.plan, 4, &err), RP_E_IO);
    /* The target becomes a folder meanwhile: the rename fails. */
    assert_int_equal(rp_fits_writer_new(&w, "late", f.plan, 4, &err), RP_OK);
    assert_int_equal(mkdir("late", 0777), 0);
    assert_int_equal(rp_writer_commit(w, false, &err), RP_E_IO);
    assert_non_null(strstr(err.text, "late"));
    assert_int_equal(rmdir("late") || rmdir("folder"), 0);
    assert_int_equal(count_files("."), 1);
    fixture_free(&f);
}

/* No room for the file: an error that names it, and no temporary file left. */
static void reports_full_disk(void **state)
{
    (void)state;
    fixture f;
    rp_writer *w = NULL;
    rp_error err = {0};
    struct rlimit old, small;
    fixture_init(&f);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 9000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const rp_code made = rp_fits_writer_new(&w, "out.fits", f.plan, 4, &err);
    const bool named = strstr(err.text, "out.fits") != NULL;
    /* Fits at first, but a further HDU does not; the writer stays usable. */
    const rp_code first = rp_fits_writer_new(&w, "out.fits", f.plan, 2, &err);
    const rp_code further = rp_writer_append(w, &f.plan[2], &err);
    const rp_code done = rp_writer_commit(w, false, &err);
    (void)setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(made, RP_E_IO);
    assert_true(named);
    assert_int_equal(first, RP_OK);
    assert_int_equal(further, RP_E_IO);
    assert_int_equal(done, RP_OK);
    assert_int_equal(count_files("."), 1);
    fixture_free(&f);
}

static void refuses_absurd_shapes(void **state)
{
    (void)state;
    fixture f;
    rp_writer *w = NULL;
    rp_error err = {0};
    fixture_init(&f);
    f.plan[1].shape = (rp_shape){3, {INT64_MAX / 2, 4, 5}};
    assert_int_equal(rp_fits_writer_new(&w, "out.fits", f.plan, 2, &err), RP_E_ARGUMENT);
    f.plan[1].shape = (rp_shape){2, {-4, 5}};
    assert_int_equal(rp_fits_writer_new(&w, "out.fits", f.plan, 2, &err), RP_E_ARGUMENT);
    assert_int_equal(count_files("."), 0);
    fixture_free(&f);
}

enum { ROWS = 400, WIDTH = 300, WRITERS = 4 };

typedef struct part {
    const rp_sink *sink;
    int first;
} part;

static void *write_rows(void *payload)
{
    const part *const p = payload;
    unsigned char row[WIDTH];
    for (int y = p->first; y < ROWS; y += WRITERS) {
        memset(row, y % 251, sizeof row);
        if (p->sink->write(p->sink, 0, (rp_rect){y, 0, 1, WIDTH}, row, NULL) != RP_OK)
            abort();
    }
    return NULL;
}

static void writes_from_threads(void **state)
{
    (void)state;
    blob primary = {0}, header = {0};
    rp_writer *w = NULL;
    rp_hdu_plan plan[2] = {plan_of(&primary, "PRIMARY", PRIMARY_CARDS),
                           plan_of(&header, "SCI", IMAGE_CARDS(8, "NAXIS   = 2|NAXIS1  = 300|NAXIS2  = 400"))};
    plan[0].is_image = plan[1].is_image = true;
    plan[1].type = RP_U8;
    plan[1].shape = (rp_shape){2, {ROWS, WIDTH}};
    assert_int_equal(rp_fits_writer_new(&w, "out.fits", plan, 2, NULL), RP_OK);
    pthread_t threads[WRITERS];
    part parts[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        parts[i] = (part){rp_writer_sink(w, 1), i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_rows, &parts[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(rp_writer_commit(w, false, NULL), RP_OK);
    blob got = read_file("out.fits");
    for (int y = 0; y < ROWS; y++)
        assert_int_equal((unsigned char)got.bytes[5760 + y * WIDTH + y % WIDTH], y % 251);
    blob_free(&got);
    blob_free(&primary);
    blob_free(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(moves_pixels, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(unwritten_pixels_are_zero, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(refuses_other_cards, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(leaves_no_trace, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(reports_full_disk, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(refuses_absurd_shapes, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(writes_from_threads, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
