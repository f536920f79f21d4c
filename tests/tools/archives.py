# SPDX-License-Identifier: Apache-2.0
"""Image archives for tests, right ones and wrong ones: (TarInfo, bytes) pairs as layout.py makes them."""
import json

import layout as L

LAYOUT_FILE = b'{"imageLayoutVersion":"1.0.0"}'


def oci_entries(layout):
    """The members of an oci-archive of a Layout that need not be written."""
    index = layout.files.get("index.json") or json.dumps(
        {"schemaVersion": 2, "mediaType": L.INDEX, "manifests": layout.entries}).encode()
    yield L.file("oci-layout", LAYOUT_FILE)
    for digest, data in layout.blobs.items():
        yield L.file("blobs/" + digest.replace(":", "/", 1), data)
    yield L.file("index.json", index)


def docker_entries(tars, tags=("img:latest",), members=None, config=None, **manifest):
    """The members of a docker-archive of one image, as Docker wrote it before version 25."""
    document = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"]},
                "rootfs": {"type": "layers", "diff_ids": [L.digest_of(t) for t in tars]}}
    document.update(config or {})
    text = json.dumps(document).encode()
    name = L.digest_of(text).split(":")[1] + ".json"
    yield L.file(name, text)
    layers = []
    for i, data in enumerate(members or tars):
        folder = f"{i:064x}"
        yield L.directory(folder)
        yield L.file(f"{folder}/VERSION", b"1.0")
        yield L.file(f"{folder}/json", b"{}")
        yield L.file(f"{folder}/layer.tar", data) if isinstance(data, bytes) else data
        layers.append(f"{folder}/layer.tar")
    body = {"Config": name, "RepoTags": list(tags) or None, "Layers": layers}
    body.update(manifest)
    yield L.file("manifest.json", json.dumps([body]).encode())
