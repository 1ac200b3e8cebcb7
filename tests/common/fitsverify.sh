# Sourced: checks FITS files with fitsverify, the checker of HEASARC (Debian package fitsverify).

# complaints FILE: errors and warnings of fitsverify, one a line, without the numbers of cards.  It asks for LONGSTRN beside
# CONTINUE, which version 4.0 of the standard (and the reference pipeline) does without.
complaints() {
    fitsverify "$1" 2>&1 | sed -n 's/^\*\*\* *\(Error\|Warning\): */\1: /p' | sed 's/#[0-9]*//g' |
        grep -v 'OGIP long string keyword convention' | sort -u
}

# standard FILE [REFERENCE]: nothing to complain of but warnings that the reference's file of the same kind has as well.
# Prints what is wrong; 0 when nothing is.
standard() {
    complaints "$1" >"$scratch/ours"
    : >"$scratch/theirs"
    [ -z "${2:-}" ] || complaints "$2" | grep '^Warning' >"$scratch/theirs"
    wrong=$(comm -23 "$scratch/ours" "$scratch/theirs")
    # a file that fitsverify cannot finish has no summary
    fitsverify "$1" 2>&1 | grep -q '^\*\*\*\* Verification found' || wrong="$wrong
no summary"
    [ -z "$wrong" ] || {
        printf '%s:\n%s\n' "$1" "$wrong"
        return 1
    }
}
