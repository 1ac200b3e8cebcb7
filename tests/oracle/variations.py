#!/usr/bin/env python3
"""variations.py KIT WORK FIRST LAST --bin PATH [--family F,...] [--clean] [--keep] [-- OPTION...]

Random exposures, references and parameters beyond the kit's own cases: number N of a family is always the same case.  For each the
reference pipeline runs (in this process), then Rampart, and all products are compared: `ok`, `DIFF`, `both fail` or `RC`, with the
configuration of what is not ok, whose folder WORK/<family><N> stays (--keep: all stay).

Families: nir (near-infrared detectors, all places of a subarray, read patterns), miri, snow (large events), tso (many integrations),
ipc.  Half of the cases have damaged references and ramps (NaN, 0, negative, flags, saturation, floor, jumps); --clean: none has.

numpy computes powers with AVX-512 less exactly, and the reference's decisions in ties change with them; set
NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR" (numpy 2.4) to see what is left without."""
import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys

import numpy as np


def choose(r, *options):
    return options[int(r.integers(len(options)))]


# ------------------------------------------------------------------ damage
def damage_references(r, most):
    def hook(planes):
        def strike(plane, value):
            n = r.integers(0, most + 1)
            for _ in range(n):
                plane[tuple(r.integers(0, s) for s in plane.shape)] = value
        for key in ("gain", "readnoise", "bias", "sat"):
            for value in (np.nan, 0.0, -3.0, 1e-30, 1e30, -0.0):
                if key in planes:
                    strike(planes[key], value)
        for key in ("lin", "dark", "reset"):
            for value in (np.nan, 0.0, 1e20):
                if key in planes:
                    strike(planes[key], value)
        for key, bits in (("satdq", (1, 2)), ("lindq", (1, 2, 4)), ("bdq", (1, 2)), ("mask", (1, 2, 4, 16, 3))):
            for bit in bits:
                strike(planes[key], np.uint32(bit))
    return hook


def damage_ramp(r, q):
    """One of twelve things that happen to a ramp, from a random group on or in it."""
    n, g = len(q), int(r.integers(len(q)))
    height = int(10 ** r.uniform(1, 4.3))
    kind = int(r.integers(12))
    if kind < 3:
        q[g:] = (65535, 60500, 0)[kind]
    elif kind < 5:
        q[g] = (65535, 0)[kind - 3]
    elif kind == 5:
        q[g:] += height
    elif kind == 6:
        q[g] += height
    elif kind == 7:
        q[::2] += height
    elif kind == 8:
        q[:] = r.integers(0, 65536, n)
    elif kind == 9:
        q[:] = q[::-1].copy()
    else:
        q[:] = (q[0], 65535)[kind - 10]


def damage_exposure(r, number):
    def hook(setup, rng, sci, zeroframe):
        for _ in range(number):
            i, y, x = r.integers(sci.shape[0]), r.integers(sci.shape[2]), r.integers(sci.shape[3])
            q = sci[i, :, y, x].astype("i8")
            damage_ramp(r, q)
            sci[i, :, y, x] = np.clip(q, 0, 65535)
    return hook


# ------------------------------------------------------------------ configurations
def place(r):
    """Size and corner of a near-infrared subarray."""
    nx = int(choose(r, 32, 40, 64, 64, 80, 96, 100, 128))
    ny = int(choose(r, nx, nx, 16, 48, 64, 77, 130))
    kind = r.random()
    if kind < 0.15:
        ny = int(choose(r, 8, 16, 24))
        return 2048, ny, 1, int(choose(r, 1, 961, 2049 - ny))
    if kind < 0.35:
        return nx, ny, 1, 1
    if kind < 0.5:
        return nx, ny, 2049 - nx, 2049 - ny
    return nx, ny, int(r.integers(30, 1900 - nx)), int(r.integers(30, 1800))


