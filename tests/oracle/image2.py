#!/usr/bin/env python3
"""image2.py KIT DATA --bin PATH [--seed N] [INSTRUMENT...] [-- OPTION...]

The reference pipeline goes on with Rampart's products: its unmodified Image2Pipeline makes of our rate and rateints what it makes
of its own.  KIT is the folder of the oracle kit, DATA where its cases are kept; what is missing of both is made.  INSTRUMENT:
nircam, miri, niriss (all).  OPTIONs go to PATH run.  Needs jwst 3.0.0 and the kit's requirements.

Equal means: the models open and validate; HDUs in the same order; data the same bytes; keywords the same, in the same order, but
those of the day and of the program that made the file (NOT_COMPARED); the metadata trees the same likewise."""
import argparse
import io
import os
import shutil
import subprocess
import sys

NOT_COMPARED = ("DATE", "CAL_VER", "CAL_VCS", "CRDS_VER", "CRDS_CTX", "CHECKSUM", "DATASUM")
NOT_COMPARED_TREE = ("asdf", "_fits_hash", "meta.date", "meta.calibration_software", "meta.ref_file.crds", "cal_logs", "history", "extra_fits")


def setup_of(cases, instrument):
    """The configuration of the kit's stage-2 case of this instrument, as an exposure of two integrations."""
    if instrument == "nircam":
        return cases.lw(1, nints=2)
    if instrument == "miri":
        return cases.Setup("MIRIMAGE", 256, 256, x0=413, y0=51, subarray="SUB256", readpatt="FASTR1", ngroups=20, tframe=0.29952,
                           nints=2, bg=30.0)
    return cases.Setup("NIS", 256, 256, x0=897, y0=897, subarray="SUB256", readpatt="NISRAPID", ngroups=8, tframe=0.76, nints=2,
                       refpad=(3, 5, 7, 9))


def exposure(kit, data, instrument, seed):
    """The folder of the exposure with the reference's rates in truth/."""
    import cases
    import truth
    name = "image2_" + instrument
    folder = kit.case_dir(data, name, seed)
    if not os.path.exists(os.path.join(folder, "case.json")):
        cases.CASES[name] = (lambda case, s, out: cases.d1(case, setup_of(cases, instrument), s, out), ("small",), "rates for stage 2")
        cases.make(name, seed, folder)
    if truth.make_truth(name, seed, data)["rc"] != 0:
        sys.exit("image2: the reference fails on %s, see truth/truth.log" % folder)
    return folder


