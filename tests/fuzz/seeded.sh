#!/bin/sh
# seeded.sh RAMPART PROGRAM TARGET WORK: a fuzz target built without libFuzzer, on its seeds and changed copies of them.
set -eu
seeds=$4/$3
rm -rf "$seeds"
sh "$(dirname "$0")/seeds.sh" "$1" "$3" "$seeds"
exec "$2" "${RAMPART_FUZZ_TIMES:-200}" "$seeds"/*
