/* The command `rampart`; also `strun` by another name. */
#include "host/cli/cli.h"

int main(int argc, char **argv)
{
    return rp_cli_main(argc, argv);
}
