#!/usr/bin/env python3
"""Makes the golden cases of this folder: small exposures, their references, and what the reference pipeline made of them.

    python make_goldens.py [--out DIR] [CASE ...]        needs jwst 3.0.0, numpy, astropy

Every case is a folder: args (the command line, one argument a line; @ stands for the case's folder), input/, refs/, truth/.
All files are gzipped FITS.  A case exercises one branch; the list is at the end."""
import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from astropy.io import fits

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = {
    "dq_init": ["mask"], "emicorr": ["emicorr"], "saturation": ["saturation", "superbias"], "ipc": ["ipc"],
    "superbias": ["superbias"], "refpix": ["refpix", "sirskernel"], "rscd": ["rscd"], "linearity": ["linearity"],
    "dark_current": ["dark"], "reset": ["reset"], "jump": ["gain", "readnoise"], "picture_frame": ["pictureframe"],
    "clean_flicker_noise": ["flat", "pastasoss"], "ramp_fit": ["readnoise", "gain"], "gain_scale": ["gain"]}
DARK_STEPS = ("dq_init", "emicorr", "saturation", "ipc", "superbias", "refpix", "rscd", "linearity", "reset")
GUIDER_STEPS = {"dq_init": ["mask"], "guider_cds": ["gain", "readnoise"], "flat_field": ["flat", "fflat", "sflat", "dflat"]}
DETECTORS = {
    "NRCA3": dict(INSTRUME="NIRCAM", CHANNEL="SHORT", MODULE="A", FILTER="F200W", PUPIL="CLEAR", EXP_TYPE="NRC_IMAGE", FASTAXIS=-1, SLOWAXIS=2),
    "NRCBLONG": dict(INSTRUME="NIRCAM", CHANNEL="LONG", MODULE="B", FILTER="F444W", PUPIL="CLEAR", EXP_TYPE="NRC_IMAGE", FASTAXIS=1, SLOWAXIS=-2),
    "NIS": dict(INSTRUME="NIRISS", FILTER="CLEAR", PUPIL="F200W", EXP_TYPE="NIS_IMAGE", FASTAXIS=-2, SLOWAXIS=-1),
    "NRS2": dict(INSTRUME="NIRSPEC", FILTER="CLEAR", GRATING="PRISM", EXP_TYPE="NRS_FIXEDSLIT", FASTAXIS=-2, SLOWAXIS=-1),
    "GUIDER2": dict(INSTRUME="FGS", EXP_TYPE="FGS_IMAGE", FASTAXIS=2, SLOWAXIS=-1),
    "MIRIMAGE": dict(INSTRUME="MIRI", FILTER="F1000W", EXP_TYPE="MIR_IMAGE", FASTAXIS=1, SLOWAXIS=2)}


