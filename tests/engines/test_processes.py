import platform
import subprocess
import sys

import pytest

from tests.support.running import PROJECT

_FAULTS_OF_LARGE_ARRAYS = """
import resource
from common.engines.processes import keep_freed_memory

keep_freed_memory(of_any_size=True)
bytearray(64 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    bytearray(64 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries decide for themselves")
def test_freed_memory_of_large_arrays_is_used_again():
    command = [sys.executable, "-c", _FAULTS_OF_LARGE_ARRAYS]
    faults = int(subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout)
    assert faults < 1000, "pages were cleared again; without the setting it is about 80,000"
