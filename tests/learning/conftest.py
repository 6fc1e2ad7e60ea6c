from common.learning.backend import machine as backend

backend.quiet_start()
backend.prepare_devices()  # two files of tests at a time share a GPU
backend.make_deterministic()
