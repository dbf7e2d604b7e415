#!/usr/bin/python3
"""shutdown - ends a mounted ext4 as a power cut would: nothing is written to its disk any more.

    shutdown.py FOLDER
"""
import fcntl
import os
import struct
import sys

EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
EXT4_GOING_FLAGS_NOLOGFLUSH = 2  # what the journal has not written is lost as well


def main():
    folder = os.open(sys.argv[1], os.O_RDONLY)
    fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", EXT4_GOING_FLAGS_NOLOGFLUSH))


if __name__ == "__main__":
    main()