def setup_of(K, r, family):
    low = 10 ** r.uniform(1, 4)
    kw = dict(nints=int(choose(r, 1, 1, 2, 2, 3, 4, 6)), ngroups=int(choose(r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 20)),
              cr=float(10 ** r.uniform(-3.5, -1)), stars=int(r.integers(0, 25)), bg=float(10 ** r.uniform(-0.5, 3.5)),
              flux=(low, low * 10 ** r.uniform(0.5, 3)), tframe=float(10 ** r.uniform(-1.5, 1.0)), onef=float(r.uniform(0, 2)),
              oddeven=float(choose(r, 0.0, r.uniform(0, 6))), amps=float(choose(r, 0.0, 0.0, r.uniform(0, 6))))
    if family == "miri":
        nx, ny, name, x0, y0 = choose(r, (72, 64, "SUB64", 1, 779), (136, 128, "SUB128", 1, 889), (256, 256, "SUB256", 413, 51),
                                      (64, 72, "SLITLESSPRISM", 1, 529), (1032, 24, "GENERIC", 1, 1), (320, 304, "MASKLYOT", 1, 717))
        kw.update(readpatt=choose(r, "FASTR1", "SLOWR1"), EXP_TYPE=choose(r, "MIR_IMAGE", "MIR_IMAGE", "MIR_LRS-FIXEDSLIT",
                                                                          "MIR_LRS-SLITLESS", "MIR_MRS", "MIR_LYOT", "MIR_TACQ"))
        return K.Setup("MIRIMAGE", nx, ny, x0=x0, y0=y0, subarray=name, **kw)
    detector = choose(r, "NRCB1", "NRCBLONG", "NIS", "GUIDER1", "NRS1")
    nx, ny, x0, y0 = place(r)
    kw["nframes"] = int(choose(r, 1, 1, 1, 2, 4, 8))
    kw["groupgap"] = int(choose(r, 0, 0, 1, 2, 5)) if kw["nframes"] > 1 else 0
    kw["zeroframe"] = bool(r.random() < 0.2)
    if r.random() < 0.07:
        kw["frmdivsr"] = int(choose(r, 2, 4, 8))
    if detector.startswith("NRC"):
        kw["readpatt"] = choose(r, "RAPID", "BRIGHT1", "BRIGHT2", "SHALLOW4", "DEEP8", "MEDIUM8")
    if family == "tso":
        nx, ny, x0, y0 = 24, 24, 400, 500
        kw.update(nints=int(choose(r, 30, 60, 101, 120)), ngroups=int(choose(r, 2, 3, 4, 5, 8)), tso=True, tframe=0.3)
        if detector.startswith("NRC"):
            kw["EXP_TYPE"] = "NRC_TSIMAGE"
    if kw["ngroups"] * kw["nints"] * nx * ny > 3e6:
        kw["nints"] = 1
    if r.random() < 0.3 and 30 <= x0 < 1800 and y0 >= 30 and nx < 2048:
        kw["refpad"] = tuple(int(v) for v in r.integers(0, 25, 4))
    return K.Setup(detector, nx, ny, x0=x0, y0=y0, subarray="SUB%d" % nx, **kw)


