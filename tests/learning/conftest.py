from common.learning import backend

backend.quiet_start()
backend.make_deterministic()
