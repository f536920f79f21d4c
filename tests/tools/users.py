# SPDX-License-Identifier: Apache-2.0
"""Running a command as an ordinary user that the system has set ids aside for, without touching the system.

A mount namespace shows other files in /etc; the user exists in it alone. Needs root.
"""
import os
import subprocess

UID = GID = 4321
SUBUIDS, SUBGIDS = (200000, 65536), (300000, 65536)
USER = "oci-image-test"

FILES = {
    "passwd": f"root:x:0:0::/:/bin/sh\n{USER}:x:{UID}:{GID}::/:/bin/sh\n",
    "group": f"root:x:0:\n{USER}:x:{GID}:\n",
    "subuid": f"nobody:1:5\n{USER}:{SUBUIDS[0]}:{SUBUIDS[1]}\n",
    "subgid": f"{USER}:{SUBGIDS[0]}:{SUBGIDS[1]}\n",
}
# Both versions of cgroups mounted at once are more than old versions of crun can take.
ONE_CGROUP = "umount -R /sys/fs/cgroup 2>/dev/null && mount -t cgroup2 none /sys/fs/cgroup; "


def command(directory, words, set_aside=True, as_user=True, one_cgroup=False):
    """The words as that user, HOME and XDG_RUNTIME_DIR being directory, which belongs to it."""
    steps = ONE_CGROUP if one_cgroup else ""
    if as_user:
        for name, text in FILES.items():
            path = directory / f"etc-{name}"
            path.write_text(text if set_aside or not name.startswith("sub") else "")
            path.chmod(0o644)
            steps += f"if [ -e /etc/{name} ]; then mount --bind '{path}' /etc/{name} || exit 99; fi; "
        os.chown(directory, UID, GID)
        words = ["setpriv", f"--reuid={UID}", f"--regid={GID}", "--clear-groups", "env", f"USER={USER}", f"HOME={directory}",
                 f"XDG_RUNTIME_DIR={directory}", *words]
    return ["unshare", "-m", "sh", "-c", steps + 'exec "$@"', "sh", *map(str, words)]


def can_set_aside(directory):
    """Whether this machine lets an ordinary user have a user namespace with the ids set aside for it."""
    if os.geteuid() != 0 or not all(os.path.exists(f"/etc/{name}") for name in ("subuid", "subgid")):
        return False
    probe = command(directory, ["unshare", "--map-auto", "--map-root-user", "true"])
    return subprocess.run(probe, stderr=subprocess.DEVNULL, cwd=directory, check=False).returncode == 0
