/* The parts of `rampart refs` that talk to the network: refs sync, refs serve.  argv[0] is the sub-verb. */
#ifndef RP_HOST_CLI_REFS_NETWORK_H
#define RP_HOST_CLI_REFS_NETWORK_H

int rp_refs_sync_main(int argc, char **argv);
int rp_refs_serve_main(int argc, char **argv);

#endif
