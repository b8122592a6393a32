from __future__ import annotations

import os
import subprocess
import sys
import time

from scripts.memory.watch import Weight, descriptors, weighed

HOLD = (
    "import sys; sys.stdin.readline(); held = b'x' * 80_000_000; print('held', flush=True); sys.stdin.readline(); "
    "del held; print('free', flush=True); sys.stdin.readline()"
)


def test_a_process_is_weighed_before_at_most_and_after() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        with weighed(process.pid, rest_s=0.0) as weight:
            for expected in (b"held\n", b"free\n"):
                process.stdin.write(b"\n")
                process.stdin.flush()
                assert process.stdout.readline() == expected
                # On a busy machine the next look may come late.
                patience = time.monotonic() + 30
                while weight.peak - weight.before <= 75 and time.monotonic() < patience:
                    time.sleep(0.01)
        process.stdin.close()
    # 80 MB of 1,000,000 bytes, held and given back.
    assert 75 < weight.peak - weight.before < 110
    assert weight.after < weight.before + 20
    assert Weight(1_234.4, 2.6, 3.0).row() == "1,234 | 3 | 3"


def test_every_open_file_counts() -> None:
    before = descriptors(os.getpid())
    with open(os.devnull), open(os.devnull):  # noqa: PTH123 - a device
        assert descriptors(os.getpid()) == before + 2
    assert descriptors(os.getpid()) == before
