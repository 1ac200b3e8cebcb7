#!/usr/bin/env python3
"""hdf5.py KIT DATA --bin PATH [CASE...]: the HDF5 form of everything in the cases of an oracle kit, and checkpoints.

For every product of ours and of the reference, every exposure and reference file in DATA/CASE-sSEED: FITS to HDF5 and back, plain and
gzipped, gives the same bytes; h5py (with hdf5plugin) finds the values that astropy finds.  For every detector1 case: a run with
--intermediate, with and without --checkpoint, and one that goes on from there with --resume, give the products of a plain run."""
import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile

import h5py
import hdf5plugin  # noqa: F401  (the zstd filter)
import numpy
from astropy.io import fits

MOST_BYTES = 40_000_000        # of a file; larger ones take long and show nothing new


def run(command, cwd=None):
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd)
    return p.returncode, p.stdout


def content(path):
    with open(path, "rb") as f:
        return f.read()


def read_as_h5py(h5, path):
    """What h5py reads differently from astropy, as texts."""
    wrong = []
    with h5py.File(h5) as f, fits.open(path, do_not_scale_image_data=True, memmap=False) as hdus:
        group = f[next(iter(f))]
        names = [row["name"].decode() for row in group["_fits/hdus"][:]]
        if len(names) != len(hdus):
            return ["%d HDUs, not %d" % (len(names), len(hdus))]
        for name, hdu in zip(names, hdus):
            data = group[name]
            if hdu.is_image and hdu.data is not None:
                if not hdu.data.size:
                    continue        # a dataset without extent
                if data.shape != hdu.data.shape or data.dtype != hdu.data.dtype or data[()].tobytes() != hdu.data.tobytes():
                    wrong.append(name)
                elif data.size and not numpy.isclose(data.attrs.get("BZERO", 0), hdu.header.get("BZERO", 0)):
                    wrong.append(name + ".BZERO")
            for key in ("EXTNAME", "EXP_TYPE", "BUNIT"):
                if key in hdu.header and data.attrs.get(key) != hdu.header[key]:
                    wrong.append("%s.%s" % (name, key))
    return wrong


def there_and_back(binary, path, scratch):
    original = content(path)
    h5, back, packed = (os.path.join(scratch, n) for n in ("x.h5", "back.fits", "x.fits.gz"))
    with gzip.open(packed, "wb", 1) as f:
        f.write(original)
    for source in (path, packed):
        for f in (h5, back):
            if os.path.exists(f):
                os.remove(f)
        for command in ([binary, "convert", source, h5], [binary, "convert", h5, back]):
            code, said = run(command)
            if code:
                return ["%s: %s" % (" ".join(command[1:]), said.strip())]
        if content(back) != original:
            return ["%s does not come back" % source]
    return read_as_h5py(h5, path)


def products(folder):
    """Name to data, of all FITS files of a folder; the ASDF extension holds dates."""
    found = {}
    for name in sorted(os.listdir(folder)):
        with fits.open(os.path.join(folder, name), do_not_scale_image_data=True, memmap=False) as hdus:
            for k, hdu in enumerate(hdus):
                if hdu.name != "ASDF":
                    found[name, k, hdu.name] = None if hdu.data is None else numpy.asarray(hdu.data).tobytes()
                    found[name, k, "header"] = str([c for c in hdu.header.cards if c.keyword not in ("DATE", "CHECKSUM", "DATASUM")])
    return found


def checkpoints(binary, folder, kit, scratch):
    case = kit.load_case(folder)
    if case["pipeline"] != "calwebb_detector1":
        return []
    made = []
    kept = os.path.join(scratch, "run.h5")
    for name, options in (("plain", []), ("kept", ["--intermediate", kept])) + tuple(
            (kind + step, [option, kept] + more) for step in ("linearity", "jump") for kind, option, more in
            (("kept-", "--intermediate", ["--checkpoint", step]), ("resumed-", "--resume", []))):
        out = os.path.join(scratch, name)
        shutil.rmtree(out, ignore_errors=True)
        if "--intermediate" in options and os.path.exists(kept):
            os.remove(kept)
        code, said = run([binary, "run"] + kit.arguments(folder, case, out) + ["--quiet", "--backend=openmp"] + options,
                         os.path.join(folder, "input"))
        if code:
            return ["%s: exit code %d: %s" % (name, code, said.strip()[-200:])]
        made.append((name, products(out)))
    return [name for name, p in made[1:] if p != made[0][1]]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("kit")
    p.add_argument("data")
    p.add_argument("case", nargs="*", help="names of folders in DATA (all)")
    p.add_argument("--bin", required=True)
    a = p.parse_intermixed_args()
    sys.path.insert(0, os.path.abspath(a.kit))
    import oraclelib as kit
    binary, bad, files, runs = os.path.abspath(a.bin), 0, 0, 0
    for name in a.case or sorted(os.listdir(a.data)):
        folder = os.path.abspath(os.path.join(a.data, name))
        with tempfile.TemporaryDirectory() as scratch:
            for part in ("input", "refs", "truth", "rampart"):
                where = os.path.join(folder, part)
                for f in sorted(os.listdir(where)) if os.path.isdir(where) else []:
                    path = os.path.join(where, f)
                    if f.endswith(".fits") and os.path.getsize(path) <= MOST_BYTES:
                        files += 1
                        wrong = there_and_back(binary, path, scratch)
                        if wrong:
                            bad += 1
                            print("%s: %s" % (path, "; ".join(wrong)), flush=True)
            if os.path.exists(os.path.join(folder, "case.json")):
                wrong = checkpoints(binary, folder, kit, scratch)
                runs += 1
                if wrong:
                    bad += 1
                    print("%s: checkpoints: %s" % (folder, "; ".join(wrong)), flush=True)
    print("hdf5: %d files there and back, checkpoints of %d cases, %d failures" % (files, runs, bad))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