def calibrate(kit, folder, binary, extra):
    """Our rates, in FOLDER/rampart."""
    out = os.path.join(folder, "rampart")
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    command = [os.path.abspath(binary), "run"] + kit.arguments(folder, kit.load_case(folder), out) + extra
    subprocess.run(command, check=True, cwd=os.path.join(folder, "input"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return out


def stage2(kit, refs, rate, out):
    """The reference's Image2Pipeline on RATE with the references of the stage-2 case REFS."""
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    arguments = kit.arguments(refs, kit.load_case(refs), out)
    arguments[1] = rate
    m = kit.measured([sys.executable, os.path.join(kit.HERE, "peer.py"), os.path.join(out, "times.json")] + arguments, out + ".log",
                     cwd=out, env=kit.offline_env(dict(os.environ, PYTHONPATH=kit.HERE)))
    os.remove(os.path.join(out, "times.json"))
    return m["rc"]


def differing_cards(ours, theirs):
    names = [k for k in theirs if k not in NOT_COMPARED and not k.startswith("NAXIS")]
    if [k for k in ours if k not in NOT_COMPARED and not k.startswith("NAXIS")] != names:
        return ["keywords or their order"]
    return [k for k in dict.fromkeys(names) if k not in ("", "HISTORY", "COMMENT") and str(ours[k]) != str(theirs[k])]


def differing_nodes(ours, theirs):
    import asdf

    def written(value):
        """A gWCS compares by identity; as a file it is what it says."""
        if not type(value).__module__.startswith("gwcs"):
            return value
        text = io.BytesIO()
        asdf.AsdfFile({"wcs": value}).write_to(text, all_array_storage="inline", include_block_index=False)
        return [line for line in text.getvalue().splitlines() if b"!core/ext" not in line]

    def kept(model):
        flat = model.to_flat_dict(include_arrays=False)
        return {k: written(v) for k, v in flat.items() if not k.startswith(NOT_COMPARED_TREE)}
    a, b = kept(ours), kept(theirs)
    return sorted(k for k in set(a) | set(b) if a.get(k) != b.get(k))


def compare(ours, theirs):
    """What differs between two products, as texts."""
    import numpy
    from astropy.io import fits
    from stdatamodels.jwst import datamodels
    wrong = []
    with fits.open(ours) as x, fits.open(theirs) as y:
        if [h.name for h in x] != [h.name for h in y]:
            return ["HDUs %s, not %s" % ([h.name for h in x], [h.name for h in y])]
        for p, q in zip(x, y):
            if q.name == "ASDF":
                continue
            wrong += ["%s: %s" % (q.name, k) for k in differing_cards(p.header, q.header)]
            if q.data is not None and numpy.asarray(p.data).tobytes() != numpy.asarray(q.data).tobytes():
                wrong.append("%s: data" % q.name)
    with datamodels.open(ours) as x, datamodels.open(theirs) as y:
        x.validate()
        if type(x) is not type(y):
            wrong.append("model %s, not %s" % (type(x).__name__, type(y).__name__))
        wrong += ["tree: " + k for k in differing_nodes(x, y)]
    return wrong


def report(wrong, name):
    print("%-48s %s" % (name, "same" if not wrong else "DIFFERS: " + "; ".join(wrong[:8])), flush=True)
    return bool(wrong)


def check(kit, data, binary, instrument, seed, extra):
    """Number of products that differ."""
    import truth
    refs = kit.case_dir(data, "i2_" + instrument, seed)
    truth.make_truth("i2_" + instrument, seed, data)
    folder = exposure(kit, data, instrument, seed)
    ours = calibrate(kit, folder, binary, extra)
    theirs = os.path.join(folder, "truth")
    bad = 0
    for rate in sorted(f for f in os.listdir(theirs) if f.endswith(("_rate.fits", "_rateints.fits"))):
        bad += report(compare(os.path.join(ours, rate), os.path.join(theirs, rate)), rate)
        made = [os.path.join(where, "image2_" + rate[:-5]) for where in (ours, theirs)]
        codes = [stage2(kit, refs, os.path.join(where, rate), out) for where, out in zip((ours, theirs), made)]
        if codes != [0, 0]:
            bad += report(["exit codes %s" % codes], "Image2Pipeline of " + rate)
            continue
        if sorted(os.listdir(made[0])) != sorted(os.listdir(made[1])):
            bad += report(["products %s" % os.listdir(made[0])], "Image2Pipeline of " + rate)
            continue
        for product in sorted(os.listdir(made[1])):
            bad += report(compare(os.path.join(made[0], product), os.path.join(made[1], product)), "  " + product)
    return bad


def main():
    argv, extra = sys.argv[1:], []
    if "--" in argv:
        argv, extra = argv[:argv.index("--")], argv[argv.index("--") + 1:]
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("kit")
    p.add_argument("data")
    p.add_argument("instrument", nargs="*")
    p.add_argument("--bin", required=True)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_intermixed_args(argv)
    sys.path.insert(0, os.path.abspath(a.kit))
    import oraclelib as kit
    kit.offline_env()
    bad = sum(check(kit, os.path.abspath(a.data), a.bin, i, a.seed, extra) for i in a.instrument or ("nircam", "miri", "niriss"))
    print("image2: %s" % ("OK" if not bad else "%d products differ" % bad))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
