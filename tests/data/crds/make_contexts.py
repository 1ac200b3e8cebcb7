#!/usr/bin/env python3
"""Write the small synthetic contexts beside this file: every form of rule once or twice.  All names are invented."""
import hashlib
import os

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mappings", "jwst")
DET, FIL, NG, TYP = ("META.INSTRUMENT.DETECTOR", "META.INSTRUMENT.FILTER", "META.EXPOSURE.NGROUPS",
                     "META.EXPOSURE.TYPE")
SUB, VER, NF = "META.SUBARRAY.NAME", "META.CALIBRATION_SOFTWARE_VERSION", "META.EXPOSURE.NFRAMES"
DATE = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")


def write(name, header, selector):
    def text(sha):
        pairs = dict(header, sha1sum=sha, name=name, observatory="JWST")
        return ("header = {\n" + "".join("    %r : %r,\n" % i for i in sorted(pairs.items())) + "}\n\nselector = "
                + selector + "\n")
    lines = [line for line in text("").splitlines(True) if "sha1sum" not in line]
    with open(os.path.join(OUT, name), "w") as f:
        f.write(text(hashlib.sha1("".join(lines).encode()).hexdigest()))


def select(kind, rows, indent=0):
    pad = "    " * (indent + 1)
    return kind + "({\n" + "".join("%s%r : %s,\n" % (pad, k, v) for k, v in rows) + "    " * indent + "})"


def use(*rows):
    return select("UseAfter", [(k, repr(v)) for k, v in rows], 1)


def rmap(kind, serial, parkey, classes, rows, **more):
    name = "jwst_nircam_%s_%04d.rmap" % (kind, serial)
    header = {"mapping": "REFERENCE", "instrument": "NIRCAM", "filekind": kind.upper(), "parkey": parkey,
              "classes": classes, "derived_from": "generated for tests"}
    header.update(more)
    write(name, header, select(classes[0], rows))
    return name


def imap(serial, rmaps, derived="generated for tests"):
    rows = {name.split("_")[2].upper(): name for name in rmaps}
    rows.update(IPC="N/A", MSA="OMIT")
    name = "jwst_nircam_%04d.imap" % serial
    write(name, {"mapping": "INSTRUMENT", "instrument": "NIRCAM", "parkey": ("REFTYPE",), "derived_from": derived},
          "{\n" + "".join("    %r : %r,\n" % i for i in sorted(rows.items())) + "}")
    return name


def pmap(serial, name, derived="generated for tests"):
    write("jwst_%04d.pmap" % serial, {"mapping": "PIPELINE", "parkey": ("META.INSTRUMENT.NAME",),
                                      "derived_from": derived}, "{\n    'NIRCAM' : %r,\n}" % name)