def jump_of(r, s, family):
    p = {}
    if r.random() < 0.6:
        p.update(rejection_threshold=float(choose(r, 0.5, 2.5, 3.0, 3.7, 5.0, 8.0)),
                 three_group_rejection_threshold=float(choose(r, 3.0, 6.0, 9.0)), four_group_rejection_threshold=float(choose(r, 3.0, 5.0, 7.0)))
    if r.random() < 0.4:
        p.update(flag_4_neighbors=bool(r.random() < 0.6), max_jump_to_flag_neighbors=float(choose(r, 50, 200, 1000, 1e5)),
                 min_jump_to_flag_neighbors=float(choose(r, 0, 3, 10, 40)))
    if r.random() < 0.4:
        p.update(after_jump_flag_dn1=float(choose(r, 0, 10, 100)), after_jump_flag_time1=float(s.tgroup * choose(r, 0.5, 1.0, 1.5, 3.0)),
                 after_jump_flag_dn2=float(choose(r, 50, 1000)), after_jump_flag_time2=float(s.tgroup * choose(r, 1.0, 2.5, 4.0, 30)))
    if r.random() < 0.2:
        p["min_diffs_single_pass"] = int(choose(r, 1, 3, 5, 100))
    if r.random() < 0.15:
        p["minimum_groups"] = int(choose(r, 1, 2, 4, 6))
    if family == "tso" or r.random() < 0.1:
        p.update(minimum_sigclip_groups=int(choose(r, 2, 20, 100)), only_use_ints=bool(r.random() < 0.6))
    if family == "snow":
        p.update(expand_large_events=True, min_jump_area=float(choose(r, 5, 10, 15, 30)), min_sat_area=float(choose(r, 1, 3)),
                 expand_factor=float(choose(r, 1.5, 2.0, 2.6)), sat_required_snowball=bool(r.random() < 0.7),
                 min_sat_radius_extend=float(choose(r, 1.0, 2.5, 5.0)), sat_expand=int(choose(r, 0, 1, 2, 5)), edge_size=int(choose(r, 0, 10, 25)),
                 mask_snowball_core_next_int=bool(r.random() < 0.7), snowball_time_masked_next_int=int(choose(r, 1, 20, 4000)),
                 max_extended_radius=int(choose(r, 5, 20, 200)))
    if family == "miri" and r.random() < 0.4:
        p.update(find_showers=True, extend_snr_threshold=float(choose(r, 1.0, 1.2, 1.5)), extend_min_area=int(choose(r, 20, 50, 90)),
                 extend_inner_radius=float(choose(r, 1.0, 1.5)), extend_outer_radius=float(choose(r, 2.6, 3.3)),
                 extend_ellipse_expand_ratio=float(choose(r, 1.0, 1.1, 1.4)), time_masked_after_shower=float(choose(r, 0, 1, 15)))
    return p


def steps_of(r, s, family):
    steps = {"jump": jump_of(r, s, family)}

    def give(chance, step, **parameters):
        if r.random() < chance:
            steps.setdefault(step, {}).update(parameters)
    give(0.3, "saturation", n_pix_grow_sat=int(choose(r, 0, 2, 3)))
    give(0.2, "saturation", use_readpatt=False)
    give(0.4, "refpix", odd_even_columns=bool(r.random() < 0.5), use_side_ref_pixels=bool(r.random() < 0.6), odd_even_rows=bool(r.random() < 0.5),
         side_smoothing_length=int(choose(r, 3, 5, 11, 21)), side_gain=float(choose(r, 0.5, 1.0, 1.3)))
    give(0.2, "ramp_fit", algorithm="LIKELY")
    give(0.35, "ramp_fit", suppress_one_group=False)
    give(0.3, "ramp_fit", save_opt=True)
    if s.ngroups > 3:
        give(0.12, "ramp_fit", firstgroup=int(r.integers(0, s.ngroups - 1)))
        give(0.12, "ramp_fit", lastgroup=int(r.integers(1, s.ngroups)))
    give(0.15, "dark_current", average_dark_current=float(choose(r, 0.01, 1.0, 30.0)))
    give(0.15, "charge_migration", skip=False, signal_threshold=float(choose(r, 3000, 16000, 25000)))
    if family == "miri":
        give(0.4, "firstframe", skip=False, bright_use_group1=bool(r.random() < 0.5))
        give(0.2, "lastframe", skip=True)
        give(0.2, "rscd", skip=True)
    for step in ("dq_init", "saturation", "superbias", "refpix", "linearity", "dark_current", "jump"):
        give(0.05, step, skip=True)
    return steps


