#!/usr/bin/env python3
"""Rampart and the reference pipeline on the same exposures, with the same reference files, one after the other.

    run_peer.py FOLDER [--rampart PATH] [--repeat N] [--only peer|rampart] [--keep OUT] [--json FILE] [-- OPTION ...]

FOLDER holds *_uncal.fits and their reference files (`rampart simulate ... -o FOLDER`).  OPTIONs are strun's and go to
both (`-- --steps.jump.rejection_threshold=5`).  Runs are interleaved, each in a fresh process; printed are minimum and
median of wall time, CPU time (user + system) and peak resident memory, and the ratios peer / Rampart of the minima.
Products are compared plane by plane first: times of unequal products are worth nothing.
Needs Python with the `jwst` package for the peer; nothing is asked of a server."""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

PIPELINE = "calwebb_detector1"


def offline_environment(scratch):
    """The reference pipeline looks up parameters and contexts on a server unless told not to."""
    config = os.path.join(scratch, "config", "jwst")
    os.makedirs(config, exist_ok=True)
    with open(os.path.join(config, "server_config"), "w") as f:
        f.write(repr(dict(observatory="jwst", operational_context="jwst_1464.pmap", latest_context="jwst_1464.pmap",
                          force_remote_mode=False, bad_files_list=[], last_synced="never")))
    env = dict(os.environ)
    env.update(CRDS_PATH=scratch, CRDS_SERVER_URL="https://jwst-serverless-mode.stsci.edu", CRDS_MODE="local",
               CRDS_CONTEXT="jwst_1464.pmap", STPIPE_DISABLE_CRDS_STEPPARS="true", MPLBACKEND="Agg")
    return env


def reference_files(folder):
    """{reference type: path}, by the REFTYPE keyword."""
    from astropy.io import fits
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.fits"))):
        reftype = fits.getheader(path, 0).get("REFTYPE")
        if reftype:
            if reftype.lower() in found:
                raise SystemExit("%s: two files of type %s: use one folder per detector and subarray" % (folder, reftype))
            found[reftype.lower()] = os.path.abspath(path)
    return found


def peer_child(exposure, folder, out, options):
    """Runs in its own process: strun with an override for every reference type that any step asks for."""
    from jwst.pipeline import Detector1Pipeline
    from jwst.stpipe import Step
    from stpipe import crds_client
    refs = reference_files(folder)
    crds_client._get_refpaths = lambda parameters, types, observatory: {t: refs.get(t, "N/A") for t in types}
    arguments = [PIPELINE, os.path.abspath(exposure), "--output_dir=" + out] + options
    for name, step in Detector1Pipeline.step_defs.items():
        for reftype in step.reference_file_types:
            arguments.append("--steps.%s.override_%s=%s" % (name, reftype, refs.get(reftype, "N/A")))
    Step.from_cmdline(arguments)