D1, D2 = "2016-01-01 00:00:00", "2020-06-30 12:00:00"
MU = ("Match", "UseAfter")
first = [
    rmap("dark", 1, ((DET, FIL), DATE), MU, [
        (("NRCA1", "F090W|F115W"), use((D1, "dark_a.fits"), (D2, "dark_b.fits"))),
        (("NRCA1|NRCA2", "F090W"), use((D1, "dark_c.fits"), ("2018-01-01 00:00:00", "dark_d.fits"))),
        (("NRCA1", "N/A"), use((D1, "dark_e.fits"))),
        (("NRCB*", "ANY"), use((D1, "dark_f.fits"))),
        (("NRCALONG", "N/A"), "'N/A'"),
        (("NRCBLONG", "F444W"), "'OMIT'"),
    ], rmap_relevance='(META.EXPOSURE.TYPE not in ("NRC_TACQ", "NRC_TACONFIRM"))', extra_keys=(TYP,)),
    rmap("flat", 1, ((DET, FIL), DATE), MU, [
        (("NRCA1", "F090W"), use((D1, "flat_a.fits"))),
        (("NOT NRCA1", "F115W"), use((D1, "flat_b.fits"))),
    ], rmap_omit='(META.EXPOSURE.TYPE == "NRC_DARK")', extra_keys=(TYP,)),
    rmap("gain", 1, ((DET, FIL), DATE), MU, [
        (("NRCA1", "F090W"), use((D1, "gain_a.fits"))),
        (("NRCA1", "N/A"), use((D1, "gain_b.fits"))),
    ], parkey_relevance={"meta.instrument.filter": '(META.EXPOSURE.TYPE == "NRC_IMAGE")'}, extra_keys=(TYP,)),
    rmap("mask", 1, ((DET, NG),), ("Match",), [
        (("NRCA1", "between 1 5"), "'mask_a.fits'"),
        (("NRCA1", ">=20"), "'mask_b.fits'"),
        (("NRCA2", "# >=3 and <=9 #"), "'mask_c.fits'"),
        (("NRCB1", "# <2 or >30 #"), "'mask_d.fits'"),
    ]),
    rmap("area", 1, ((DET, FIL),), ("Match",), [
        (("NRCA1", "(F[01]\\d+W)"), "'area_a.fits'"),
        (("NRCA1", "{F200W}"), "'area_b.fits'"),
        (("(NRCB[1-4])", "F*M"), "('area_c.fits', 'area_d.fits')"),
    ]),
    rmap("readnoise", 1, ((DET,),), ("Match",), [
        ("NRCA1|NRCA2", "'readnoise_a.fits'"), ("NRCA2|NRCA3", "'readnoise_b.fits'"),
    ], merge_overlaps="false"),
    rmap("saturation", 1, ((DET,),), ("Match",), [("NRCA1", "'saturation_a.fits'")], reffile_required="no"),
    rmap("superbias", 1, ((DET, SUB),), ("Match",), [
        (("NRCA1", "GENERIC"), "'superbias_a.fits'"), (("NRCA1", "FULL"), "'superbias_b.fits'"),
        (("NRCA2", "FULL|SUB64"), "'superbias_c.fits'"), (("NRCA2|NRCA3", "SUB64"), "'superbias_d.fits'"),
    ]),
    rmap("distortion", 1, ((NG,),), ("GeometricallyNearest",), [
        (1.0, "'distortion_a.fits'"), (5.5, "'distortion_b.fits'"), (20, "'distortion_c.fits'")]),
    rmap("photom", 1, (DATE,), ("ClosestTime",), [(D1, "'photom_a.fits'"), (D2, "'photom_b.fits'")]),
    rmap("wavecorr", 1, ((NG,),), ("Bracket",), [
        (1.2, "'wavecorr_a.fits'"), (1.5, "'wavecorr_b.fits'"), (5, "'wavecorr_c.fits'")]),
    rmap("regions", 1, ((VER,),), ("VersionAfter",), [("0.7", "'regions_a.fits'"), ("1.2.0", "'regions_b.fits'")]),
    rmap("specwcs", 1, ((NF,),), ("SelectVersion",), [
        ("<3.1", "'specwcs_a.fits'"), ("<5", "'specwcs_b.fits'"), ("default", "'specwcs_c.fits'")]),
]
pmap(1, imap(1, first))
second = rmap("dark", 2, ((DET, FIL), DATE), MU, [
    (("NRCA1", "F090W|F115W"), use((D1, "dark_a.fits"), (D2, "dark_g.fits"))),
    (("NRCA1|NRCA2", "F090W"), use((D1, "dark_c.fits"), ("2018-01-01 00:00:00", "dark_d.fits"))),
    (("NRCA1", "N/A"), use((D1, "dark_e.fits"))),
    (("NRCB*", "ANY"), use((D1, "dark_f.fits"))),
], rmap_relevance='(META.EXPOSURE.TYPE not in ("NRC_TACQ", "NRC_TACONFIRM"))', extra_keys=(TYP,),
   derived_from="jwst_nircam_dark_0001.rmap")
pmap(2, imap(2, [second] + first[1:], "jwst_nircam_0001.imap"), "jwst_0001.pmap")