def make(K, family, number, folder, clean):
    r = np.random.default_rng([number, K.hash_name("variations" + family)])
    s = setup_of(K, r, family)
    kw = dict(steps=steps_of(r, s, family), refkw={}, params=dict(save_calibrated_ramp=True))
    if not clean and r.random() < 0.5:
        kw.update(refs_hook=damage_references(r, int(choose(r, 1, 3, 8))),
                  raw_hook=damage_exposure(r, int(choose(r, 20, 200, s.nx * s.ny // 10))))
    if r.random() < 0.15:
        kw["refkw"]["dark_groups"] = int(max(1, s.ngroups + choose(r, -2, -1, 1, 5)))
    elif family != "miri" and r.random() < 0.1:
        kw["refkw"].update(dark_groups=(s.ngroups + 1) * (s.nframes + s.groupgap), dark_frames=1, dark_gap=0)
    if r.random() < 0.1:
        kw["refkw"]["gainfact"] = float(choose(r, 1.0, 2.0, 0.95))
    if family == "snow" and s.nx > 20 and s.ny > 20:
        kw["rampkw"] = dict(snowballs=0.5)
    if family == "ipc":
        kw["extra_refs"] = K.ipc_ref
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    case = dict(K.d1(family, s, number, folder, **kw), tags=["small"], exercises="", files=[])
    with open(os.path.join(folder, "case.json"), "w") as f:
        json.dump(case, f, indent=1)
    what = "%s %dx%d at %d,%d, %d x %d groups of %d+%d frames, %s, %s" % (
        s.det, s.nx, s.ny, s.x0, s.y0, s.nints, s.ngroups, s.nframes, s.groupgap, s.readpatt, json.dumps(case["steps"]))
    return case, what


# ------------------------------------------------------------------ runs
def run_reference(kit, Step, folder, case):
    out = os.path.join(folder, "truth")
    os.makedirs(out)
    here = os.getcwd()
    os.chdir(os.path.join(folder, "input"))
    try:
        with open(os.path.join(folder, "truth.log"), "w") as f, contextlib.redirect_stdout(f), contextlib.redirect_stderr(f):
            Step.from_cmdline(kit.arguments(folder, case, out))
        return None
    except (Exception, SystemExit) as e:
        return "%s: %s" % (type(e).__name__, str(e)[:120])
    finally:
        os.chdir(here)


def run_rampart(kit, folder, case, binary, extra):
    out = os.path.join(folder, "rampart")
    os.makedirs(out)
    p = subprocess.run([binary, "run"] + kit.arguments(folder, case, out) + ["--quiet"] + extra, cwd=os.path.join(folder, "input"),
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return None if p.returncode == 0 else "%d: %s" % (p.returncode, p.stdout.strip()[-120:])


def check(kit, folder):
    p = subprocess.run([sys.executable, os.path.join(kit.HERE, "compare.py"), os.path.join(folder, "rampart"), os.path.join(folder, "truth")],
                       stdout=subprocess.PIPE, text=True)
    with open(os.path.join(folder, "compare.txt"), "w") as f:
        f.write(p.stdout)
    return p.returncode == 0 and " differing " not in p.stdout, [line.strip() for line in p.stdout.splitlines() if " differing " in line or "!" in line[:8]]


def one(K, kit, Step, a, family, number):
    folder = os.path.join(os.path.abspath(a.work), "%s%d" % (family, number))
    case, what = make(K, family, number, folder, a.clean)
    theirs, ours = run_reference(kit, Step, folder, case), run_rampart(kit, folder, case, os.path.abspath(a.bin), a.extra)
    if theirs or ours:
        verdict, detail = ("both fail" if theirs and ours else "RC"), "reference: %s, rampart: %s" % (theirs, ours)
    else:
        same, lines = check(kit, folder)
        verdict, detail = ("ok", "") if same else ("DIFF", " ; ".join(lines)[:500])
    print("%s%d %s%s" % (family, number, verdict, "" if verdict == "ok" else " | %s | %s" % (detail, what)), flush=True)
    if verdict in ("ok", "both fail") and not a.keep:
        shutil.rmtree(folder)
    return verdict not in ("ok", "both fail")


def main():
    argv, extra = sys.argv[1:], []
    if "--" in argv:
        argv, extra = argv[:argv.index("--")], argv[argv.index("--") + 1:]
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("kit")
    p.add_argument("work")
    p.add_argument("first", type=int)
    p.add_argument("last", type=int)
    p.add_argument("--bin", required=True)
    p.add_argument("--family", default="nir,miri,snow,tso,ipc")
    p.add_argument("--clean", action="store_true")
    p.add_argument("--keep", action="store_true")
    a = p.parse_args(argv)
    a.extra = extra
    sys.path.insert(0, os.path.abspath(a.kit))
    import oraclelib as kit
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable] + sys.argv, kit.offline_env(dict(os.environ)))
    kit.offline_env()
    import cases as K
    from jwst.stpipe import Step
    bad = sum(one(K, kit, Step, a, f, n) for n in range(a.first, a.last + 1) for f in a.family.split(","))
    print("variations: %d to %d, %d not ok" % (a.first, a.last, bad))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
