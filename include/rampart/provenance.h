/* Who made a product and how: program, device, references by checksum.
 *
 * Kept in the ASDF extension alone, as history.rampart.<key>, where readers of the reference's products do not look;
 * "program" is always there.  Not carried over from the files that a product is made from. */
#ifndef RAMPART_PROVENANCE_H
#define RAMPART_PROVENANCE_H

#include "rampart/product.h"

/* Keys are made of letters, digits, '_', '-' and '.'; setting one again replaces its text. */
rp_code rp_product_provenance(rp_product *product, const char *key, const char *text, rp_error *err);

#endif