class Case:
    """One exposure and its references.  Attributes may be changed by a case before anything is written."""

    def __init__(self, name, detector="NRCA3", ny=32, nx=40, nints=1, ngroups=7, nframes=1, groupgap=0, subarray="SUB160",
                 readpatt="RAPID", tframe=0.28, x0=900, y0=800, seed=None, zeroframe=False, **keys):
        self.name, self.detector, self.ny, self.nx = name, detector, ny, nx
        self.nints, self.ngroups, self.nframes, self.groupgap = nints, ngroups, nframes, groupgap
        self.subarray, self.readpatt, self.tframe, self.x0, self.y0 = subarray, readpatt, tframe, x0, y0
        self.zeroframe, self.keys = zeroframe, keys
        self.rng = np.random.default_rng(seed if seed is not None else sum(map(ord, name)))
        self.pipeline, self.trees = "calwebb_detector1", {}   # trees: reference files that are ASDF, by reference type
        self.args, self.skip_refs, self.extra_refs, self.ref_keys = [], (), {}, {}
        self.miri = detector == "MIRIMAGE"
        self.dark_shape = None          # (ngroups, nframes, groupgap) of the dark
        self.planes()

    def near(self, value, spread, bits=6):
        """Values with few significant bits, so that the files stay small."""
        r = self.rng.standard_normal((self.ny, self.nx))
        return (value + spread * np.round(r * bits) / bits).astype("f4")

    def planes(self):
        y, x = np.mgrid[self.y0:self.y0 + self.ny, self.x0:self.x0 + self.nx]
        edge = (x <= 4) | (x > 1028) if self.miri else (x <= 4) | (x > 2044) | (y <= 4) | (y > 2044)
        self.reference_pixel = edge
        self.bias = self.near(9000.0, 64.0, 4)
        self.gain = self.near(1.75, 0.03125, 4)
        self.readnoise = np.abs(self.near(11.0, 1.0, 4))
        self.saturation = self.near(52000.0, 512.0, 4)
        self.coefficients = np.zeros((4, self.ny, self.nx), "f4")
        self.coefficients[1] = 1.0
        self.coefficients[2] = self.near(8e-7, 1e-7, 4)
        self.coefficients[3] = 3e-12
        self.mask = np.where(edge, np.uint32(8), 0).astype("u4")
        lucky = self.rng.random((self.ny, self.nx))
        self.mask[lucky < 0.01] |= 3
        self.mask[(lucky > 0.01) & (lucky < 0.02)] |= 4
        self.satdq = np.where((lucky > 0.3) & (lucky < 0.31), 2, 0).astype("u4")
        self.lindq = np.where((lucky > 0.32) & (lucky < 0.33), 2, 0).astype("u4")
        self.flux = 40.0 + 3000.0 * np.exp(-((x - self.x0 - self.nx * 0.6) ** 2 + (y - self.y0 - self.ny * 0.4) ** 2) / 12.0)
        self.flux[edge] = 0.0
        self.cosmic = 0.01
        self.hit = None

    # ---------------------------------------------------------------- the exposure
    def raw(self):
        reads = self.nframes + self.groupgap
        out = np.zeros((self.nints, self.ngroups, self.ny, self.nx))
        zero = np.zeros((self.nints, self.ny, self.nx))
        for i in range(self.nints):
            charge = np.zeros((self.ny, self.nx))
            for g in range(self.ngroups):
                total = np.zeros_like(charge)
                for r in range(reads):
                    charge = charge + self.rng.poisson(self.flux * self.tframe)
                    hits = self.rng.random(charge.shape) < self.cosmic / reads
                    charge[hits] += self.rng.uniform(200, 20000, hits.sum())
                    if self.hit and r == 0:
                        self.hit(i, g, charge)
                    dn = charge / self.gain
                    dn = dn - self.coefficients[2] * dn ** 2 * 0.9 + self.bias + self.readnoise / 1.414 * self.rng.standard_normal(charge.shape)
                    if r < self.nframes:
                        total += np.minimum(dn, 62000.0)
                    if g == 0 and r == 0:
                        zero[i] = np.minimum(dn, 62000.0)
                out[i, g] = total / self.nframes
        return np.clip(np.round(out), 0, 65535).astype("u2"), np.clip(np.round(zero), 0, 65535).astype("u2")

    def keywords(self):
        group = self.tframe * (self.nframes + self.groupgap)
        key = dict(TELESCOP="JWST", DATAMODL="Level1bModel", DETECTOR=self.detector, READPATT=self.readpatt, NINTS=self.nints,
                   NGROUPS=self.ngroups, NFRAMES=self.nframes, GROUPGAP=self.groupgap, FRMDIVSR=self.nframes, DRPFRMS1=0, NSAMPLES=1,
                   TSAMPLE=10.0, TFRAME=self.tframe, TGROUP=group, EFFINTTM=group * self.ngroups, NOUTPUTS=4 if self.miri else 1,
                   ZEROFRAM=self.zeroframe, SUBARRAY=self.subarray, SUBSTRT1=self.x0, SUBSTRT2=self.y0, SUBSIZE1=self.nx, SUBSIZE2=self.ny,
                   INTSTART=1, INTEND=self.nints, EXPSTART=59900.5, PROGRAM="09999", OBSERVTN="001", VISIT="001", VISITGRP="02", SEQ_ID="1",
                   ACT_ID="01", EXPOSURE="1")
        key.update({"DATE-OBS": "2022-11-17", "TIME-OBS": "12:00:00.000"})
        key.update({k: v for k, v in DETECTORS[self.detector].items()})
        key.update(self.keys)
        return key

    def write_exposure(self, path):
        raw, zero = self.raw()
        self.tweak_raw(raw, zero)
        h = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(raw, name="SCI")])
        for k, v in self.keywords().items():
            h[0].header[k] = v
        h["SCI"].header["BUNIT"] = "DN"
        if self.zeroframe:
            h.append(fits.ImageHDU(zero, name="ZEROFRAME"))
        h.writeto(path)
        self.add_tree(path)

    def add_tree(self, path):
        """The reference pipeline wants an ASDF extension in its inputs."""
        from stdatamodels.jwst import datamodels
        kind = datamodels.GuiderRawModel if isinstance(self, Guider) else datamodels.Level1bModel
        with kind(path) as model:
            model.save(path + ".new.fits")
        os.replace(path + ".new.fits", path)

    def tweak_raw(self, raw, zero):
        pass

    # ---------------------------------------------------------------- references
    def reference(self, folder, reftype, planes, **keys):
        h = fits.HDUList([fits.PrimaryHDU()])
        head = dict(TELESCOP="JWST", REFTYPE=reftype.upper(), DETECTOR=self.detector, SUBARRAY=self.subarray, SUBSTRT1=self.x0, SUBSTRT2=self.y0,
                    SUBSIZE1=self.nx, SUBSIZE2=self.ny, PEDIGREE="DUMMY", USEAFTER="2022-01-01T00:00:00", AUTHOR="rampart", DESCRIP="golden")
        head.update({k: v for k, v in DETECTORS[self.detector].items()})
        head.update(self.ref_keys.get(reftype, {}))
        head.update(keys)
        for k, v in head.items():
            h[0].header[k] = v
        for name, data in planes.items():
            if isinstance(data, fits.BinTableHDU):
                data.name = name
                h.append(data)
            else:
                h.append(fits.ImageHDU(data, name=name))
        path = os.path.join(folder, "%s.fits.gz" % reftype)
        h.writeto(path)
        return path

    @staticmethod
    def dq_def(names):
        rows = [(k, 1 << k, n, n.lower()) for k, n in enumerate(names)]
        return fits.BinTableHDU(np.array(rows, [("BIT", "i4"), ("VALUE", "i4"), ("NAME", "S20"), ("DESCRIPTION", "S20")]))

    def references(self, folder):
        dg, dn, dgap = self.dark_shape or (self.ngroups, self.nframes, self.groupgap)
        step = self.tframe * (dn + dgap)
        rate = np.where((self.mask & 4) > 0, 6.0, 0.02).astype("f4")
        dark = (rate * (step * (np.arange(dg) + 1))[:, None, None]).astype("f4")
        dark_keys = dict(NGROUPS=dg, NFRAMES=dn, GROUPGAP=dgap, TFRAME=self.tframe, TGROUP=step, NINTS=2 if self.miri else 1)
        z = np.zeros((self.ny, self.nx), "u4")
        r = {"mask": self.reference(folder, "mask", {"DQ": self.mask, "DQ_DEF": self.dq_def(["DO_NOT_USE", "DEAD", "HOT", "REFERENCE_PIXEL"])}),
             "saturation": self.reference(folder, "saturation", {"SCI": self.saturation, "DQ": self.satdq, "DQ_DEF": self.dq_def(["DO_NOT_USE", "NO_SAT_CHECK"])}),
             "linearity": self.reference(folder, "linearity", {"COEFFS": self.coefficients, "DQ": self.lindq, "DQ_DEF": self.dq_def(["NONLINEAR", "NO_LIN_CORR"])}),
             "gain": self.reference(folder, "gain", {"SCI": self.gain}),
             "readnoise": self.reference(folder, "readnoise", {"SCI": self.readnoise})}
        if self.miri:
            d4 = np.stack([dark, dark + np.float32(0.5)])
            reset = (20.0 * np.exp(-np.arange(4.0))[None, :, None, None] * np.ones((2, 1, self.ny, self.nx))).astype("f4")
            r["dark"] = self.reference(folder, "dark", {"SCI": d4, "DQ": np.zeros((2, 1, self.ny, self.nx), "u4")}, **dark_keys)
            r["reset"] = self.reference(folder, "reset", {"SCI": reset, "DQ": z}, NGROUPS=4, NINTS=2)
            skip = np.array([(self.subarray, self.readpatt, 2, 1), ("FULL", "FASTR1", 4, 2)], [("subarray", "S12"), ("readpatt", "S12"), ("group_skip", "i4"), ("group_skip1", "i4")])
            r["rscd"] = self.reference(folder, "rscd", {"RSCD_GROUP_SKIP": fits.BinTableHDU(skip)})
        else:
            r["superbias"] = self.reference(folder, "superbias", {"SCI": self.bias, "ERR": np.zeros_like(self.bias), "DQ": z})
            r["dark"] = self.reference(folder, "dark", {"SCI": dark, "DQ": z}, **dark_keys)
        for reftype, planes in self.extra_refs.items():
            r[reftype] = self.reference(folder, reftype, planes)
        for reftype, tree in self.trees.items():
            import asdf
            r[reftype] = os.path.join(folder, reftype + ".asdf")
            asdf.AsdfFile(tree).write_to(r[reftype])
        return {k: v for k, v in r.items() if k not in self.skip_refs}