def measured(command, env, log):
    """Wall and CPU seconds and peak resident MiB of one child.  The kernel never reports less than this process itself
    has used: numpy and astropy are imported in children only."""
    with open(log, "wb") as f:
        start = time.monotonic()
        child = subprocess.Popen(command, stdout=f, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        with open(log, errors="replace") as f:
            sys.stderr.write(f.read()[-4000:])
        raise SystemExit("%s: exit code %d" % (" ".join(command[:3]), child.returncode))
    return dict(wall_s=wall, cpu_s=usage.ru_utime + usage.ru_stime, rss_mib=usage.ru_maxrss / 1024.0)


def differences(ours, theirs):
    """Planes of same-named products that are not identical: [(file, plane, pixels that differ, largest difference)]."""
    import numpy as np
    from astropy.io import fits
    found = []
    for path in sorted(glob.glob(os.path.join(theirs, "*.fits"))):
        mine = os.path.join(ours, os.path.basename(path))
        if not os.path.exists(mine):
            found.append((os.path.basename(path), "file", -1, 0.0))
            continue
        with fits.open(mine) as a, fits.open(path) as b:
            for hdu in b:
                if not isinstance(hdu, fits.ImageHDU) or hdu.data is None:
                    continue
                name = (hdu.name, hdu.ver)
                if name not in a or a[name].data is None or a[name].data.shape != hdu.data.shape:
                    found.append((os.path.basename(path), hdu.name, -1, 0.0))
                    continue
                x, y = a[name].data, hdu.data
                unequal = ~((x == y) | ((x != x) & (y != y)))
                if unequal.any():
                    largest = np.nanmax(np.abs(x[unequal].astype("f8") - y[unequal].astype("f8")))
                    found.append((os.path.basename(path), hdu.name, int(unequal.sum()), float(largest)))
    return found


def summary(runs):
    return {k: dict(min=min(r[k] for r in runs), median=statistics.median(r[k] for r in runs)) for k in runs[0]}


def report(exposure, results, unequal, stream):
    line = dict(exposure=os.path.basename(exposure), products="equal" if not unequal else "unequal",
                differences=unequal, runs={k: summary(v) for k, v in results.items()})
    print("%s: products %s" % (line["exposure"], "not compared" if len(results) < 2 else line["products"]))
    for difference in unequal:
        print("    differs: %s[%s]: %d pixels, largest difference %g" % tuple(difference))
    for name, s in line["runs"].items():
        print("    %-8s wall %8.3f / %8.3f s   CPU %8.3f / %8.3f s   memory %8.1f MiB" % (
            name, s["wall_s"]["min"], s["wall_s"]["median"], s["cpu_s"]["min"], s["cpu_s"]["median"], s["rss_mib"]["min"]))
    if len(results) == 2:
        line["ratio"] = {k: line["runs"]["peer"][k]["min"] / line["runs"]["rampart"][k]["min"]
                         for k in ("wall_s", "cpu_s", "rss_mib")}
        print("    peer / rampart: wall %.1f, CPU %.1f, memory %.1f" % tuple(line["ratio"].values()))
    if stream:
        stream.write(json.dumps(line) + "\n")


def main():
    own = sys.argv[1:]
    options = []
    if "--" in own:
        options = own[own.index("--") + 1:]
        own = own[:own.index("--")]
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder")
    p.add_argument("--rampart", default="rampart")
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--only", choices=("peer", "rampart"))
    p.add_argument("--keep", help="folder for the products; default: a scratch folder that is removed")
    p.add_argument("--json", help="file to which one JSON line per exposure is appended")
    p.add_argument("--compare", nargs=2, help=argparse.SUPPRESS)
    p.add_argument("--child", nargs=2, metavar=("EXPOSURE", "OUT"), help=argparse.SUPPRESS)
    a = p.parse_args(own)
    if a.child:
        peer_child(a.child[0], a.folder, a.child[1], options)
        return
    if a.compare:
        json.dump(differences(*a.compare), sys.stdout)
        return
    if a.repeat < 1:
        p.error("--repeat must be at least 1")
    exposures = sorted(glob.glob(os.path.join(a.folder, "*_uncal.fits")))
    if not exposures:
        raise SystemExit("%s: no *_uncal.fits; make some with `rampart simulate nircam -o %s`" % (a.folder, a.folder))
    with tempfile.TemporaryDirectory() as scratch:
        env = offline_environment(os.path.join(scratch, "crds"))
        out = {k: os.path.abspath(os.path.join(a.keep or scratch, k)) for k in ("rampart", "peer") if a.only in (None, k)}
        stream = open(a.json, "a") if a.json else None
        for exposure in exposures:
            command = {
                "rampart": [a.rampart, "run", PIPELINE, exposure, "--refs", a.folder, "--quiet",
                            "--output_dir=" + out.get("rampart", "")] + options,
                "peer": [sys.executable, os.path.abspath(__file__), a.folder, "--child", exposure, out.get("peer", ""), "--"] + options}
            results = {k: [] for k in out}
            for _ in range(a.repeat):
                for k in out:
                    os.makedirs(out[k], exist_ok=True)
                    results[k].append(measured(command[k], env, os.path.join(scratch, k + ".log")))
            unequal = []
            if len(out) == 2:
                unequal = json.loads(subprocess.check_output(
                    [sys.executable, os.path.abspath(__file__), a.folder, "--compare", out["rampart"], out["peer"]]))
            report(exposure, results, unequal, stream)
        if stream:
            stream.close()


if __name__ == "__main__":
    main()
