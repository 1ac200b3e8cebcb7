#!/usr/bin/env python3
"""Writes io/product/keywords.def from the schemas of the installed stdatamodels package.

    python3 tests/golden/make_keywords.py > io/product/keywords.def

The schemas of the models that Rampart writes are merged into one table of keywords, whose order is the order in which
the reference writes them, and one table of planes per model.  The script stops when the schemas no longer agree with
what io/product assumes: one definition per value, one order (keywords below meta,
then planes, then keywords of the root), titles on the children of `meta` only.
"""
import graphlib
import sys
import warnings

warnings.simplefilter("ignore")
import stdatamodels  # noqa: E402
from stdatamodels.jwst import datamodels  # noqa: E402

MODELS = {
    "RAMP": "RampModel", "IMAGE": "ImageModel", "IFU_IMAGE": "IFUImageModel", "CUBE": "CubeModel",
    "FITOPT": "RampFitOutputModel", "GUIDER_RAW": "GuiderRawModel", "GUIDER_CAL": "GuiderCalModel",
}
DTYPES = {"uint8": "U8", "uint16": "U16", "uint32": "U32", "int32": "I32", "float32": "F32"}
KNOWN = {"title", "type", "fits_keyword", "fits_hdu", "blend_table", "blend_rule", "enum", "anyOf", "default"}


def fail(text):
    sys.exit("make_keywords: " + text)


def walk(schema, path=()):
    """Leaves in the writer's order: (path, schema) of every keyword and plane."""
    if "title" in schema and "properties" in schema and len(path) != 2:
        fail("a title on %s" % ".".join(path))
    for name, sub in schema.get("properties", {}).items():
        yield from walk(sub, path + (name,))
    if "fits_keyword" in schema or "fits_hdu" in schema:
        yield path, schema


def title(schema):
    text = schema.get("title") or schema.get("description", "")
    return text.partition("\n")[0]


def values(schema):
    """The permitted values, of an enumeration or a choice of enumerations; None when anything goes."""
    lists = [schema["enum"]] if "enum" in schema else [s["enum"] for s in schema.get("anyOf", [])]
    flat = list(dict.fromkeys(v for one in lists for v in one))
    for v in flat:
        if isinstance(v, bool) or not isinstance(v, (str, int)) or "|" in str(v):
            fail("permitted value %r" % (v,))
    return [str(v) for v in flat] or None


def quote(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def wrapped(text, first):
    """A string literal over several lines of at most 120 columns."""
    room = 110
    parts = [text[k:k + room] for k in range(0, len(text), room)]
    return ("\n" + " " * first).join(quote(p) for p in parts)


def main():
    leaves, order, masks, planes, sections = {}, {}, {}, {}, {}
    for name, model in MODELS.items():
        schema = getattr(datamodels, model)()._schema
        for child, sub in schema["properties"]["meta"]["properties"].items():
            if "title" in sub and "properties" in sub and sections.setdefault(child, sub["title"]) != sub["title"]:
                fail("two titles of meta." + child)
        found = list(walk(schema))
        keywords = [p for p, s in found if "fits_keyword" in s]
        planes[name] = [(p, s) for p, s in found if "fits_keyword" not in s]
        kinds = ["plane" if "fits_keyword" not in s else "meta" if p[0] == "meta" else "root" for p, s in found]
        if kinds != sorted(kinds, key=["meta", "plane", "root"].index):
            fail("%s: not first keywords of meta, then planes, then keywords of the root" % model)
        for path, sub in found:
            if "fits_keyword" not in sub:
                continue
            if set(sub) - KNOWN:
                fail("%s: %s" % (".".join(path), set(sub) - KNOWN))
            if repr(leaves.setdefault(path, sub)) != repr(sub):
                fail("%s differs between models" % ".".join(path))
            masks.setdefault(path, []).append(name)
        for a, b in zip(keywords, keywords[1:]):
            order.setdefault(b, set()).add(a)
        order.setdefault(keywords[0], set())
    # Ties between models are broken by the order of first appearance, so that the file is stable.
    sorter, rank, sequence = graphlib.TopologicalSorter(order), {p: k for k, p in enumerate(leaves)}, []
    sorter.prepare()
    ready = []
    while sorter.is_active():
        ready += sorter.get_ready()
        ready.sort(key=rank.get)
        sequence.append(ready.pop(0))
        sorter.done(sequence[-1])
    parents = [p[:2] for p in sequence if len(p) > 2]
    if sum(a != b for a, b in zip(parents, parents[1:])) + 1 != len(set(parents)):
        fail("the keywords of an object are not together")

    print("/* Keywords and planes of the data products; made by tests/golden/make_keywords.py from stdatamodels %s.\n"
          " *\n"
          " * RP_KEYWORD(hdu, keyword, path, type, models, section, values, comment): in the order of writing.  `values`: the\n"
          " * permitted ones, separated by '|', or NULL.  RP_PLANE(model, hdu, path, dtype, naxis): naxis 0 when any.\n"
          " * RP_TABLE(model, hdu, path).  RP_NAME(index): keywords by name, then by place. */" % stdatamodels.__version__)
    print("#ifdef RP_KEYWORD")
    for path in sequence:
        sub = leaves[path]
        hdu = sub.get("fits_hdu", "PRIMARY").upper()
        models = "ALL" if len(masks[path]) == len(MODELS) else " | ".join(masks[path])
        section = quote(sections[path[1]]) if len(path) > 2 and path[1] in sections else "NULL"
        permitted = values(sub)
        print("RP_KEYWORD(%s, %s, %s, %s, %s, %s,\n           %s%s)" % (
            quote(hdu), quote(sub["fits_keyword"]), quote(".".join(path)), sub["type"].upper(), models, section,
            wrapped("|".join(permitted), 11) + ",\n           " if permitted else "NULL, ", quote(title(sub))))
    print("#endif\n#ifdef RP_PLANE")
    for name, found in planes.items():
        for path, sub in found:
            datatype = sub.get("datatype")
            if isinstance(datatype, str):
                print("RP_PLANE(%s, %s, %s, %s, %d)" % (name, quote(sub["fits_hdu"].upper()), quote(".".join(path)), DTYPES[datatype],
                                                       sub.get("ndim", 0)))
            else:
                print("RP_TABLE(%s, %s, %s)" % (name, quote(sub["fits_hdu"].upper()), quote(".".join(path))))
    print("#endif\n#ifdef RP_NAME")
    hdus = {"PRIMARY": 0, "SCI": 1}
    by_name = sorted(range(len(sequence)), key=lambda k: (leaves[sequence[k]]["fits_keyword"],
                                                          hdus.get(leaves[sequence[k]].get("fits_hdu", "PRIMARY"), 2), k))
    for k in range(0, len(by_name), 12):
        print(" ".join("RP_NAME(%d)" % n for n in by_name[k:k + 12]))
    print("#endif")


if __name__ == "__main__":
    main()