class Guider(Case):
    def __init__(self, name, exp_type, nints, ngroups, ny=24, nx=24, **keys):
        super().__init__(name, "GUIDER2", ny, nx, nints, ngroups, subarray="128X128", readpatt="FGS", EXP_TYPE=exp_type, **keys)

    def references(self, folder):
        flat = self.near(1.0, 0.03125, 4)
        flat[3, 3], flat[5, 5] = np.nan, 0.0
        return {"mask": self.reference(folder, "mask", {"DQ": self.mask, "DQ_DEF": self.dq_def(["DO_NOT_USE", "DEAD", "HOT", "REFERENCE_PIXEL"])}),
                "gain": self.reference(folder, "gain", {"SCI": self.gain}), "readnoise": self.reference(folder, "readnoise", {"SCI": self.readnoise}),
                "flat": self.reference(folder, "flat", {"SCI": flat, "ERR": np.full_like(flat, 0.01), "DQ": np.zeros(flat.shape, "u4"), "DQ_DEF": self.dq_def(["DO_NOT_USE", "NO_FLAT_FIELD"])})}


# -------------------------------------------------------------------- running
RUN = r"""
import os, sys
os.environ.update(STPIPE_DISABLE_CRDS_STEPPARS="true", CRDS_SERVER_URL="https://jwst-serverless-mode.stsci.edu", CRDS_CONTEXT="jwst_1464.pmap",
                  CRDS_PATH=sys.argv[1], CRDS_MODE="local")
from jwst.stpipe import Step
from stpipe import crds_client
# draft ramp fits inside other steps ask CRDS: the case's own references answer
refs = dict(a.split("override_", 1)[1].split("=", 1) for a in sys.argv[2:] if "override_" in a and not a.endswith("=N/A"))
# and of a draft's sky coordinates nothing is used but for spectra
import jwst.clean_flicker_noise.clean_flicker_noise as cfn
cfn.post_process_rate = lambda model, **rest: model
crds_client._get_refpaths = lambda parameters, types, observatory: {t: refs.get(t, "N/A") for t in types}
Step.from_cmdline(sys.argv[2:])
"""


