# Sourced by tests: a CRDS observatory of one instrument and one context, made from reference files.
#
# make_observatory DIR INSTRUMENT DETECTOR TYPE=FILE...   (INSTRUMENT in lower case; FILE may be packed)
# Context jwst_0001.pmap names each FILE for its TYPE and DETECTOR, and N/A for what Detector1 may ask for besides.

other_types="mask saturation superbias ipc refpix sirskernel rscd linearity dark reset gain readnoise emicorr pictureframe flat pastasoss"

# sign FILE: puts the checksum of a mapping in the place of @
sign() {
    sum=$(grep -v sha1sum "$1" | sha1sum | cut -d' ' -f1)
    sed "s/@/$sum/" "$1" >"$1.signed" && mv "$1.signed" "$1"
}

# add_rules DIR INSTRUMENT DETECTOR TYPE FILENAME: one rmap
add_rules() {
    rules=$1/mappings/jwst/jwst_$2_$4_0001.rmap
    cat >"$rules" <<EOF
header = {
    'classes' : ('Match', 'UseAfter'),
    'derived_from' : 'made',
    'filekind' : '$4',
    'instrument' : '$(echo "$2" | tr a-z A-Z)',
    'mapping' : 'REFERENCE',
    'name' : 'jwst_$2_$4_0001.rmap',
    'observatory' : 'JWST',
    'parkey' : (('META.INSTRUMENT.DETECTOR',), ('META.OBSERVATION.DATE', 'META.OBSERVATION.TIME')),
    'sha1sum' : '@',
}

selector = Match({
    ('$3',) : UseAfter({
        '2000-01-01 00:00:00' : '$5',
    }),
})
EOF
    sign "$rules"
}

make_observatory() {
    place=$1 instrument=$2 detector=$3
    shift 3
    mkdir -p "$place/mappings/jwst" "$place/references/jwst/$instrument"
    entries=""
    given=" "
    for pair in "$@"; do
        type=${pair%%=*} file=${pair#*=}
        name=jwst_${instrument}_${type}_0001.fits
        case $file in
        *.gz) gzip -dc "$file" >"$place/references/jwst/$instrument/$name" ;;
        *.asdf)
            name=jwst_${instrument}_${type}_0001.asdf
            cp "$file" "$place/references/jwst/$instrument/$name"
            ;;
        *) cp "$file" "$place/references/jwst/$instrument/$name" ;;
        esac
        add_rules "$place" "$instrument" "$detector" "$type" "$name"
        entries="$entries    '$type' : 'jwst_${instrument}_${type}_0001.rmap',
"
        given="$given$type "
    done
    for type in $other_types; do
        case $given in *" $type "*) ;; *) entries="$entries    '$type' : 'N/A',
" ;; esac
    done
    upper=$(echo "$instrument" | tr a-z A-Z)
    cat >"$place/mappings/jwst/jwst_${instrument}_0001.imap" <<EOF
header = {
    'derived_from' : 'made',
    'instrument' : '$upper',
    'mapping' : 'INSTRUMENT',
    'name' : 'jwst_${instrument}_0001.imap',
    'observatory' : 'JWST',
    'parkey' : ('REFTYPE',),
    'sha1sum' : '@',
}

selector = {
$entries}
EOF
    sign "$place/mappings/jwst/jwst_${instrument}_0001.imap"
    cat >"$place/mappings/jwst/jwst_0001.pmap" <<EOF
header = {
    'derived_from' : 'made',
    'mapping' : 'PIPELINE',
    'name' : 'jwst_0001.pmap',
    'observatory' : 'JWST',
    'parkey' : ('META.INSTRUMENT.NAME',),
    'sha1sum' : '@',
}

selector = {
    '$upper' : 'jwst_${instrument}_0001.imap',
}
EOF
    sign "$place/mappings/jwst/jwst_0001.pmap"
}

# start_server RAMPART DIR: sets $server_url and $server_pid; the log is in ./server.log
start_server() {
    "$1" refs serve --crds-path "$2" --listen 127.0.0.1:0 >server.out 2>server.log &
    server_pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        server_url=$(sed -n 's/^Serving .* at //p' server.out)
        [ -z "$server_url" ] || return 0
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.2
    done
    echo "the server does not start:" >&2
    cat server.log >&2
    return 1
}
