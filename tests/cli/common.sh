# Sourced by the tests of this folder: sets RAMPART, a working folder that is removed at the end, and the checks.
set -u
[ $# -ge 1 ] || { echo "usage: $0 /path/to/rampart" >&2; exit 2; }
RAMPART=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
[ -x "$RAMPART" ] || { echo "$0: $RAMPART is no program" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/rampart-cli.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() {
    echo "FAILED: $*"
    sed 's/^/    | /' out err 2>/dev/null | head -20
    failures=$((failures + 1))
}

# expect CODE arguments...: runs rampart; output in ./out and ./err
expect() {
    wanted=$1
    shift
    "$RAMPART" "$@" >out 2>err
    got=$?
    [ "$got" = "$wanted" ] || fail "exit $got instead of $wanted: rampart $*"
}

# says FILE TEXT: FILE (out or err) holds TEXT
says() { grep -qF -- "$2" "$1" || fail "no '$2' in $1"; }
silent() { [ ! -s "$1" ] || fail "$1 is not empty"; }
there() { for f; do [ -s "$f" ] || fail "no file $f"; done; }
absent() { for f; do [ ! -e "$f" ] || fail "$f should not be there"; done; }

finish() {
    [ "$failures" -eq 0 ] || { echo "$failures failures"; exit 1; }
    echo "all passed"
}
