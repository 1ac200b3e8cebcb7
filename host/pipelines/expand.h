/* "~", "~name", "$NAME" and "${NAME}" in folders, as Python's expanduser and expandvars expand them. */
#ifndef RP_HOST_PIPELINES_EXPAND_H
#define RP_HOST_PIPELINES_EXPAND_H

/* What is not set stays as it is.  Caller frees; NULL: no memory. */
char *rp_expand_path(const char *path);

/* The path from the root, without "." and "..", of one that may be relative to the working directory; the file need
 * not exist, and links are not followed.  Caller frees; NULL: no memory. */
char *rp_absolute_path(const char *path);

#endif
