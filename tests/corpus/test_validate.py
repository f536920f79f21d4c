#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What validate makes of layouts: real ones, many faults at once, large documents, and what it costs."""
import json
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
import layout as L  # noqa: E402
from archives import docker_entries, oci_entries  # noqa: E402
import test_good_layouts  # noqa: E402
import test_real_images  # noqa: E402
from harness import Case, keeps_books  # noqa: E402

# Layouts of the corpus that tools take and that break a rule nevertheless.
NOT_CLEAN = {
    "bazel-contrib+rules_oci/e2e/assertion/empty": {"manifest.layers.min-one-schema"},
    # An artifact of old, with the configuration type of images and {} as its configuration (artifact.legacy-image-config).
    "regclient+regclient/testdata/testrepo": {"config.architecture.required", "config.os.required", "config.rootfs.required"},
}


class Validate(Case):
    def setUp(self):
        super().setUp()
        self.layout = L.Layout(self.dir / "layout")

    def validate(self, *args, code=None, **options):
        """The findings; the exit status is 3 when there is an error among them, unless code says otherwise."""
        done = self.run_tool("validate", "--format", "json", *args, **options)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        found = json.loads(done.stdout)["findings"]
        expected = 3 if any(f["severity"] == "error" for f in found) else 0
        self.assertEqual(done.returncode, expected if code is None else code)
        return found

    def rules(self, *args, severity="error", **options):
        return [f["rule"] for f in self.validate(*args, **options) if f["severity"] == severity]

    # ---- real layouts ----

    @unittest.skipUnless((test_real_images.CORPUS / "INDEX.tsv").exists(), "the corpus is not there")
    def test_clean_layouts_have_no_errors_and_broken_ones_have(self):
        count = 0
        for path, verdict in test_real_images.layouts():
            with self.subTest(path):
                count += 1
                errors = set(self.rules(test_real_images.CORPUS / path))
                if verdict == "ok":
                    self.assertEqual(errors, NOT_CLEAN.get(path, set()))
                else:
                    self.assertNotEqual(errors, set(), verdict)
        self.assertGreater(count, 20)

    # ---- many faults ----

    # proves: spec.compliance.all-must spec.keywords.rfc2119
    def test_fifty_faults_are_fifty_findings(self):
        wanted = []
        for i in range(10):
            tar = L.tar([L.file(f"f{i}"), L.file(f"./f{i}")])
            wanted.append("layer.tar.no-duplicates")

            def config(c):
                c["created"] = "yesterday"
                c["config"]["Env"] = ["nothing"]
                c["config"]["WorkingDir"] = 7
            wanted.extend(("config.created.rfc3339", "config.env.format", "config.working-dir.string"))

            def manifest(m):
                m["annotations"] = {"a.b": 1}
            wanted.append("manifest.annotations.rules")
            self.layout.image(f"img{i}", [tar], config=lambda c, i=i: config(c) or c.update(author=f"{i}"), manifest=manifest)
        self.layout.write()
        self.assertEqual(len(wanted), 50)
        found = self.rules("layout")
        self.assertEqual(sorted(found), sorted(wanted))
        for finding in self.validate("layout"):
            if finding["pointer"]:
                self.assertGreater(finding["line"], 0)
                self.assertGreater(finding["column"], 1)

    # A document that breaks a rule does not hide what is below it.
    def test_what_is_below_a_broken_document_is_looked_at(self):
        tar = L.tar([L.file("f")])

        def config(c):
            c["created"] = "yesterday"
        self.layout.image("a", [tar], config=config)
        self.layout.entries.append({"mediaType": L.MANIFEST, "size": 1})
        self.layout.image("b", [tar], config=config, manifest=lambda m: m["layers"][0].pop("size") and None)
        self.layout.write()
        self.assertEqual(sorted(self.rules("layout")), ["config.created.rfc3339", "descriptor.digest.required",
                                                        "descriptor.size.required"])

    def test_findings_are_in_the_order_of_the_walk_and_the_same_each_time(self):
        for i in range(6):
            self.layout.image(f"i{i}", [L.tar([L.file(f"{i}{k}"), L.file(f"/{i}{k}")]) for k in range(4)])
        self.layout.write()
        first = self.validate("layout", "-j", "1")
        for jobs in ("2", "7"):
            self.assertEqual(self.validate("layout", "-j", jobs), first)
        paths = [f["path"] for f in first if f["rule"] == "layer.tar.no-duplicates"]
        self.assertEqual(paths, [f"manifests[{i}] > layers[{k}]" for i in range(6) for k in range(4)])

    # ---- rules about more than one document, and about layers in images ----

    def image(self, *layers, **options):
        self.layout = L.Layout(self.dir / "layout")
        self.remove()
        self.dir.mkdir()
        entry = self.layout.image("img", [t if isinstance(t, bytes) else L.tar(t) for t in layers], **options)
        entry.setdefault("platform", {"os": "linux", "architecture": "amd64"})
        return entry

    def told(self, *args):
        """(severity, rule) of everything that is told of the layout."""
        self.layout.write()
        return [(f["severity"], f["rule"]) for f in self.validate("layout", *args)]

    def test_two_entries_of_one_name(self):
        first = self.image([L.file("f")])
        self.assertEqual(self.told(), [])
        second = self.layout.image("img", [L.tar([L.file("g")])], platform={"os": "linux", "architecture": "arm64"},
                                   config=lambda c: c.update(architecture="arm64"))
        del self.layout.files["index.json"]
        self.assertEqual(self.told(), [])
        second["platform"] = first["platform"]
        del self.layout.files["index.json"]
        self.assertEqual(self.told(), [("warning", "config.platform.agrees-with-descriptor"),
                                       ("warning", "layout.ref-name.ambiguous")][::-1])

    def test_blobs_that_are_no_files(self):
        self.image([L.file("f")])
        self.layout.write()
        blob = self.layout.blob_path(json.loads(self.layout.blobs[self.layout.entries[0]["digest"]])["layers"][0]["digest"])
        blob.unlink()
        blob.mkdir()
        self.layout.blobs.clear()
        self.assertEqual([r for r in self.told() if r[0] == "error"],
                         [("error", "layout.blobs.regular-file"), ("error", "layout.blobs.path-scheme")])

    # ---- what is read nevertheless ----

    def tolerated(self, rule, says=None, image="layout:img"):
        """unpack takes it, perhaps with a warning, and validate tells of it."""
        done = self.run_tool("unpack", image, "bundle")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: " + says if says else "", done.stderr.decode())
        found = self.validate(image.partition(":")[0])
        self.assertIn(rule, [f["rule"] for f in found])
        return found

    def test_a_layout_without_its_file(self):
        self.image([L.file("f")])
        self.layout.files["oci-layout"] = None
        self.layout.write()
        self.tolerated("layout.oci-layout.file-present", "the file oci-layout is missing")

    def test_blobs_that_are_links(self):
        self.image([L.file("f")])
        self.layout.write()
        for i, digest in enumerate(self.layout.blobs):
            (self.layout.path / "store").mkdir(exist_ok=True)
            blob = self.layout.blob_path(digest)
            blob.rename(self.layout.path / "store" / str(i))
            blob.symlink_to(f"../../store/{i}")
        found = self.tolerated("layout.blobs.link")
        self.assertEqual([f["rule"] for f in found].count("layout.blobs.link"), len(self.layout.blobs))
        self.assertEqual([f for f in found if f["severity"] == "error"], [])

    def test_null_for_arrays(self):
        self.layout.put(b"so that there are blobs", "text/plain")
        self.layout.files["index.json"] = b'{"schemaVersion":2,"manifests":null}'
        self.layout.write()
        self.assertEqual(self.run_tool("list", "layout").returncode, 0)
        self.assertEqual(self.rules("layout"), [])
        self.assertIn("index.manifests.required", self.rules("layout", severity="warning"))
        self.layout = L.Layout(self.dir / "layout")
        self.layout.image("img", [], manifest=lambda m: m.update(layers=None),
                          config=lambda c: c["rootfs"].update(diff_ids=None))
        self.layout.write()
        found = self.tolerated("manifest.layers.required")
        self.assertIn("config.rootfs.diff-ids.required", [f["rule"] for f in found])

    def test_small_letters_in_a_docker_archive(self):
        entries = list(docker_entries([L.tar([L.file("f")])]))
        text = json.loads(entries[-1][1])
        entries[-1] = L.file("manifest.json", json.dumps(
            [{"config": text[0]["Config"], "repoTags": text[0]["RepoTags"], "layers": text[0]["Layers"]}]).encode())
        (self.dir / "image.tar").write_bytes(L.tar(entries))
        found = self.tolerated("docker-archive.member-case", "manifest.json: its members are written with small",
                               "image.tar:img:latest")
        self.assertEqual([f for f in found if f["severity"] == "error"], [])

    def test_findings_in_a_docker_archive_name_its_members(self):
        entries = list(docker_entries([L.tar([L.file("f"), L.file("f")])], config={"architecture": "i386"}))
        (self.dir / "image.tar").write_bytes(L.tar(entries))
        found = {f["rule"]: f["file"] for f in self.validate("image.tar")}
        self.assertEqual(found["config.architecture.goarch-produce"], entries[0][0].name)
        self.assertEqual(found["layer.tar.no-duplicates"], f"{0:064x}/layer.tar")

    def test_other_names_of_architectures(self):
        for own, go in (("i386", "386"), ("x86_64", "amd64"), ("aarch64", "arm64")):
            self.layout = L.Layout(self.dir / own)
            self.layout.image("img", [L.tar([L.file("f")])], platform={"os": "linux", "architecture": own},
                              config=lambda c, own=own: c.update(architecture=own))
            self.layout.write()
            for wanted in (own, go):
                done = self.run_tool("unpack", "--platform", f"linux/{wanted}", f"{own}:img", f"{own}-{wanted}")
                self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.rules(own), [])
            self.assertEqual(set(self.rules(own, severity="warning")),
                             {"platform.architecture.goarch-produce", "config.architecture.goarch-produce"})

    def test_layers_without_an_end_and_of_git(self):
        tar = L.tar([L.file("f", b"hello")])
        self.layout.image("img", [tar[:1024], L.tar([L.file("f")], comment="0123456789abcdef")])
        self.layout.write()
        found = self.tolerated("layer.tar.odd", "the tar archive has no blocks of zeros at its end")
        self.assertEqual([f for f in found if f["severity"] == "error"], [])

    def test_sizes_and_digests_are_never_tolerated(self):
        for spoil in (lambda b: b[:-1], lambda b: b + b" ", lambda b: b[:9] + b"?" + b[10:]):
            for part in range(3):
                self.layout = L.Layout(self.dir / "layout")
                self.image([L.file("f")])
                self.layout.files["oci-layout"] = None
                digest = list(self.layout.blobs)[part]
                self.layout.blobs[digest] = spoil(self.layout.blobs[digest])
                self.layout.write()
                done = self.run_tool("unpack", "layout:img", "never")
                self.assert_refused_but_for_warnings(done)
                self.assertTrue({"layout.blobs.content-matches-digest", "descriptor.size.raw-bytes"} &
                                set(self.rules("layout")))

    def assert_refused_but_for_warnings(self, done):
        lines = [line for line in done.stderr.decode().splitlines() if "warning: " not in line]
        self.assertEqual((done.returncode, len(lines)), (3, 1), done.stderr)

    # ---- archives ----

    def test_an_archive_has_the_findings_of_its_layout(self):
        entry = self.image([L.file("f"), L.file("f")])
        entry["annotations"]["org.opencontainers.image.created"] = "yesterday"
        self.layout.put(b"nobody knows me", "text/plain")
        self.layout.write()
        (self.dir / "image.tar").write_bytes(L.tar(oci_entries(self.layout)))
        expected, found = ([{k: v for k, v in f.items() if v not in ("layout", "image.tar")} for f in self.validate(name)]
                           for name in ("layout", "image.tar"))
        self.assertGreater(len(expected), 2)
        self.assertEqual(found, expected)

    # proves: media.mismatch-digest-ok
    def test_what_descriptors_say_of_documents(self):
        entry = self.image([L.file("f")], manifest=lambda m: m.update(mediaType="application/vnd.docker.distribution.manifest.v2+json"))
        self.assertEqual(self.told(), [("error", "media.mismatch-digest-ok")])
        entry = self.image([L.file("f")])
        entry["artifactType"] = "application/vnd.example"
        self.assertEqual(self.told(), [("warning", "descriptor.artifact-type.manifest-value")])

    def test_a_document_that_is_no_object(self):
        (self.dir / "d").write_text("[]")
        self.assertEqual(self.rules("--type", "manifest", "d"), ["document.object"])
        (self.dir / "d").write_text('{"mediaType":"a/b","size":1,"digest":"x:1","artifactType":"c/d"}')
        self.assertEqual(self.rules("--type", "descriptor", "--spec", "1.0", "d", severity="info"),
                         ["digest.unrecognized.accept", "spec.later-member"])
        self.assertEqual(self.rules("--type", "descriptor", "d", severity="info"), ["digest.unrecognized.accept"])

    def test_entries_of_layers(self):
        base = [L.directory("d"), L.file("f"), L.symlink("l", "d"), L.hardlink("h", "f")]
        unknown = L.file("u")
        unknown[0].type = b"W"
        for layers, wanted in (
                ([base], []),
                ([base, [L.hardlink("x", "f")]], [("info", "layer.hardlink.outside-may-fail")]),
                ([[L.hardlink("x", "f")]], [("error", "layer.hardlink.target")]),
                ([[L.hardlink("x", "y"), L.hardlink("y", "x")]], [("error", "layer.hardlink.target")]),
                ([[L.hardlink("x", "f"), L.file("f")]], []),
                ([base + [L.hardlink("x", "d")]], [("error", "layer.hardlink.not-directories")]),
                ([base + [L.file("f/x")]], [("error", "layer.name.parent")]),
                ([base + [L.file("l/x")]], []),
                ([base + [L.hardlink("w", "none"), L.file("w/x")]], []),
                ([base + [L.hardlink("w", "none"), L.file("w")]], [("error", "layer.tar.no-duplicates")]),
                ([base + [L.hardlink("w", "none"), L.file("w/x"), L.directory("w")]], [("error", "layer.tar.no-duplicates")]),
                ([base + [unknown]], [("warning", "layer.types.unknown")]),
                ([[L.file("../x")]], [("error", "layer.name.dotdot")]),
                ([L.tar([L.file("x")])[:1024] + bytes(512)], [("info", "layer.tar.odd")])):
            with self.subTest(wanted):
                self.image(*layers)
                self.assertEqual(self.told(), wanted)

    # proves: layer.media.zstd layer.media.gzip layer.media.tar
    # proves: layer.apply.dir-over-dir layer.hardlink.outside-may-fail
    def test_layers_on_each_other(self):
        lower = [L.directory("d"), L.file("d/f"), L.file("plain"), L.symlink("l", "d"), L.symlink("a", "b"), L.symlink("b", "a")]
        for upper, entry in (([L.hardlink("x", "d/none")], None), ([L.hardlink("x", "d")], "x"), ([L.file("plain/x")], "plain/x"),
                             ([L.file("a/x")], "a/x"), ([L.whiteout("d/f"), L.hardlink("x", "d/f")], None),
                             ([L.whiteout("b"), L.file("a/x"), L.whiteout("d"), L.hardlink("y", "l/f")], None),
                             ([L.opaque(""), L.hardlink("x", "plain")], None)):
            self.image(lower, upper)
            self.layout.write()
            found = [f for f in self.validate("layout") if f["severity"] == "error"]
            self.assertEqual([(f["rule"], f["layer"], f["entry"], f["path"]) for f in found],
                             [("layer.apply.possible", 2, entry, "manifests[0] > layers[1]")])
            self.assertEqual(self.run_tool("unpack", "layout", "bundle").returncode, 3)
            # Alone, the upper layer is in order.
            self.assertEqual(self.validate("layout", "--depth", "blobs"), [])
        for upper in ([L.hardlink("x", "d/f")], [L.file("l/x"), L.hardlink("y", "l/f")], [L.whiteout("plain"), L.file("plain/x")],
                      [L.hardlink("x", "later"), L.file("later")]):
            self.image(lower, upper)
            self.assertNotIn("error", [severity for severity, _ in self.told()])

    def test_layers_that_are_too_many_to_be_put_on_each_other(self):
        """A small layout can hold many images of large layers. Those without the link would be sure to be applied."""
        entries = [L.directory("dir"), L.symlink("link", "dir"), L.file("link/x")] + [L.file(f"{i:x}", b"") for i in range(24997)]
        tar = L.tar(entries, L.tarfile.USTAR_FORMAT)
        self.layout.image("img", [tar])
        for i in range(19):
            def other(document, i=i):
                document["config"]["Env"] = [f"N={i}"]
            self.layout.image(f"img{i}", [tar], config=other)
        self.layout.write()
        told = [f for f in self.validate("layout") if f["rule"] == "layer.apply.unknown"]
        self.assertEqual([f["severity"] for f in told], ["info"])
        self.assertIn("of 6 images", told[0]["message"])

    def test_names_that_are_too_long_to_be_put_on_each_other(self):
        """What they have in common is kept once, but would have to be gone through for each."""
        deep = "a/" * 2040
        self.image([L.directory("dir"), L.symlink("link", "dir"), L.file("link/x")] + [L.file(f"{deep}{i:08x}") for i in range(9000)])
        self.layout.write()
        self.assertEqual(self.told(), [("info", "layer.apply.unknown")])

    def test_compression_and_limits(self):
        tar = L.tar([L.file("f")])
        for kind, rule in (("zstd", "layer.media.zstd-form"), ("gzip", "layer.media.gzip")):
            packed = L.compress(tar, kind)[:-1]
            self.image(tar)
            self.layout.entries.clear()
            self.layout.image("img", [tar], layers=[self.layout.layer(tar, kind, packed=packed)],
                              platform={"os": "linux", "architecture": "amd64"})
            self.assertIn(("error", rule), self.told())
        self.image([L.file(f"{i}") for i in range(10)], [L.file(f"x{i}") for i in range(10)])
        self.assertEqual(self.told("--max-entries", "15"), [("error", "limits.entries")])
        self.assertEqual(self.told("--max-entries", "20"), [])
        self.assertEqual(self.told("--max-entries", "5"), [("error", "limits.entries")] * 2)
        self.image([L.file("a/b/c/d"), L.file("a/b/e")], [L.file("x/y")])
        self.assertEqual(self.told("--max-entries", "5"), [("error", "limits.entries")])
        self.assertEqual(self.told("--max-entries", "6"), [("error", "limits.entries")])
        self.assertEqual(self.told("--max-entries", "7"), [])
        self.image([L.file("a/b/c/d"), L.file("a/b/e")])
        self.assertEqual(self.told("--max-entries", "4"), [("error", "limits.entries")])
        self.assertEqual(self.told("--max-entries", "5"), [])
        self.image([L.file("a", bytes(1000))], [L.file("b", bytes(1000))])
        self.assertEqual(self.told("--max-size", "1500"), [("error", "limits.size")])
        self.assertEqual(self.told("--max-size", "900"), [("error", "limits.size")] * 2)
        self.image([L.file("zeros", bytes(80 << 20))], kind="zstd")
        self.assertEqual(self.told("--max-ratio", "10"), [("error", "limits.ratio")])

    def test_profiles(self):
        self.image([L.file("f")])
        for consumer in ("docker", "containerd", "podman"):
            self.assertEqual(self.told("--profile", consumer), [])
        self.image(*[[L.file(f"f{i}")] for i in range(126)])
        self.assertEqual(self.told("--profile", "docker"), [("error", "profile.docker")])
        self.assertEqual(self.told("--profile", "containerd"), [])
        tar = L.tar([L.file("f")])
        self.image(tar)
        self.layout.entries.clear()
        self.layout.image("img", [tar], layers=[self.layout.put(L.compress(tar, "gzip"), L.LAYER + "+gzip", "sha512")],
                          platform={"os": "linux", "architecture": "amd64"})
        self.assertIn(("error", "profile.podman"), self.told("--profile", "podman"))
        self.assertNotIn(("error", "profile.containerd"), self.told("--profile", "containerd"))
        self.layout.entries.clear()
        self.layout.files.pop("index.json")
        self.assertEqual([r for r in self.told("--profile", "containerd") if r[0] == "error"], [("error", "profile.containerd")])

    # ---- how often things are read ----

    def test_a_blob_is_looked_at_once(self):
        tar = L.tar([L.file("f"), L.file("f")])
        for i in range(5):
            self.layout.image(f"i{i}", [tar, tar], config=lambda c, i=i: c.update(author=str(i)))
        self.layout.write()
        self.assertEqual(self.rules("layout"), ["layer.tar.no-duplicates"])

    def test_what_each_image_says_of_a_layer_is_compared(self):
        tar = L.tar([L.file("f")])
        wrong = "sha256:" + "0" * 64
        self.layout.image("good", [tar])
        self.layout.image("bad", [tar], config=lambda c: c["rootfs"].update(diff_ids=[wrong]))
        self.layout.image("other", [tar], config=lambda c: c["rootfs"].update(diff_ids=[L.digest_of(tar, "sha512")]))
        self.layout.write()
        found = [f for f in self.validate("layout") if f["severity"] == "error"]
        self.assertEqual([(f["rule"], f["path"], f["layer"]) for f in found],
                         [("config.rootfs.diff-ids.match-layers", "manifests[1] > layers[0]", 1)])

    # ---- what is large ----

    def test_an_index_with_20000_manifests(self):
        self.layout.image("img", [L.tar([L.file("f")])])
        entry = self.layout.entries.pop()
        self.layout.entries = [dict(entry, platform={"os": "linux", "architecture": "x86_64"}) for _ in range(15000)]
        self.layout.write()
        found = self.validate("layout", "--max-document", "16M")
        self.assertEqual(len(found), 10001)
        self.assertEqual(found[-1]["rule"], "report.more")
        last = found[-2]
        self.assertRegex(last["pointer"], r"^/manifests/\d{4}/")
        self.assertGreater(last["column"], 100000)
        self.layout.entries = [dict(entry, annotations={"a.b": str(i)}) for i in range(20000)]
        del self.layout.files["index.json"]
        self.layout.write()
        self.assertEqual(self.rules("layout", "--max-document", "16M"), [])

    def test_one_layer_20000_times(self):
        tar = L.tar([L.file("f")])
        layer = self.layout.layer(tar)
        ids = [f"sha256:{i:064x}" for i in range(20000)]
        self.layout.image("img", [tar], layers=[layer] * len(ids), config=lambda c: c["rootfs"].update(diff_ids=ids))
        self.layout.write()
        found = self.rules("layout")
        self.assertGreaterEqual(len(found), 10000)
        self.assertEqual(set(found), {"config.rootfs.diff-ids.match-layers", "report.more"})

    def test_a_document_at_the_limit_full_of_faults(self):
        text = '{"schemaVersion":2,"mediaType":"' + L.INDEX + '","manifests":[],"annotations":{'
        text += ",\n".join(f'"k{i}":{i}' for i in range(200000)) + "}}"
        self.assertGreater(len(text), 3 << 20)
        (self.dir / "index.json").write_text(text)
        found = self.validate("--type", "index", "index.json")
        self.assertEqual(len(found), 10001)
        self.assertEqual((found[9999]["line"], found[9999]["pointer"]), (10000, "/annotations/k9999"))
        self.assertEqual(found[-1]["severity"], "error")

    def test_a_document_above_the_limits(self):
        (self.dir / "large").write_text(" " * (4 << 20) + "{}")
        self.assertEqual(self.rules("--type", "config", "large"), ["limits.document"])
        (self.dir / "deep").write_text("[" * 65 + "]" * 65)
        self.assertEqual(self.rules("--type", "config", "deep"), ["limits.document"])

    def test_memory_does_not_grow_with_the_layers(self):
        peak = test_good_layouts.GoodLayout.peak
        if keeps_books():
            self.skipTest("a sanitizer keeps its own books")
        noise = random.Random(1).randbytes(1 << 20)
        for i in range(3):
            big = L.tar([L.file(f"{i}-{k}", noise * 8) for k in range(8)] + [L.file(f"d/{k}", b"") for k in range(20000)])
            self.layout.image(f"i{i}", [big], kind="gzip" if i else "none")
        self.layout.write()
        self.layout.blobs.clear()
        self.assertLess(peak(self, "validate", "layout"), 64)

    # ---- indexes ----

    def test_subjects_in_a_long_chain(self):
        below = None
        for i in range(300):
            document = {"schemaVersion": 2, "mediaType": L.MANIFEST, "artifactType": "a/b",
                        "config": self.layout.put(b"{}", "application/vnd.oci.empty.v1+json"),
                        "layers": [self.layout.put(b"{}", "application/vnd.oci.empty.v1+json")],
                        "annotations": {"a.b": str(i)}}
            if below:
                document["subject"] = below
            below = self.layout.put(document, L.MANIFEST)
        self.layout.entries.append(below)
        self.layout.write()
        self.assertEqual(self.rules("layout"), [])
        self.assertEqual(self.rules("layout", severity="info"), [])
        # A subject that is not there is no fault (manifest.subject.weak).
        document["subject"] = dict(below, digest="sha256:" + "1" * 64)
        self.layout.entries = [self.layout.put(document, L.MANIFEST)]
        del self.layout.files["index.json"]
        self.layout.write()
        self.assertEqual(self.rules("layout"), [])

    def test_indexes_in_indexes(self):
        self.layout.image("img", [L.tar([L.file("f")])])
        entry = self.layout.entries.pop()
        for depth in range(9):
            self.layout.entries = [entry]
            self.layout.files.pop("index.json", None)
            self.layout.write()
            self.assertEqual(self.rules("layout"), [] if depth <= 8 else ["index.nesting"], depth)
            entry = self.layout.put({"schemaVersion": 2, "mediaType": L.INDEX, "manifests": [entry, entry]}, L.INDEX)

    def test_attestations_are_understood(self):
        image = self.layout.image(None, [L.tar([L.file("f")])], platform={"os": "linux", "architecture": "amd64"})
        statement = self.layout.put(b'{"_type":"x"}', "application/vnd.in-toto+json")

        def config(c):
            c.update(architecture="unknown", os="unknown")
            c["rootfs"]["diff_ids"] = [statement["digest"]]
        attestation = self.layout.image(None, [b""], layers=[statement], config=config)
        attestation.update(platform={"os": "unknown", "architecture": "unknown"},
                           annotations={"vnd.docker.reference.type": "attestation-manifest",
                                        "vnd.docker.reference.digest": image["digest"]})
        index = self.layout.put({"schemaVersion": 2, "mediaType": L.INDEX, "manifests": self.layout.entries}, L.INDEX)
        self.layout.entries = [index]
        self.layout.write()
        self.assertEqual([f for f in self.validate("layout", "--require-label", "x") if f["severity"] != "info"],
                         [f for f in self.validate("layout", "--require-label", "x") if f["rule"] == "require.label"])
        self.assertEqual(self.rules("layout", severity="warning"), [])
        attestation["annotations"]["vnd.docker.reference.digest"] = "sha256:" + "2" * 64
        self.layout.entries = [image, attestation]
        del self.layout.files["index.json"]
        self.layout.write()
        self.assertEqual(self.rules("layout", severity="warning"), ["attestation.reference"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
