#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file system that has little, over a directory: what FAT and many network file systems are like.

usage: poorfs.py DIRECTORY MOUNTPOINT [symlinks]

Hard links, devices, pipes, changes of owners and modes are refused with EPERM, extended attributes with ENOTSUP, and symbolic
links too unless asked for. Runs until it is unmounted (fusermount -u). Exits 77 where FUSE cannot be had.
"""
import errno
import os
import sys

try:
    import fusepy as fuse
except (ImportError, OSError):
    print("needs python3-fusepy")
    sys.exit(77)


class PoorFS(fuse.Operations):
    def __init__(self, root, symlinks):
        self.root = root
        self.symlinks = symlinks

    def real(self, path):
        return self.root + path

    def __call__(self, operation, path, *args):
        return super().__call__(operation, self.real(path), *args)

    @staticmethod
    def refuse(*_):
        raise fuse.FuseOSError(errno.EPERM)

    link = mknod = chown = chmod = refuse

    @staticmethod
    def no_attributes(*_):
        raise fuse.FuseOSError(errno.ENOTSUP)

    setxattr = getxattr = removexattr = listxattr = no_attributes

    def symlink(self, target, source):
        if not self.symlinks:
            self.refuse()
        os.symlink(source, target)

    def getattr(self, path, fh=None):
        st = os.lstat(path)
        return {k: getattr(st, k) for k in ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(path)]

    def rename(self, old, new):
        os.rename(old, self.real(new))

    def create(self, path, mode, fi=None):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o700)

    def mkdir(self, path, mode):
        os.mkdir(path, 0o700)

    def open(self, path, flags):
        return os.open(path, flags)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(path, length)

    def release(self, path, fh):
        os.close(fh)

    def utimens(self, path, times=None):
        os.utime(path, times, follow_symlinks=False)

    readlink = staticmethod(os.readlink)
    rmdir = staticmethod(os.rmdir)
    unlink = staticmethod(os.unlink)


if __name__ == "__main__":
    fuse.FUSE(PoorFS(os.path.realpath(sys.argv[1]), "symlinks" in sys.argv[3:]), sys.argv[2], foreground=True, nothreads=True)