def crds_cache(folder):
    os.makedirs(os.path.join(folder, "config", "jwst"), exist_ok=True)
    with open(os.path.join(folder, "config", "jwst", "server_config"), "w") as f:
        f.write(repr(dict(observatory="jwst", operational_context="jwst_1464.pmap", latest_context="jwst_1464.pmap", force_remote_mode=False,
                          bad_files_list=[], last_synced="never")))


def gzip_file(src, dst):
    with open(src, "rb") as f, gzip.GzipFile(dst, "wb", mtime=0) as g:
        shutil.copyfileobj(f, g)


def make(case, out):
    guider = isinstance(case, Guider)
    with tempfile.TemporaryDirectory() as work:
        plain = os.path.join(work, case.name)
        for d in ("input", "refs", "truth"):
            os.makedirs(os.path.join(plain, d))
        crds_cache(os.path.join(work, "crds"))
        root = "jw09999001001_02101_00001_%s_uncal.fits" % case.detector.lower()
        case.write_exposure(os.path.join(plain, "input", root))
        refs = case.references(os.path.join(plain, "refs"))
        args = ["calwebb_guider" if guider else case.pipeline, "@/input/" + root, "--output_dir=OUT"]
        steps = {k: STEPS[k] for k in DARK_STEPS} if case.pipeline == "calwebb_dark" else STEPS
        for step, types in (GUIDER_STEPS if guider else steps).items():
            args += ["--steps.%s.override_%s=%s" % (step, t, "@/refs/" + os.path.basename(refs[t]) if t in refs else "N/A") for t in types]
        args += case.args
        full = [a.replace("@", plain).replace("OUT", os.path.join(plain, "truth")) for a in args]
        r = subprocess.run([sys.executable, "-c", RUN, os.path.join(work, "crds")] + full, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if r.returncode:
            raise SystemExit("%s: the reference pipeline failed\n%s" % (case.name, r.stdout[-3000:]))
        target = os.path.join(out, case.name)
        shutil.rmtree(target, ignore_errors=True)
        for d in ("input", "truth", "refs"):
            os.makedirs(os.path.join(target, d))
            for f in sorted(os.listdir(os.path.join(plain, d))):
                src = os.path.join(plain, d, f)
                if f.endswith((".gz", ".asdf")):
                    shutil.copy(src, os.path.join(target, d, f))
                else:
                    gzip_file(src, os.path.join(target, d, f + ".gz"))
        with open(os.path.join(target, "args"), "w") as f:
            f.write("\n".join(a.replace(root, root + ".gz") if a.startswith("@/input") else a for a in args) + "\n")
        size = sum(os.path.getsize(os.path.join(b, f)) for b, _, fs in os.walk(target) for f in fs)
        print("%-24s %d products, %d kB" % (case.name, len(os.listdir(os.path.join(target, "truth"))), size // 1000), flush=True)


# -------------------------------------------------------------------- the cases
def step(case, *args):
    case.args += list(args)
    return case


def optional_cases():
    """Steps that are left out by default, and calwebb_dark."""
    for name, detector, size in (("dark_pipeline", "NRCA3", (16, 20)), ("dark_pipeline_miri", "MIRIMAGE", (16, 20))):
        c = Case(name, detector, *size, ngroups=4, nints=2, x0=1, y0=1, **(dict(subarray="SUB64", readpatt="FASTR1") if detector == "MIRIMAGE" else {}))
        c.pipeline = "calwebb_dark"
        yield c
    c = Case("persistence", ny=16, nx=20, nints=3, ngroups=5, tframe=0.5)
    c.flux = c.flux * 60
    c.trees["earlier"] = {"NRCA3": {"rows": np.array([1, 2, 3]), "cols": np.array([4, 5, 19]), "pers_time": 1, "filename": "x",
                                    "vals": (59900.5 - 40587.0) * 86400.0 + np.array([0.6, 1.2, 500.0])}}
    yield step(c, "--save_calibrated_ramp=true", "--steps.persistence.skip=false", "--steps.persistence.persistence_time=1", "--steps.persistence.dn_threshold=30000",
               "--steps.persistence.persistence_array_file=@/refs/earlier.asdf")

    def emi(name, *args, **shape):
        c = Case(name, "MIRIMAGE", 16, 32, subarray="SUB64", readpatt="FASTR1", tframe=0.08512, **shape)
        wave = np.sin(2 * np.pi * (np.arange(64) + 0.5) / 64) + 0.3 * np.sin(6 * np.pi * np.arange(64) / 64)
        c.trees["emicorr"] = {"frequencies": {"Hz390": {"frequency": 390.625, "phase_amplitudes": wave}, "Hz10": {"frequency": 10.039216, "phase_amplitudes": wave[::-1].copy()}},
                              "subarray_cases": {"SUB64": {"rowclocks": 28, "frameclocks": 8512, "freqs": {"FAST": ["Hz390", "Hz10"], "SLOW": {"MIRIMAGE": ["Hz390"]}}}},
                              "meta": {"reftype": "emicorr", "author": "rampart", "description": "golden", "pedigree": "DUMMY", "useafter": "2022-01-01T00:00:00", "telescope": "JWST"}}

        def noisy(raw, zero):
            g, y, x = np.mgrid[:c.ngroups, :c.ny, :c.nx]
            t = g * 8512 + y * 28 + x // 4
            for i in range(c.nints):
                raw[i] += np.round(12 + 8 * np.interp((t / 256.0 + 0.3 * i) % 1, np.arange(64) / 64, wave)).astype("u2")
        c.tweak_raw = noisy
        return step(c, "--steps.emicorr.skip=false", "--save_calibrated_ramp=true", *args)
    yield emi("emicorr_joint", nints=2, ngroups=5)
    yield emi("emicorr_apart", "--steps.emicorr.fit_ints_separately=true", nints=2, ngroups=4)
    yield emi("emicorr_sequential", "--steps.emicorr.algorithm=sequential", "--steps.emicorr.nbins=20", nints=2, ngroups=6)
    yield emi("emicorr_on_the_fly", "--steps.emicorr.onthefly_corr_freq=390.625, 218.52055", "--steps.emicorr.nbins=20", "--steps.emicorr.use_n_cycles=200", nints=2, ngroups=5)

    def flicker(name, detector="NRCA3", *args, size=(40, 48), **shape):
        c = Case(name, detector, *size, **shape)

        def striped(raw, zero):
            lines = c.rng.normal(0, 9, (c.nints, c.ngroups, c.ny, 1)) if abs(DETECTORS[detector]["SLOWAXIS"]) == 2 else c.rng.normal(0, 9, (c.nints, c.ngroups, 1, c.nx))
            raw[:] = np.clip(np.round(raw + lines), 0, 65535).astype("u2")
        c.tweak_raw = striped
        flat = c.near(1.0, 0.03125, 4)
        flat[3, 3:6], flat[5, 5] = np.nan, 0.0
        c.extra_refs["flat"] = {"SCI": flat, "ERR": np.zeros_like(flat), "DQ": np.zeros(flat.shape, "u4")}
        return step(c, "--steps.clean_flicker_noise.skip=false", *("--steps.clean_flicker_noise." + a for a in args))
    saved = ("save_mask=true", "save_background=true", "save_noise=true")
    yield step(flicker("flicker_median", "NRCA3", *saved, size=(24, 32), nints=2, ngroups=4), "--save_calibrated_ramp=true")
    yield flicker("flicker_model", "NRCA3", "background_method=model", "background_box_size=8,7", "single_mask=false", "fit_histogram=true",
                  "apply_flat_field=true", "save_results=true", nints=2, ngroups=3)
    yield flicker("flicker_auto", "NIS", "autoparam=true", "save_results=true", ngroups=3)
    yield flicker("flicker_image", "NRCA3", "background_method=median_image", *saved, size=(16, 20), nints=3, ngroups=3)
    # an average dark and a zero frame, both read again from scratch storage
    yield step(flicker("flicker_zero_frame", "NRCA3", size=(16, 20), ngroups=3, zeroframe=True), "--steps.dark_current.average_dark_current=0.5",
               "--steps.ramp_fit.suppress_one_group=false")
    # bright and not fitted, since the reference cleans in single precision: values near zero would show nothing else
    c = flicker("flicker_fft", "NRS2", "fit_method=fft", size=(32, 64), ngroups=3, subarray="SUBS200A1", readpatt="NRSRAPID")
    c.flux = c.flux + 8000.0
    yield step(c, "--steps.ramp_fit.skip=true", "--steps.gain_scale.skip=true")
    c = Case("picture_frame", "NRS2", 82, 82, ngroups=3, x0=1, y0=1, subarray="FULL", readpatt="NRSRAPID")
    c.reference_pixel[:] = False
    y, x = np.mgrid[:82, :82]
    frame = (0.5 + 0.25 * np.cos((x + y) / 9.0)).astype("f4")
    c.extra_refs["pictureframe"] = {"SCI": np.round(frame * 64).astype("f4") / 64}
    yield step(c, "--steps.picture_frame.skip=false", "--steps.picture_frame.mask_science_regions=false", "--steps.refpix.skip=true",
               "--steps.picture_frame.save_results=true")


def cases():
    ramp = "--save_calibrated_ramp=true"
    yield step(Case("iterative", nints=2), ramp)
    yield step(Case("single_pass", ngroups=16, ny=24, nx=24), ramp, "--steps.jump.after_jump_flag_dn1=10", "--steps.jump.after_jump_flag_time1=0.6",
               "--steps.jump.after_jump_flag_dn2=500", "--steps.jump.after_jump_flag_time2=1.2")
    yield step(Case("sigma_clip_ints", nints=104, ngroups=4, ny=8, nx=8), ramp)
    yield step(Case("sigma_clip_groups", nints=4, ngroups=28, ny=10, nx=10), ramp, "--steps.jump.only_use_ints=false")
    yield step(Case("frames", nframes=4, groupgap=1, readpatt="SHALLOW4", tframe=0.2), ramp)
    c = Case("saturated", nframes=4, readpatt="BRIGHT2", tframe=0.5)
    c.flux = c.flux * 40
    yield step(c, ramp)
    c = Case("zero_frame", zeroframe=True, tframe=0.5)
    c.flux = c.flux * 60
    yield step(c, ramp, "--steps.ramp_fit.suppress_one_group=false")
    c = Case("one_group_kept", tframe=0.5)
    c.flux = c.flux * 60
    yield step(c, "--steps.ramp_fit.suppress_one_group=false", "--steps.ramp_fit.save_opt=true")
    c = Case("charge_migration", tframe=0.4)
    c.flux = c.flux * 25
    yield step(c, ramp, "--steps.charge_migration.skip=false", "--steps.charge_migration.signal_threshold=15000")

    def snowball(i, g, charge):
        for gg, cy, cx, r in ((2, 30, 30, 9), (4, 50, 12, 4), (5, 2, 40, 6)):
            if g == gg and i == 0:
                y, x = np.mgrid[:charge.shape[0], :charge.shape[1]]
                d = np.hypot(y - cy, x - cx)
                charge[d < r] += 200000.0
                charge[(d >= r) & (d < 2.2 * r)] += 3000.0
    c = Case("snowballs", ny=64, nx=64, nints=2, ngroups=8)
    c.hit, c.cosmic = snowball, 0.002
    yield step(c, ramp, "--steps.jump.expand_large_events=true", "--steps.jump.edge_size=5", "--steps.jump.min_sat_radius_extend=1.5",
               "--steps.jump.snowball_time_masked_next_int=2")
    c = Case("snowballs_any", ny=64, nx=64, ngroups=8)
    c.hit, c.cosmic = snowball, 0.002
    yield step(c, ramp, "--steps.jump.expand_large_events=true", "--steps.jump.sat_required_snowball=false", "--steps.jump.min_jump_area=20")

    def shower(i, g, charge):
        if g == 4:
            y, x = np.mgrid[:charge.shape[0], :charge.shape[1]]
            d = np.hypot((y - 30) / 1.3, x - 34)
            charge[d < 13] += 60.0
    c = Case("showers", "MIRIMAGE", 64, 64, nints=1, ngroups=14, subarray="SUB64", readpatt="FASTR1", tframe=0.5)
    c.hit, c.cosmic = shower, 0.001
    yield step(c, ramp, "--steps.jump.find_showers=true", "--steps.jump.extend_snr_threshold=1.2")
    c = Case("ipc_2d")
    k = np.array([[0, .005, 0], [.006, .978, .006], [0, .005, 0]], "f4")
    c.extra_refs["ipc"] = {"SCI": k}
    yield step(c, ramp)
    c = Case("ipc_4d", x0=1, y0=1)  # the reference cuts 4-D kernels from the origin of the detector
    c.extra_refs["ipc"] = {"SCI": (k[:, :, None, None] * (1 + 0.01 * np.round(4 * c.rng.standard_normal((1, 1, c.ny, c.nx))) / 4)).astype("f4")}
    yield step(c, ramp)
    yield step(Case("refpix_corner", x0=1, y0=1), ramp)
    yield step(Case("refpix_plain", x0=1, y0=1, detector="NIS"), ramp, "--steps.refpix.odd_even_columns=false")
    c = Case("scales", nframes=3, FRMDIVSR=4, readpatt="MEDIUM8")
    c.ref_keys["gain"] = {"GAINFACT": 1.5}
    yield step(c, ramp, "--steps.group_scale.save_results=true", "--steps.ramp_fit.save_results=true", "--steps.gain_scale.save_results=true")
    c = Case("dark_short", ngroups=7)
    c.dark_shape = (4, 1, 0)
    yield step(c, ramp)
    c = Case("dark_fine", ngroups=5, nframes=2, groupgap=1, readpatt="SHALLOW2")
    c.dark_shape = (16, 1, 0)
    yield step(c, ramp)
    c = Case("dark_coarse", ngroups=5)
    c.dark_shape = (5, 2, 1)
    yield step(c, ramp)
    yield step(Case("dark_average"), "--steps.dark_current.average_dark_current=0.5", ramp)
    for n in (1, 2, 3, 4):
        yield step(Case("groups_%d" % n, ngroups=n, ny=16, nx=20), ramp)
        yield step(Case("miri_groups_%d" % n, "MIRIMAGE", 16, 20, nints=2, ngroups=n, subarray="SUB64", readpatt="FASTR1"), ramp)
    c = Case("miri", "MIRIMAGE", 24, 32, nints=3, ngroups=9, subarray="SUB64", readpatt="FASTR1", tframe=0.4)
    c.flux = c.flux * 20
    yield step(c, ramp)
    yield step(Case("miri_firstframe", "MIRIMAGE", 24, 32, nints=2, ngroups=9, subarray="SUB64", readpatt="FASTR1"), ramp,
               "--steps.firstframe.skip=false", "--steps.firstframe.bright_use_group1=true")
    yield step(Case("miri_segment", "MIRIMAGE", 16, 20, nints=2, ngroups=8, subarray="SUB64", readpatt="FASTR1", INTSTART=3, INTEND=4), ramp)
    yield step(Case("niriss", "NIS", y0=200, x0=300, nints=2), ramp)
    yield step(Case("nirspec", "NRS2", subarray="ALLSLITS", readpatt="NRSRAPID"), ramp)
    yield step(Case("fgs", "GUIDER2", subarray="FULL"), ramp)
    yield step(Case("likely", nframes=2, groupgap=1, ngroups=8, readpatt="SHALLOW2"), ramp, "--steps.ramp_fit.algorithm=LIKELY")
    yield step(Case("likely_jumps", nints=2, ngroups=9), ramp, "--steps.ramp_fit.algorithm=LIKELY", "--steps.jump.skip=true", "--steps.ramp_fit.save_opt=true")
    yield step(Case("likely_zero_frame", ngroups=7, nframes=2, readpatt="BRIGHT2", zeroframe=True), "--steps.ramp_fit.algorithm=LIKELY")
    yield step(Case("optional", nints=2, ngroups=9), "--steps.ramp_fit.save_opt=true")
    yield step(Case("first_last", ngroups=9), "--steps.ramp_fit.firstgroup=2", "--steps.ramp_fit.lastgroup=6")
    c = Case("all_saturated", ngroups=5, ny=16, nx=16)
    c.saturation[:] = 10.0
    yield step(c, ramp)
    c = Case("all_flagged", ngroups=5, ny=16, nx=16)
    c.mask |= 1
    yield step(c, ramp)
    c = Case("bad_references", ngroups=6)
    c.gain[2, 2:8] = [np.nan, 0, -1, 1e-3, np.inf, 2]
    c.readnoise[4, 2:8] = [np.nan, 0, -1, 1e-3, 300, 2]
    c.saturation[6, 2:6] = [np.nan, 0, -5, 70000]
    c.coefficients[2, 8, 2:5] = [np.nan, 0, 1e-3]
    c.coefficients[1, 8, 6:8] = [0, np.nan]
    c.bias[10, 2:5] = [np.nan, 0, 1e5]
    yield step(c, ramp)
    yield from optional_cases()
    yield Guider("guider_acq", "FGS_ACQ1", 4, 2)
    yield Guider("guider_id", "FGS_ID-IMAGE", 2, 2)
    yield Guider("guider_track", "FGS_TRACK", 6, 2)
    yield Guider("guider_fine", "FGS_FINEGUIDE", 2, 9)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("case", nargs="*")
    p.add_argument("--out", default=os.path.join(HERE, "cases"))
    a = p.parse_args()
    for c in cases():
        if not a.case or c.name in a.case:
            make(c, a.out)


if __name__ == "__main__":
    main()
